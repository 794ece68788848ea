import { z } from 'zod';

const row = z.array(z.number());

/** A table by step: which steps are computed, and what stands in for the residual at the others. */
export const scheduleSchema = z.strictObject({
  steps: z.int().positive(),
  /** What the model is fed, by step. */
  timesteps: row,
  compute: z.array(z.boolean()),
  /**
   * Of a reused step the weights of the last computed steps' residuals, newest first: their weighted sum is added to the
   * fresh input. Empty at computed steps; at most `depth` long, shorter before so many were computed.
   */
  weights: z.array(row),
  depth: z.int().positive(),
  predicted: z.strictObject({
    /** Of the result against the uncached one, in decibel, as the mean over the samples. */
    psnr: z.number(),
    /** Share of the steps that are computed. */
    work: z.number(),
    /** Whether that was seen in runs with this schedule, or follows from inner products alone. */
    from: z.enum(['runs', 'products']),
  }),
});

export type Schedule = z.infer<typeof scheduleSchema>;
