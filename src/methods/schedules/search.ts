import type { Calibration } from '../calibration.js';
import { lagrange, solve } from './extrapolate.js';
import type { Schedule } from './schedule.js';
import { element } from './table.js';

/** What is asked for: at least this speed-up, at most this share of the work, or at least this fidelity in decibel. */
export type Target =
  | { readonly kind: 'speedup'; readonly value: number }
  | { readonly kind: 'work'; readonly value: number }
  | { readonly kind: 'psnr'; readonly value: number };

export interface SearchOptions {
  /** What is skipped, and so what is kept: the blocks' residual, or the prediction. */
  readonly region?: Schedule['region'];
  /** Computed steps of which something is kept: 1 reuses, 2 draws lines, 3 parabolas, with fitted weights. */
  readonly depth?: number;
  /** Most steps reused in a row. */
  readonly longest?: number;
  /** Pull of the weights towards a straight line, as a share of the products of each with itself. */
  readonly ridge?: number;
}

const DEFAULTS = { region: 'model', depth: 4, ridge: 1e-3 } as const;

/** Longest run of reused steps that is looked at where nobody says. */
const LONGEST = 12;

/**
 * The best schedule for a target that the calibration promises; one that was refined in runs goes before one that only
 * follows from the calibration. Where a fidelity cannot be promised, all steps but one are computed.
 */
export function searchSchedule(
  calibration: Calibration,
  target: Target,
  options: SearchOptions = {},
): Schedule {
  const { steps } = calibration.sampler;
  const most = { speedup: steps / target.value, work: steps * target.value, psnr: steps - 1 }[target.kind];
  const computed = Math.max(1, Math.min(steps, Math.floor(most + 1e-9)));
  const refined = [...(calibration.schedules ?? [])]
    .filter(({ compute }) => computedIn(compute) <= computed)
    .sort((a, b) => computedIn(a.compute) - computedIn(b.compute));
  const isEnough = ({ predicted }: Schedule): boolean => predicted.psnr >= target.value;
  const seen =
    target.kind === 'psnr'
      ? refined.find(isEnough)
      : refined.find(({ compute }) => computedIn(compute) === computed);
  if (seen !== undefined) return seen;
  const frontier = searchFrontier(calibration, computed, options).map(schedule =>
    corrected(schedule, calibration.schedules ?? []),
  );
  const best = (target.kind === 'psnr' ? frontier.find(isEnough) : undefined) ?? frontier.at(-1);
  if (best === undefined) throw new Error('a frontier has at least one schedule');
  return best;
}

/** A promise of inner products, less what they promised too much of schedules that were run. */
function corrected(schedule: Schedule, run: readonly Schedule[]): Schedule {
  const off = run.flatMap(({ compute, products }) =>
    products === undefined ? [] : [{ at: computedIn(compute), by: products.promised - products.psnr }],
  );
  const by = straight(off, computedIn(schedule.compute));
  if (by === undefined) return schedule;
  const psnr = Number((schedule.predicted.psnr - by).toFixed(2));
  return { ...schedule, predicted: { ...schedule.predicted, psnr, from: 'corrected' } };
}

/** Straight between points, and level beyond them; undefined without any. */
function straight(
  points: readonly { readonly at: number; readonly by: number }[],
  at: number,
): number | undefined {
  const sorted = points.toSorted((a, b) => a.at - b.at);
  const below = sorted.findLast(point => point.at <= at);
  const above = sorted.find(point => point.at > at);
  if (below === undefined || above === undefined) return (below ?? above)?.by;
  return below.by + ((at - below.at) / (above.at - below.at)) * (above.by - below.by);
}

function computedIn(compute: readonly boolean[]): number {
  return compute.filter(computed => computed).length;
}

/** A partial schedule and what it has done to the latent so far. */
interface Path {
  /** Computed steps, newest first. */
  readonly computed: readonly number[];
  readonly weights: readonly (readonly number[])[];
  /** The latent's error as a sum of what was computed at all steps: factors, the Gram matrix times them, and its mean square. */
  readonly factors: Float64Array;
  readonly products: Float64Array;
  readonly square: number;
  /** Mean squares added up over the steps: an error on the way makes all that is computed later wrong. */
  readonly score: number;
}

/**
 * The best schedule for each number of computed steps up to `most`, fewest first.
 *
 * An error at one step is a sum of residuals, or predictions, of which the calibration has all inner products, so the
 * error of the latent after every step is known exactly as long as errors do not change what is computed later. Weights
 * are fitted, step by step, to the latent and not to what is reused alone: they also take back what earlier steps did wrong. Schedules are found
 * by dynamic programming over the last two computed steps, on the errors of all latents added up.
 */
