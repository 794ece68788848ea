import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { CALIBRATION_VERSION, type Calibration } from '../methods/calibration.js';
import { modelHash, readModel } from '../onnx/index.js';
import { createSampler, type RunProfile, type SessionOptions } from '../runtime/index.js';
import { sizeOf } from '../runtime/tensors.js';
import { calibrationText, readCalibration, writeWhole } from './file.js';
import { FITTED, instrument, LIMITS, type Taps } from './instrument.js';
import { difference, join } from './merge.js';
import { openCopy } from './open.js';
import { record } from './record.js';
import { SKETCH_SEED } from './sketch.js';

export interface CalibrateProgress {
  readonly sample: number;
  readonly samples: number;
  readonly step: number;
  readonly steps: number;
  /** Guessed from what is done; undefined before the first step. */
  readonly secondsLeft: number | undefined;
}

export interface CalibrateOptions extends Pick<SessionOptions, 'threads' | 'provider'> {
  /** One generation each. */
  readonly seeds: readonly number[];
  /** Kept up to date after each generation; found there, it is gone on from. Removed at the end. */
  readonly partial?: string;
  /** Over how many steps a scale and a shift can be fitted from it, 1 to 8; none by default. */
  readonly fits?: number;
  readonly onProgress?: (progress: CalibrateProgress) => void;
}

export interface Calibrated {
  readonly calibration: Calibration;
  /** Generations that a partial file had already. */
  readonly resumed: number;
}

/**
 * Runs the original over a generation of each seed and measures what its blocks do.
 * @throws Refusal of `analyse` and of the runtime; BWC515 when the model gives numbers that are not finite
 */
export async function calibrate(
  path: string,
  profile: RunProfile,
  options: CalibrateOptions,
): Promise<Calibrated> {
  const { seeds, partial, fits: lags = 0, onProgress } = options;
  const head = headOf(modelHash(readModel(path)), profile, lags);
  let taps: Taps | undefined;
  const session = await openCopy(path, sessionOptions(options), model => {
    taps = instrument(model, profile, lags > 0);
  });
  if (taps === undefined) throw new Error('a copy is edited before it is opened');
  try {
    let sum = partial === undefined ? undefined : resume(partial, head, seeds);
    const resumed = sum?.samples.length ?? 0;
    const done = new Set(sum?.samples.map(sample => sample.seed));
    const left = seeds.filter(seed => !done.has(seed));
    const { steps } = head.sampler;
    const start = performance.now();
    for (const [i, seed] of left.entries()) {
      const recorded = await record(session, taps, profile, seed, lags, step => {
        const share = (i * steps + step) / (left.length * steps);
        const secondsLeft = ((performance.now() - start) / 1000) * (1 / share - 1);
        onProgress?.({ sample: resumed + i + 1, samples: seeds.length, step, steps, secondsLeft });
      });
      const { sample, blocks, fits } = recorded;
      const one = {
        ...head,
        reuses: taps.reuses,
        blocks,
        ...(fits.length > 0 && { fits: [...fits] }),
        samples: [sample],
      };
      sum = sum === undefined ? one : join(sum, one);
      if (partial !== undefined && i < left.length - 1) await writeWhole(partial, calibrationText(sum));
    }
    if (sum === undefined) throw new Error('no seeds to calibrate with');
    return { calibration: sum, resumed };
  } finally {
    await session.close();
  }
}

function sessionOptions({ threads, provider }: CalibrateOptions): SessionOptions {
  return { ...(threads !== undefined && { threads }), ...(provider !== undefined && { provider }) };
}

type Head = Omit<Calibration, 'reuses' | 'blocks' | 'fits' | 'samples'>;

function headOf(model: string, profile: RunProfile, lags: number): Head {
  const sampler = createSampler(profile.sampler);
  const steps = sampler.timesteps.length;
  const factor = (x: number, p: number): number[] =>
    Array.from({ length: steps }, (_, step) =>
      Number((sampler.update(step, [x], [p])[0] ?? 0).toPrecision(7)),
    );
  const latent = Object.values(profile.inputs).find(spec => spec.role === 'latent');
  return {
    kind: 'bwc.calibration',
    version: CALIBRATION_VERSION,
    model,
    profile: profileHash(profile),
    sampler: {
      kind: profile.sampler.kind,
      steps,
      timesteps: [...sampler.timesteps].map(t => Number(t.toPrecision(9))),
      keep: factor(1, 0),
      take: factor(0, 1),
    },
    elements: sizeOf(latent?.shape ?? []),
    sketch: { seed: SKETCH_SEED, ...LIMITS, ...(lags > 0 && { fits: { elements: FITTED, lags } }) },
  };
}

/** SHA-256 of what decides the runs: not where the profile lies, its seeds, or how results are shown. */
export function profileHash({ sampler, inputs, prediction }: RunProfile): string {
  return createHash('sha256').update(canonical({ sampler, inputs, prediction })).digest('hex');
}

/** JSON with sorted keys. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const fields = Object.entries(value)
    .filter(([, item]) => item !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${fields.map(([key, item]) => `${JSON.stringify(key)}:${canonical(item)}`).join()}}`;
}

/** What an interrupted run of the same kind has left, or nothing. */
function resume(partial: string, head: Head, seeds: readonly number[]): Calibration | undefined {
  if (!existsSync(partial)) return undefined;
  const before = readCalibration(partial);
  const fits = difference(before, { ...before, ...head }) === undefined;
  return fits && before.samples.every(({ seed }) => seeds.includes(seed)) ? before : undefined;
}
