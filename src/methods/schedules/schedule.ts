import { z } from 'zod';

const row = z.array(z.number());

/** A table by step: which steps are computed, and what stands in for what is skipped at the others. */
export const scheduleSchema = z.strictObject({
  steps: z.int().positive(),
  /** What the model is fed, by step. */
  timesteps: row,
  compute: z.array(z.boolean()),
  /**
   * What is skipped: all blocks, whose residual the weights then count for, to be added to the fresh input; or the whole
   * model, where they count for the prediction itself.
   */
  region: z.enum(['stack', 'model']).default('stack'),
  /** Of a reused step the weights of what the last computed steps left, newest first. Empty at computed steps; at most `depth` long. */
  weights: z.array(row),
  depth: z.int().positive(),
  predicted: z.strictObject({
    /** Of the result against the uncached one, in decibel, as the mean over the samples. */
    psnr: z.number(),
    /** Standard error of that mean: generations differ. */
    error: z.number().nonnegative().optional(),
    /** The mean over the generations that the weights were fitted to, where others were run as well. */
    fitted: z.number().optional(),
    /** Share of the steps that are computed. */
    work: z.number(),
    /**
     * Whether that was seen in runs: of generations that had no part in the fit, or of those that it was fitted to; or
     * follows from inner products, less what these promised too much of schedules that were run, or alone.
     */
    from: z.enum(['held-out', 'runs', 'corrected', 'products']),
  }),
  /** The schedule that follows from inner products alone, with as many computed steps: its promise, and its runs. */
  products: z.strictObject({ promised: z.number(), psnr: z.number() }).optional(),
  /** Others that were run on the same generations and did worse. */
  rejected: z
    .array(
      z.strictObject({
        compute: z.array(z.boolean()),
        region: z.enum(['stack', 'model']).default('stack'),
        depth: z.int().positive(),
        psnr: z.number(),
      }),
    )
    .optional(),
});

export type Schedule = z.infer<typeof scheduleSchema>;
