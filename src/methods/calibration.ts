import { z } from 'zod';
import { refuse } from '../diagnostics/index.js';
import { scheduleSchema } from './schedules/schedule.js';

/** Layout of calibration files. A file of another version is refused: its numbers may mean something else. */
export const CALIBRATION_VERSION = 1;

/** Largest distance in steps over which changes are kept. */
export const LAGS = 8;

/** Sums are whole multiples of this, so that adding samples in any order gives the same bits. */
export const UNIT = 1e-7;

/** The same of what scales and shifts are fitted to: variances are differences of such sums. */
export const FIT_UNIT = 1e-9;

const hash = z.string().regex(/^[0-9a-f]{64}$/);
const count = z.int().nonnegative();
const total = z.int();
const seed = z.int().nonnegative();
const numbers = z.array(z.number());

/**
 * How one tensor changes from step to step: sums over the samples, in units of 1e-7. Entry `[s][k - 1]` compares step
 * `s` with step `s - k`; step `s` has `min(s, 8)` entries.
 */
const change = z.strictObject({
  /** mean|now - before| / mean|before| */
  older: z.array(z.array(total)),
  /** mean|now - before| / mean|now| */
  newer: z.array(z.array(total)),
  /** 1 - cosine of now and before */
  angle: z.array(z.array(total)),
  /** Root mean square, by step. */
  size: z.array(total),
  /** Mean over tokens of |now| / |one step before| (L2 over channels); 0 at the first step. */
  ratio: z.array(total),
});

/**
 * What a scale and a shift are fitted from, of one tensor that is reused: means over the tokens, a number a channel, as
 * sums over the samples in units of 1e-9.
 */
const moments = z.strictObject({
  /** Of x, by step. */
  mean: z.array(z.array(total)),
  /** Of x squared, by step. */
  square: z.array(z.array(total)),
  /** Of x times what it was: entry `[s][k - 1]` takes step `s` with step `s - k`. */
  product: z.array(z.array(z.array(total))),
});

const sample = z.strictObject({
  seed,
  /**
   * Inner products over steps of what the stack adds to its streams (or returns, see `reuses`), divided by the number
   * of elements: the lower triangle row by row, diagonal included. Of `sketch.stack` random tokens at most.
   */
  residual: numbers,
  /** The same of the predictions. */
  prediction: numbers,
  /** Mean over tokens of |residual| / |residual one step before|; one number for each step but the first, as the rest. */
  ratio: numbers,
  /** mean|now - one step before| / mean|one step before| of … what the first block's first branch reads, normalised. */
  probe: numbers,
  /** … the stack's input. */
  entry: numbers,
  /** … the stack's output. */
  exit: numbers,
  /** … the latent. */
  latent: numbers,
  /** … the prediction. */
  predicted: numbers,
  /** Mean |x| of the latent before each step, and of the prediction at it. */
  latentSize: numbers,
  predictedSize: numbers,
  /** Width of the scale that fidelity is measured on: of the display, or of the final latent. */
  range: z.number(),
});