export function searchFrontier(
  calibration: Calibration,
  most: number,
  {
    region = DEFAULTS.region,
    depth = DEFAULTS.depth,
    ridge = DEFAULTS.ridge,
    longest = LONGEST,
  }: SearchOptions = {},
): Schedule[] {
  const { steps, keep, take } = calibration.sampler;
  const gram = meanGram(calibration, region);
  const none = new Float64Array(steps);
  const start = { computed: [], weights: [], factors: none, products: none, square: 0, score: 0 };
  /** The paths up to a step, by what they have computed: how many steps, and the last two. */
  let paths: Map<string, Path> = new Map([['', start]]);
  for (let step = 0; step < steps; step++) {
    const next = new Map<string, Path>();
    const offer = (path: Path): void => {
      const key = `${path.computed.length} ${path.computed[0]} ${path.computed[1]}`;
      const known = next.get(key);
      if (known === undefined || path.score < known.score) next.set(key, path);
    };
    for (const path of paths.values()) {
      const [last] = path.computed;
      if (path.computed.length < most) offer(computeStep(path, step, keep[step] ?? 1));
      if (last !== undefined && step - last <= longest)
        offer(reuseStep(path, step, keep[step] ?? 1, take[step] ?? 0, gram, depth, ridge));
    }
    paths = next;
  }
  const best = new Map<number, Path>();
  for (const path of paths.values()) {
    const known = best.get(path.computed.length);
    if (known === undefined || path.score < known.score) best.set(path.computed.length, path);
  }
  return [...best].sort(([a], [b]) => a - b).map(([, path]) => scheduleOf(calibration, path, region, depth));
}

function computeStep(path: Path, step: number, keep: number): Path {
  const square = path.square * keep * keep;
  return {
    computed: [step, ...path.computed],
    weights: [...path.weights, []],
    factors: path.factors.map(x => x * keep),
    products: path.products.map(x => x * keep),
    square,
    score: path.score + square,
  };
}

function reuseStep(
  path: Path,
  step: number,
  keep: number,
  take: number,
  gram: readonly Float64Array[],
  depth: number,
  ridge: number,
): Path {
  const nodes = path.computed.slice(0, depth);
  const line = lagrange(nodes.slice(0, 2), step);
  const weights = nodes.map((_, i) => line[i] ?? 0);
  const factors = path.factors.map(x => x * keep);
  const products = path.products.map(x => x * keep);
  const add = (index: number, by: number): void => {
    factors[index] = (factors[index] ?? 0) + by;
    const column = gram[index];
    for (let i = 0; i < products.length; i++) products[i] = (products[i] ?? 0) + by * (column?.[i] ?? 0);
  };
  add(step, take);
  nodes.forEach((node, i) => {
    add(node, -take * (weights[i] ?? 0));
  });
  const matrix = nodes.map((a, i) => nodes.map((b, j) => (gram[a]?.[b] ?? 0) * (i === j ? 1 + ridge : 1)));
  const change =
    take === 0
      ? undefined
      : solve(
          matrix,
          nodes.map(node => (products[node] ?? 0) / take),
        );
  nodes.forEach((node, i) => {
    const by = change?.[i] ?? 0;
    weights[i] = (weights[i] ?? 0) + by;
    add(node, -take * by);
  });
  const square = Math.max(
    0,
    factors.reduce((sum, x, i) => sum + x * (products[i] ?? 0), 0),
  );
  return {
    computed: path.computed,
    weights: [...path.weights, weights],
    factors,
    products,
    square,
    score: path.score + square,
  };
}

/** Inner products over all steps of what a region leaves, as means over elements and samples. */
function meanGram({ samples, sampler }: Calibration, region: Schedule['region']): Float64Array[] {
  const triangles = samples.map(({ residual, prediction }) => (region === 'model' ? prediction : residual));
  return Array.from({ length: sampler.steps }, (_, a) =>
    Float64Array.from(
      { length: sampler.steps },
      (__, b) => triangles.reduce((sum, triangle) => sum + element(triangle, a, b), 0) / samples.length,
    ),
  );
}

function scheduleOf(
  calibration: Calibration,
  path: Path,
  region: Schedule['region'],
  depth: number,
): Schedule {
  const { steps, timesteps } = calibration.sampler;
  const chosen = new Set(path.computed);
  return {
    steps,
    timesteps,
    compute: Array.from({ length: steps }, (_, step) => chosen.has(step)),
    region,
    weights: path.weights.map(of => of.map(w => Number(w.toPrecision(7)))),
    depth,
    predicted: {
      psnr: Number(psnrOf(calibration, path.square, region).toFixed(2)),
      work: Number((path.computed.length / steps).toPrecision(6)),
      from: 'products',
    },
  };
}

/** Fidelity of a latent when what was reused was off by a mean square; highest that is told is 120 dB. */
function psnrOf(calibration: Calibration, square: number, region: Schedule['region']): number {
  const { samples } = calibration;
  const range = samples.reduce((sum, sample) => sum + sample.range, 0) / samples.length;
  const error = region === 'model' ? square : square * predictionGain(calibration);
  return Math.min(120, 10 * Math.log10((range * range) / Math.max(error, Number.MIN_VALUE)));
}

/** How many times the mean square of a change of the residual comes out at the prediction, from step to step. */
function predictionGain({ samples, sampler }: Calibration): number {
  let [residual, prediction] = [0, 0];
  for (const sample of samples) {
    for (let step = 1; step < sampler.steps; step++) {
      residual += stepChange(sample.residual, step);
      prediction += stepChange(sample.prediction, step);
    }
  }
  return residual > 0 ? prediction / residual : 1;
}

function stepChange(triangle: readonly number[], step: number): number {
  return (
    element(triangle, step, step) +
    element(triangle, step - 1, step - 1) -
    2 * element(triangle, step, step - 1)
  );
}
