import type { Calibration } from '../methods/calibration.js';
import { type Schedule, searchFrontier } from '../methods/schedules/index.js';
import type { RunProfile } from '../runtime/index.js';
import { choose, cutOf, divide, judgeProducts } from './choose.js';
import type { CutModel } from './cut.js';
import { computeStage, reuseStage, type Stage, startOf, type Truth, truthOf } from './fit.js';
import { runFrontier } from './frontier.js';
import { polish } from './polish.js';
import { fidelityOf, tensorOf } from './runs.js';

export interface RefineOptions {
  /**
   * Schedules that are tried beside the given ones, by moving one computed step to a neighbour; 0 fits weights only.
   * Each costs at most one reduced run of each generation, and all that a run keeps is held at once.
   */
  readonly tries?: number;
  readonly onTry?: (tried: number, psnr: number) => void;
}

/** Improvement in decibel below which a change is not worth making. */
const WORTH = 0.02;

/** A schedule that was run over all generations. */
interface Tried {
  readonly compute: readonly boolean[];
  /** Before each step, and at the end. */
  readonly stages: readonly Stage[];
  readonly psnr: number;
}

/** Computed steps that are kept of where a table is searched for, and others that it is then tried with. */
const DEPTH = 4;
const OTHER_DEPTHS = [2, 3, 6];

/** Pulls towards a straight line that give different schedules to start from. */
const RIDGES = [1e-4, 1e-3, 1e-2];

/** Fidelity in decibel above which weights are not polished: rounding to eight bits alone costs more. */
const ENOUGH = 55;

/** Schedules that are run over the generations that judge. */
const JUDGED = 4;

/** Generations that the search itself runs; more are used to fit what it finds. */
const SEARCHED = 8;

export interface SearchRuns extends RefineOptions {
  /** Told while tables are searched for by running all generations along many paths. */
  readonly onStep?: (done: number, of: number) => void;
}

/**
 * The best schedules with so many computed steps each, in that order. Tables that follow from the calibration, and those
 * that dynamic programming finds in runs of the first cut, are fitted in each cut to some of the calibration's
 * generations; the best is tried with more and less kept, its computed steps are moved, and all its weights together.
 * What came out best of each is run over the other generations, and these decide.
 * @param cuts of one model, at different regions
 * @param truths the calibration's generations
 */
export async function refineAll(
  cuts: readonly [CutModel, ...CutModel[]],
  profile: RunProfile,
  calibration: Calibration,
  truths: readonly Truth[],
  computed: readonly number[],
  { onStep, ...options }: SearchRuns = {},
): Promise<Schedule[]> {
  const { fitted, held } = divide(truths);
  const [searched] = cuts;
  const most = Math.max(...computed);
  const longest = Math.ceil((1.3 * searched.steps) / Math.min(...computed));
  const found = await runFrontier(searched, fitted.slice(0, SEARCHED), {
    most,
    longest,
    depth: DEPTH,
    ...(onStep !== undefined && { onStep }),
  });
  const schedules: Schedule[] = [];
  for (const count of computed) {
    const refined = (from: readonly Schedule[], how: RefineOptions = {}): Promise<Schedule> =>
      refineSchedule(cutOf(cuts, from[0]), profile, fitted, from, how);
    const candidates: Schedule[] = [];
    for (const { region } of cuts) {
      const products = RIDGES.flatMap(
        ridge => searchFrontier(calibration, count, { region, depth: DEPTH, ridge, longest }).at(-1) ?? [],
      );
      const [any] = products;
      if (any === undefined) throw new Error('a frontier has at least one schedule');
      const tables = [found.get(count), ...products.map(({ compute }) => compute)];
      const different = new Map(
        tables.flatMap(table => (table === undefined ? [] : [[table.join(), table]])),
      );
      candidates.push(
        await refined([...different.values()].map(compute => ({ ...any, compute: [...compute] }))),
      );
    }
    const leading = bestOf(candidates)[0];
    for (const depth of OTHER_DEPTHS) candidates.push(await refined([{ ...leading, depth }]));
    const leader = bestOf(candidates)[0];
    const moved = await refined([leader], options);
    if (moved.compute.join() !== leader.compute.join()) candidates.push(moved);
    if (moved.predicted.psnr < ENOUGH)
      candidates.push(await polish(cutOf(cuts, moved), profile, fitted, moved));
    const chosen = await choose(cuts, profile, held, bestOf(candidates).slice(0, JUDGED));
    const plain = searchFrontier(calibration, count).at(-1) ?? chosen;
    const judges = held.length > 0 ? held : fitted;
    schedules.push({ ...chosen, products: await judgeProducts(cuts, profile, judges, plain) });
  }
  return schedules;
}

