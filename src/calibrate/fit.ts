import { lagrange, solve } from '../methods/schedules/extrapolate.js';
import type { HostTensor } from '../runtime/index.js';
import type { CutModel, Kept } from './cut.js';
import { dot } from './statistics.js';

/** A generation of the original: the latent before each step, and at the end. */
export interface Truth {
  readonly seed: number;
  readonly latents: readonly Float32Array[];
}

/** A generation with reuse, up to some step. */
export interface Run {
  readonly latent: Float32Array;
  /** What the last computed steps left, newest first. */
  readonly history: readonly Kept[];
}

/** All runs at one step, and how they got there. */
export interface Stage {
  readonly runs: readonly Run[];
  readonly computed: readonly number[];
  readonly weights: readonly (readonly number[])[];
}

/** Pull of the fitted weights towards a straight line. */
const RIDGE = 1e-4;

/**
 * Share of what earlier steps did wrong that a reused step leaves. Taken back in full it is taken back too far once the
 * prediction counts more than once, as with a guidance that is mixed outside the model from the middle of a run on.
 */
const LEFT = 0.2;

/** Share of what is kept by which a weight is moved to see what it does. */
const NUDGE = 0.05;

/** Gauss-Newton steps: after the first what is left bends little. */
const ROUNDS = 2;

/** Runs the original. */
export async function truthOf(cut: CutModel, seed: number): Promise<Truth> {
  const latents = [cut.feeds.start(seed)];
  for (let step = 0; step < cut.steps; step++) {
    const latent = latents[step] ?? new Float32Array();
    const { prediction } = await cut.compute(latent, step);
    latents.push(cut.sampler.update(step, latent, prediction));
  }
  return { seed, latents };
}

export function startOf(truths: readonly Truth[]): Stage {
  return {
    runs: truths.map(({ latents }) => ({ latent: latents[0] ?? new Float32Array(), history: [] })),
    computed: [],
    weights: [],
  };
}

/** Computes a step in all runs. */
export async function computeStage(cut: CutModel, stage: Stage, depth: number): Promise<Stage> {
  const step = stage.weights.length;
  const runs: Run[] = [];
  for (const { latent, history } of stage.runs) {
    const { prediction, kept } = await cut.compute(latent, step);
    runs.push({
      latent: cut.sampler.update(step, latent, prediction),
      history: [kept, ...history].slice(0, depth),
    });
  }
  return { runs, computed: [step, ...stage.computed], weights: [...stage.weights, []] };
}

/**
 * Reuses at a step in all runs, with the weights that bring their latents closest to the original's after it (least
 * squares, by Gauss and Newton from a straight line): they take back most of what earlier steps did wrong, as far as what
 * is kept can.
 */
export async function reuseStage(cut: CutModel, stage: Stage, truths: readonly Truth[]): Promise<Stage> {
  const step = stage.weights.length;
  const nodes = stage.computed.slice(0, stage.runs[0]?.history.length ?? 0);
  const line = lagrange(nodes.slice(0, 2), step);
  let weights = nodes.map((_, i) => line[i] ?? 0);
  for (let round = 0; round < ROUNDS; round++) {
    const { matrix, target } = await slopesOf(cut, stage, truths, weights);
    const change = solve(
      matrix.map((of, i) => of.map((x, j) => (i === j ? x * (1 + RIDGE) : x))),
      target,
    );
    weights = weights.map((w, i) => w + (change?.[i] ?? 0));
  }
  return reuseWith(
    cut,
    stage,
    weights.map(w => Number(w.toPrecision(7))),
  );
}

/** Normal equations of a small change of the weights, over all runs. */
async function slopesOf(
  cut: CutModel,
  stage: Stage,
  truths: readonly Truth[],
  weights: readonly number[],
): Promise<{ matrix: number[][]; target: number[] }> {
  const step = stage.weights.length;
  const matrix = weights.map(() => weights.map(() => 0));
  const target = weights.map(() => 0);
  for (const [i, run] of stage.runs.entries()) {
    const [before, wanted] = truths[i]?.latents.slice(step) ?? [];
    if (before === undefined || wanted === undefined) throw new Error('every run has its original');
    const base = weighted(run.history, weights);
    const after = await latentAfter(cut, run, step, base);
    const missing = wanted.map(
      (x, at) => x + LEFT * ((run.latent[at] ?? 0) - (before[at] ?? 0)) - (after[at] ?? 0),
    );
    const slopes: Float32Array[] = [];
    for (const kept of run.history) {
      const moved = await latentAfter(cut, run, step, nudged(base, kept));
      slopes.push(moved.map((x, at) => (x - (after[at] ?? 0)) / NUDGE));
    }
    slopes.forEach((a, row) => {
      target[row] = (target[row] ?? 0) + dot(a, missing);
      slopes.forEach((b, column) => {
        const sums = matrix[row];
        if (sums) sums[column] = (sums[column] ?? 0) + dot(a, b);
      });
    });
  }
  return { matrix, target };
}

/** Reuses at a step with given weights. */
export async function reuseWith(cut: CutModel, stage: Stage, weights: readonly number[]): Promise<Stage> {
  const step = stage.weights.length;
  const runs: Run[] = [];
  for (const run of stage.runs)
    runs.push({ ...run, latent: await latentAfter(cut, run, step, weighted(run.history, weights)) });
  return { ...stage, runs, weights: [...stage.weights, weights] };
}

async function latentAfter(cut: CutModel, run: Run, step: number, kept: Kept): Promise<Float32Array> {
  return cut.sampler.update(step, run.latent, await cut.reuse(run.latent, step, kept));
}

function weighted(history: readonly Kept[], weights: readonly number[]): Kept {
  const [newest = []] = history;
  return newest.map((first, stream): HostTensor => {
    const sum = new Float32Array(first.data.length);
    history.forEach((kept, i) => {
      addTo(sum, kept[stream], weights[i] ?? 0);
    });
    return { ...first, data: sum };
  });
}

function nudged(base: Kept, by: Kept): Kept {
  return base.map((tensor, stream) => {
    const sum = Float32Array.from(tensor.data as Float32Array);
    addTo(sum, by[stream], NUDGE);
    return { ...tensor, data: sum };
  });
}

function addTo(sum: Float32Array, tensor: HostTensor | undefined, weight: number): void {
  if (tensor === undefined || weight === 0) return;
  const data = tensor.data as Float32Array;
  for (let i = 0; i < sum.length; i++) sum[i] = (sum[i] ?? 0) + weight * (data[i] ?? 0);
}
