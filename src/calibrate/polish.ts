import { solve } from '../methods/schedules/extrapolate.js';
import type { Schedule } from '../methods/schedules/index.js';
import type { RunProfile } from '../runtime/index.js';
import type { CutModel } from './cut.js';
import { type Stage, startOf, type Truth } from './fit.js';
import { fidelityOf, stagesOf, tensorOf } from './runs.js';
import { dot } from './statistics.js';

/** By how much the weights of a run of reused steps are moved together to see what it does. */
const NUDGE = 0.03;

/** Pulls towards the weights as they are; the one that does best is taken. */
const PULLS = [1e-4, 1e-1];

/** Squares of this size are as good as none. */
const NOTHING = 1e-12;

/** One weight of a run of reused steps: how old a memory counts, and where. */
interface Place {
  readonly steps: readonly number[];
  readonly age: number;
}

/**
 * The schedule with weights that bring the final latents nearer to the original's. Fitting step by step makes each latent
 * right by itself; what an error does to all that is computed later is seen in runs only. One step of Gauss and Newton on
 * the final latents, each generation's squares divided by their mean, as decibels are: each weight of each run of reused
 * steps is moved by itself, and what follows is run again. Stays as it is where that does not help.
 * @param truths generations of the original, run one by one
 */
export async function polish(
  cut: CutModel,
  profile: RunProfile,
  truths: readonly Truth[],
  schedule: Schedule,
): Promise<Schedule> {
  const places = placesOf(schedule);
  const matrix = places.map(() => places.map(() => 0));
  const target = places.map(() => 0);
  for (const truth of truths) {
    const stages = await stagesOf(cut, startOf([truth]), schedule);
    const final = latentOf(stages.at(-1));
    const wanted = truth.latents.at(-1) ?? final;
    const missing = wanted.map((x, i) => x - (final[i] ?? 0));
    const slopes: Float32Array[] = [];
    for (const place of places) {
      const from = stages[place.steps[0] ?? 0];
      if (from === undefined) throw new Error('there is a stage before each step');
      const moved = await stagesOf(cut, from, withWeights(schedule, [place], [NUDGE]));
      slopes.push(latentOf(moved.at(-1)).map((x, i) => (x - (final[i] ?? 0)) / NUDGE));
    }
    const scale = 1 / (dot(missing, missing) + NOTHING * missing.length);
    slopes.forEach((a, row) => {
      target[row] = (target[row] ?? 0) + scale * dot(a, missing);
      const sums = matrix[row] ?? [];
      slopes.forEach((b, column) => {
        sums[column] = (sums[column] ?? 0) + scale * dot(a, b);
      });
    });
  }
  let best = schedule;
  for (const pull of PULLS) {
    const change = solve(
      matrix.map((row, i) => row.map((x, j) => (i === j ? x * (1 + pull) : x))),
      target,
    );
    if (change === undefined) continue;
    const moved = withWeights(schedule, places, change);
    const psnr = await meanFidelity(cut, profile, truths, moved);
    if (psnr > best.predicted.psnr)
      best = { ...moved, predicted: { ...moved.predicted, psnr: Number(psnr.toFixed(2)) } };
  }
  return best;
}

/** All weights of runs of reused steps between computed ones. */
function placesOf({ compute, weights }: Schedule): Place[] {
  const runs = new Map<number, number[]>();
  let last = 0;
  compute.forEach((computed, step) => {
    if (computed) last = step;
    else runs.set(last, [...(runs.get(last) ?? []), step]);
  });
  return [...runs.values()].flatMap(steps =>
    (weights[steps[0] ?? 0] ?? []).map((_, age): Place => ({ steps, age })),
  );
}

/** The schedule with each place's weights moved, the change shared out among its steps. */
function withWeights(schedule: Schedule, places: readonly Place[], by: readonly number[]): Schedule {
  const weights = schedule.weights.map(row => [...row]);
  places.forEach(({ steps, age }, i) => {
    for (const step of steps) {
      const row = weights[step];
      if (row) row[age] = Number(((row[age] ?? 0) + (by[i] ?? 0) / steps.length).toPrecision(7));
    }
  });
  return { ...schedule, weights };
}

async function meanFidelity(
  cut: CutModel,
  profile: RunProfile,
  truths: readonly Truth[],
  schedule: Schedule,
): Promise<number> {
  const stages = await stagesOf(cut, startOf(truths), schedule);
  const latents = (stages.at(-1)?.runs ?? []).map(({ latent }) => tensorOf(cut, latent));
  const all = fidelityOf(cut, profile, truths, latents);
  return all.reduce((a, b) => a + b, 0) / Math.max(1, all.length);
}

function latentOf(stage: Stage | undefined): Float32Array {
  const latent = stage?.runs[0]?.latent;
  if (latent === undefined) throw new Error('a stage has its runs');
  return latent;
}