/** Those that fit best first. */
function bestOf(schedules: readonly Schedule[]): [Schedule, ...Schedule[]] {
  const [first, ...others] = schedules.toSorted((a, b) => b.predicted.psnr - a.predicted.psnr);
  if (first === undefined) throw new Error('there is a schedule');
  return [first, ...others];
}

/** The calibration's generations again. */
export async function truthsOf(cut: CutModel, { samples }: Calibration): Promise<Truth[]> {
  const truths: Truth[] = [];
  for (const { seed } of samples) truths.push(await truthOf(cut, seed));
  return truths;
}

/**
 * Runs schedules over real generations, fits their weights to what really happens, and moves computed steps while
 * that helps. Starts from the best of those given, which have one number of computed steps and one depth.
 * @param truths generations of the original
 */
export async function refineSchedule(
  cut: CutModel,
  profile: RunProfile,
  truths: readonly Truth[],
  given: readonly Schedule[],
  { tries = 0, onTry }: RefineOptions = {},
): Promise<Schedule> {
  const [first] = given;
  if (first === undefined) throw new Error('no schedule to refine');
  const { depth } = first;
  let best: Tried | undefined;
  let tried = 0;
  const attempt = async (compute: readonly boolean[]): Promise<boolean> => {
    const run = await runOn(cut, profile, truths, compute, depth, best);
    const better = run.psnr > (best?.psnr ?? Number.NEGATIVE_INFINITY) + WORTH;
    if (better) best = run;
    onTry?.(++tried, best?.psnr ?? run.psnr);
    return better;
  };
  for (const { compute } of given) await attempt(compute);
  const known = new Set(given.map(({ compute }) => compute.join()));
  const most = tried + tries;
  for (let moved = true; moved && tried < most; ) {
    moved = false;
    for (const compute of neighbours(best?.compute ?? [])) {
      if (tried >= most) break;
      if (known.has(compute.join())) continue;
      known.add(compute.join());
      moved = await attempt(compute);
      if (moved) break;
    }
  }
  const {
    compute,
    stages,
    psnr: reached,
  } = best ?? (await runOn(cut, profile, truths, first.compute, depth));
  return {
    ...first,
    compute: [...compute],
    weights: stages.at(-1)?.weights.map(row => [...row]) ?? [],
    predicted: { ...first.predicted, psnr: Number(reached.toFixed(2)), from: 'runs' },
  };
}

/** Runs a schedule with weights fitted on the way; from where it leaves another one that was run. */
async function runOn(
  cut: CutModel,
  profile: RunProfile,
  truths: readonly Truth[],
  compute: readonly boolean[],
  depth: number,
  other?: Tried,
): Promise<Tried> {
  const same = compute.findIndex((computed, step) => computed !== other?.compute[step]);
  const stages = other === undefined ? [startOf(truths)] : other.stages.slice(0, Math.max(0, same) + 1);
  for (let step = stages.length - 1; step < cut.steps; step++) {
    const stage = stages[step] ?? startOf(truths);
    stages.push(
      compute[step] === true ? await computeStage(cut, stage, depth) : await reuseStage(cut, stage, truths),
    );
  }
  const latents = (stages.at(-1)?.runs ?? []).map(({ latent }) => tensorOf(cut, latent));
  const all = fidelityOf(cut, profile, truths, latents).map(x => Math.min(x, 120));
  return { compute, stages, psnr: all.reduce((a, b) => a + b, 0) / Math.max(1, all.length) };
}

/** The table with one computed step moved by one or two to a reused one; the first step stays. */
function* neighbours(compute: readonly boolean[]): Generator<boolean[]> {
  for (const by of [1, -1, 2, -2]) {
    for (let step = compute.length - 1; step > 0; step--) {
      const to = step + by;
      if (compute[step] !== true || to <= 0 || to >= compute.length || compute[to] !== false) continue;
      const moved = [...compute];
      moved[step] = false;
      moved[to] = true;
      yield moved;
    }
  }
}
