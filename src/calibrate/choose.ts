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

/** A schedule, and the fidelity that it reached in each of some generations. */
interface Judged {
  readonly schedule: Schedule;
  readonly reached: readonly number[];
}

/**
 * The best of some fitted schedules on generations that none of them was fitted to, with what it promises of others and
 * what the rejected ones gave. Without such generations the one that fits best.
 */
export async function choose(
  cuts: readonly CutModel[],
  profile: RunProfile,
  held: readonly Truth[],
  candidates: readonly Schedule[],
): Promise<Schedule> {
  const judged: Judged[] = [];
  for (const schedule of candidates)
    judged.push({ schedule, reached: await judge(cuts, profile, held, schedule) });
  const [best, ...others] = ranked(judged);
  if (held.length === 0) return best.schedule;
  const { psnr: fitted, work } = best.schedule.predicted;
  const { mean, error } = meanOf(promisesOf(judged));
  const predicted = { psnr: rounded(mean), error: rounded(error), fitted, work, from: 'held-out' } as const;
  // By how much each did worse in the same runs is told from the same promise.
  const luck = meanOf(best.reached).mean - mean;
  const rejected = others.map(({ schedule: { compute, region, depth }, reached }) => ({
    compute,
    region,
    depth,
    psnr: rounded(meanOf(reached).mean - luck),
  }));
  return { ...best.schedule, predicted, rejected };
}

/**
 * In each generation what that schedule gave which is the best in all others: the best of several owes a part of its mean to
 * the generations that it was chosen by.
 */
export function promisesOf(judged: readonly Judged[]): readonly number[] {
  const [first] = judged;
  return (first?.reached ?? []).map((_, i) => ranked(judged, i)[0].reached[i] ?? Number.NaN);
}

/** Those that reached most first, one generation left out if so wanted; those that fit best where none is left. */
function ranked(judged: readonly Judged[], without?: number): [Judged, ...Judged[]] {
  const score = ({ schedule, reached }: Judged): number => {
    const counted = reached.filter((_, i) => i !== without);
    return counted.length === 0 ? schedule.predicted.psnr : meanOf(counted).mean;
  };
  const [best, ...others] = judged.toSorted((a, b) => score(b) - score(a));
  if (best === undefined) throw new Error('no schedule to choose');
  return [best, ...others];
}

/** What the schedule that follows from inner products alone promises, and gives in the same runs. */
export async function judgeProducts(
  cuts: readonly CutModel[],
  profile: RunProfile,
  truths: readonly Truth[],
  schedule: Schedule,
): Promise<Schedule['products']> {
  const { mean } = meanOf(await judge(cuts, profile, truths, schedule));
  return { promised: schedule.predicted.psnr, psnr: rounded(mean) };
}

async function judge(
  cuts: readonly CutModel[],
  profile: RunProfile,
  truths: readonly Truth[],
  schedule: Schedule,
): Promise<readonly number[]> {
  const cut = cutOf(cuts, schedule);
  const all = fidelityOf(cut, profile, truths, await runSchedule(cut, truths, schedule));
  return all.map(x => Math.min(x, HIGHEST));
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
