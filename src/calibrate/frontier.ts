import type { CutModel } from './cut.js';
import { computeStage, reuseStage, type Stage, startOf, type Truth } from './fit.js';

export interface FrontierOptions {
  /** Most computed steps. */
  readonly most: number;
  /** Residuals that are kept. */
  readonly depth: number;
  /** Most steps reused in a row. */
  readonly longest: number;
  readonly onStep?: (done: number, of: number) => void;
}

/** Mean squares of this size and below are as good as none: about 140 dB on a scale of 2. */
const NOTHING = 1e-14;

interface Branch {
  readonly stage: Stage;
  readonly score: number;
}

/**
 * The tables of computed steps that are best in runs, by their number: dynamic programming over the last computed step,
 * on the latents' real errors with weights fitted on the way. All generations are run along all paths that are kept, at
 * most one for each number of computed steps and last computed step.
 */
export async function runFrontier(
  cut: CutModel,
  truths: readonly Truth[],
  { most, depth, longest, onStep }: FrontierOptions,
): Promise<ReadonlyMap<number, readonly boolean[]>> {
  let branches: readonly Branch[] = [{ stage: startOf(truths), score: 0 }];
  for (let step = 0; step < cut.steps; step++) {
    const best = new Map<string, Branch>();
    const offer = (stage: Stage): void => {
      const key = `${stage.computed.length} ${stage.computed[0]}`;
      const score = errorOf(stage, truths, step + 1);
      if (score < (best.get(key)?.score ?? Number.POSITIVE_INFINITY)) best.set(key, { stage, score });
    };
    for (const { stage } of leaders(branches, most)) offer(await computeStage(cut, stage, depth));
    for (const { stage } of branches) {
      const [last] = stage.computed;
      if (last === undefined || step - last > longest) continue;
      offer(await reuseStage(cut, stage, truths));
    }
    branches = [...best.values()];
    onStep?.(step + 1, cut.steps);
  }
  const tables = leaders(branches, cut.steps + 1).map(({ stage }): [number, boolean[]] => [
    stage.computed.length,
    Array.from({ length: cut.steps }, (_, step) => stage.computed.includes(step)),
  ]);
  return new Map(tables.sort(([a], [b]) => a - b));
}

/** The best path for each number of computed steps below `most`. */
function leaders(branches: readonly Branch[], most: number): Branch[] {
  const best = new Map<number, Branch>();
  for (const branch of branches) {
    const count = branch.stage.computed.length;
    if (count < most && branch.score < (best.get(count)?.score ?? Number.POSITIVE_INFINITY))
      best.set(count, branch);
  }
  return [...best.values()];
}

/** Mean logarithm of the latents' mean square errors before a step: what a mean of decibels looks at. */
function errorOf({ runs }: Stage, truths: readonly Truth[], step: number): number {
  let sum = 0;
  runs.forEach(({ latent }, i) => {
    const original = truths[i]?.latents[step];
    let square = 0;
    for (let at = 0; at < latent.length; at++) square += ((latent[at] ?? 0) - (original?.[at] ?? 0)) ** 2;
    sum += Math.log(square / latent.length + NOTHING);
  });
  return sum / runs.length;
}