/** What a model did over real generations: everything that methods take their tables from. */
export const calibrationSchema = z
  .strictObject({
    $schema: z.string().optional(),
    kind: z.literal('bwc.calibration'),
    version: z.literal(CALIBRATION_VERSION),
    /** `modelHash` of the original. */
    model: hash,
    /** SHA-256 of the profile's data, seeds and display left out. */
    profile: hash,
    sampler: z.strictObject({
      kind: z.string(),
      steps: z.int().positive(),
      /** What the model is fed, by step. */
      timesteps: numbers,
      /** The next latent is `keep` x the latent + `take` x the prediction. */
      keep: numbers,
      take: numbers,
    }),
    /** Elements of the latent. */
    elements: z.int().positive(),
    /** What of a tensor was looked at: whole rows (tokens), drawn from this seed, up to so many elements. */
    sketch: z.strictObject({
      seed,
      stack: count,
      block: count,
      /** Of what `fits` holds, and over how many steps. Only where it is there. */
      fits: z.strictObject({ elements: count, lags: z.int().min(1).max(LAGS) }).optional(),
    }),
    /** What `residual` holds: output minus input of the stack, or, where their shapes differ, the output. */
    reuses: z.enum(['residual', 'output']),
    /** By block; its streams' outputs, and its primary stream's branches. */
    blocks: z.array(
      z.strictObject({
        group: count,
        kind: z.string(),
        /** Share of the blocks' operations; absent where they are not known. */
        work: z.number().optional(),
        streams: z.array(change),
        branches: z.array(z.strictObject({ kind: z.string(), change })),
      }),
    ),
    /** On request, by block: of what it adds, for each of its streams; and of what each of its branches gives, before its gate. */
    fits: z
      .array(z.strictObject({ block: z.array(moments), branches: z.array(z.array(moments)) }))
      .optional(),
    samples: z.array(sample).min(1),
    /** Schedules that were searched for and fitted in runs with the samples' seeds, on request. */
    schedules: z.array(scheduleSchema).optional(),
  })
  .superRefine((file, context) => {
    const complain = (message: string, ...path: (string | number)[]): void =>
      context.addIssue({ code: 'custom', message, path });
    const { steps } = file.sampler;
    for (const name of ['timesteps', 'keep', 'take'] as const)
      if (file.sampler[name].length !== steps) complain(`not of ${steps} steps`, 'sampler', name);
    file.samples.forEach((one, i) => {
      const triangle = (steps * (steps + 1)) / 2;
      for (const name of ['residual', 'prediction'] as const)
        if (one[name].length !== triangle) complain(`not ${triangle} numbers`, 'samples', i, name);
      for (const name of ['ratio', 'probe', 'entry', 'exit', 'latent', 'predicted'] as const)
        if (one[name].length !== steps - 1) complain(`not ${steps - 1} numbers`, 'samples', i, name);
      for (const name of ['latentSize', 'predictedSize'] as const)
        if (one[name].length !== steps) complain(`not ${steps} numbers`, 'samples', i, name);
    });
    file.schedules?.forEach((schedule, i) => {
      const lengths = [schedule.timesteps, schedule.compute, schedule.weights].map(list => list.length);
      if (schedule.steps !== steps || lengths.some(length => length !== steps))
        complain(`not of ${steps} steps`, 'schedules', i);
      if (schedule.weights.some((row, s) => row.length > (schedule.compute[s] === true ? 0 : schedule.depth)))
        complain('more weights than it has residuals', 'schedules', i);
    });
    if (new Set(file.samples.map(one => one.seed)).size < file.samples.length)
      complain('a seed occurs twice', 'samples');
    const fits = ({ older, newer, angle, size, ratio }: Change): boolean =>
      [older, newer, angle].every(
        rows => rows.length === steps && rows.every((row, s) => row.length === Math.min(s, LAGS)),
      ) && [size, ratio].every(row => row.length === steps);
    file.blocks.forEach((block, i) => {
      if (![...block.streams, ...block.branches.map(b => b.change)].every(fits))
        complain(`its changes are not of ${steps} steps`, 'blocks', i);
    });
    const lags = file.sketch.fits?.lags ?? 0;
    const isWhole = ({ mean, square, product }: Moments): boolean => {
      const channels = mean[0]?.length;
      const row = (numbers: readonly number[]): boolean => numbers.length === channels;
      return (
        [mean, square].every(rows => rows.length === steps && rows.every(row)) &&
        product.length === steps &&
        product.every((rows, s) => rows.length === Math.min(s, lags) && rows.every(row))
      );
    };
    if ((file.fits?.length ?? 0) !== (lags > 0 ? file.blocks.length : 0))
      complain('not of as many blocks', 'fits');
    file.fits?.forEach(({ block, branches }, i) => {
      if (branches.length !== file.blocks[i]?.branches.length) complain('not of as many branches', 'fits', i);
      if (![...block, ...branches.flat()].every(isWhole))
        complain(`not of ${steps} steps and ${lags} lags`, 'fits', i);
    });
  });

export type Calibration = z.infer<typeof calibrationSchema>;
export type CalibrationSample = z.infer<typeof sample>;
export type Change = z.infer<typeof change>;
export type Moments = z.infer<typeof moments>;
export type BlockFits = NonNullable<Calibration['fits']>[number];

/**
 * Checks what was read from a calibration file.
 * @param path where it comes from, for messages
 * @throws Refusal BWC511 when it is none, BWC512 when another version wrote it
 */
export function parseCalibration(json: unknown, path: string): Calibration {
  const head = z.object({ kind: z.literal('bwc.calibration'), version: z.number() }).safeParse(json);
  if (!head.success) return refuse('BWC511', { path, reason: 'it does not say that it is one' });
  const { version } = head.data;
  if (version !== CALIBRATION_VERSION)
    return refuse('BWC512', { path, version: String(version), known: String(CALIBRATION_VERSION) });
  const parsed = calibrationSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const reason = `${issue?.path.join('.') || 'the whole'}: ${issue?.message ?? 'not accepted'}`;
  return refuse('BWC511', { path, reason }, undefined, parsed.error);
}

/**
 * Refuses a calibration of another model.
 * @param model `modelHash` of the original that is being compiled
 * @throws Refusal BWC513
 */
export function requireCalibrationOf(calibration: Calibration, model: string, path: string): void {
  if (calibration.model !== model) refuse('BWC513', { path, recorded: calibration.model, found: model });
}
