import { type Calibration, type Change, calibrationSchema } from '../../src/methods/calibration.js';

export interface Synthetic {
  readonly steps: number;
  /** The stack's residual at a step, the same few numbers long at each. */
  readonly residual?: (step: number) => readonly number[];
  readonly ratio?: (step: number) => number;
  readonly probe?: (step: number) => number;
  readonly exit?: (step: number) => number;
  /** Blocks of one self-attention and one feed-forward each, by the change of each. */
  readonly blocks?: readonly { readonly attention: Rates; readonly forward: Rates }[];
  /** Generations that are all alike. */
  readonly samples?: number;
  readonly take?: number;
}

/** Relative changes by step and lag; the angle is 1 - cosine. */
export interface Rates {
  readonly l1: (step: number, lag: number) => number;
  readonly angle?: (step: number, lag: number) => number;
}

const STILL: Rates = { l1: () => 0 };

/** A calibration of a model that behaves as told. */
export function synthetic(model: Synthetic): Calibration {
  const { steps, samples = 1, take = -1 / model.steps } = model;
  const vectors = Array.from({ length: steps }, (_, s) => model.residual?.(s) ?? [1]);
  const triangle = vectors.flatMap((a, i) =>
    vectors.slice(0, i + 1).map(b => a.reduce((sum, x, at) => sum + x * (b[at] ?? 0), 0) / a.length),
  );
  const later = (f?: (step: number) => number): number[] =>
    Array.from({ length: steps - 1 }, (_, i) => f?.(i + 1) ?? 0);
  const blocks = model.blocks ?? [{ attention: STILL, forward: STILL }];
  return calibrationSchema.parse({
    kind: 'bwc.calibration',
    version: 1,
    model: '0'.repeat(64),
    profile: '1'.repeat(64),
    sampler: {
      kind: 'flow-euler',
      steps,
      timesteps: vectors.map((_, s) => 1000 * (1 - s / steps)),
      keep: vectors.map(() => 1),
      take: vectors.map(() => take),
    },
    elements: 1,
    sketch: { seed: 20, stack: 1, block: 1 },
    reuses: 'residual',
    blocks: blocks.map(({ attention, forward }) => ({
      group: 0,
      kind: 'self-attention + feed-forward',
      streams: [changeOf(steps, samples, forward)],
      branches: [
        { kind: 'self-attention', change: changeOf(steps, samples, attention) },
        { kind: 'feed-forward', change: changeOf(steps, samples, forward) },
      ],
    })),
    samples: Array.from({ length: samples }, (_, seed) => ({
      seed,
      residual: triangle,
      prediction: triangle,
      ratio: later(model.ratio),
      probe: later(model.probe),
      entry: later(),
      exit: later(model.exit),
      latent: later(),
      predicted: later(),
      latentSize: vectors.map(() => 1),
      predictedSize: vectors.map(() => 1),
      range: 2,
    })),
  });
}

function changeOf(steps: number, samples: number, { l1, angle }: Rates): Change {
  const rows = (f: (step: number, lag: number) => number): number[][] =>
    Array.from({ length: steps }, (_, s) =>
      Array.from({ length: Math.min(s, 8) }, (__, i) => Math.round(samples * 1e7 * f(s, i + 1))),
    );
  return {
    older: rows(l1),
    newer: rows(l1),
    angle: rows(angle ?? (() => 0)),
    size: Array.from({ length: steps }, () => 0),
    ratio: Array.from({ length: steps }, () => 0),
  };
}

/** `#` for computed, `.` for reused. */
export function strip(table: readonly boolean[] | undefined): string {
  return table?.map(computed => (computed ? '#' : '.')).join('') ?? 'none';
}
