import type { Schedule } from '../methods/schedules/index.js';
import type { RunProfile } from '../runtime/index.js';
import type { CutModel } from './cut.js';
import type { Truth } from './fit.js';
import { fidelityOf, runSchedule } from './runs.js';

/** Generations that schedules are fitted to, at most. */
const FITTED = 24;

/** The generations that schedules are fitted to, at most half of them, and those that only judge them. */
export function divide(truths: readonly Truth[]): { fitted: Truth[]; held: Truth[] } {
  const count = Math.min(FITTED, Math.ceil(truths.length / 2));
  return { fitted: truths.slice(0, count), held: truths.slice(count) };
}

/**
 * The best of some fitted schedules on generations that none of them was fitted to, with what it gives there and what
 * the others gave. Without such generations the one that fits best.
 */
export async function choose(
  cuts: readonly CutModel[],
  profile: RunProfile,
  held: readonly Truth[],
  candidates: readonly Schedule[],
): Promise<Schedule> {
  const judged: Schedule[] = [];
  for (const schedule of candidates) judged.push(await judge(cuts, profile, held, schedule));
  const [best, ...others] = judged.sort((a, b) => b.predicted.psnr - a.predicted.psnr);
  if (best === undefined) throw new Error('no schedule to choose');
  const rejected = others.map(({ compute, region, depth, predicted: { psnr } }) => ({
    compute,
    region,
    depth,
    psnr,
  }));
  return { ...best, rejected };
}

/** What the schedule that follows from inner products alone promises, and gives in the same runs. */
export async function judgeProducts(
  cuts: readonly CutModel[],
  profile: RunProfile,
  truths: readonly Truth[],
  schedule: Schedule,
): Promise<Schedule['products']> {
  const { predicted } = await judge(cuts, profile, truths, schedule);
  return { promised: schedule.predicted.psnr, psnr: predicted.psnr };
}

async function judge(
  cuts: readonly CutModel[],
  profile: RunProfile,
  held: readonly Truth[],
  schedule: Schedule,
): Promise<Schedule> {
  if (held.length === 0) return schedule;
  const cut = cutOf(cuts, schedule);
  const all = fidelityOf(cut, profile, held, await runSchedule(cut, held, schedule));
  const { mean, error } = meanOf(all.map(x => Math.min(x, HIGHEST)));
  const { psnr: fitted, work } = schedule.predicted;
  const predicted = { psnr: rounded(mean), error: rounded(error), fitted, work, from: 'held-out' } as const;
  return { ...schedule, predicted };
}

/** The cut that a schedule is of. */
export function cutOf(cuts: readonly CutModel[], schedule: Pick<Schedule, 'region'> | undefined): CutModel {
  const cut = cuts.find(({ region }) => region === schedule?.region);
  if (cut === undefined) throw new Error('no cut of the region');
  return cut;
}

/** Fidelity that counts as equal, in decibel. */
const HIGHEST = 120;

/** A mean and its standard error. */
function meanOf(x: readonly number[]): { mean: number; error: number } {
  const mean = x.reduce((a, b) => a + b, 0) / x.length;
  const squares = x.reduce((sum, each) => sum + (each - mean) ** 2, 0);
  return { mean, error: Math.sqrt(squares / Math.max(1, x.length - 1) / x.length) };
}

function rounded(x: number): number {
  return Number(x.toFixed(2));
}
