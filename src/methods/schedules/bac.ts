import type { Calibration, Change } from '../calibration.js';
import { meanChange, type Table } from './table.js';

export interface BacOptions {
  /** Steps that each branch computes. */
  readonly updates: number;
  /** Blocks whose feed-forward takes over what later blocks update. */
  readonly upstream?: number;
}

/**
 * BAC's schedules (arXiv 2506.13456), of each block's branches. Each branch computes the steps that maximise the
 * similarity inside the runs between them: the sum of cosines of consecutive steps. Then errors are kept from bubbling
 * up: of the feed-forwards, the `upstream` ones that change most also compute whenever one behind them does.
 */
export function bac(
  calibration: Calibration,
  { updates, upstream = 3 }: BacOptions,
): readonly (readonly Table[])[] {
  const { steps } = calibration.sampler;
  const tables = calibration.blocks.map(({ branches }) =>
    branches.map(({ change }) => {
      const cosine = (step: number): number => 1 - meanChange(calibration, change, 'angle', step, 1);
      return bestUpdates(steps, Math.min(updates, steps), cosine);
    }),
  );
  const forwards = calibration.blocks.flatMap(({ branches }, block) =>
    branches.flatMap(({ kind, change }, branch) =>
      kind === 'feed-forward' ? [{ block, branch, far: meanPairwise(calibration, change) }] : [],
    ),
  );
  const most = new Set([...forwards].sort((a, b) => b.far - a.far).slice(0, upstream));
  return tables.map((branches, block) =>
    branches.map((table, branch) => {
      if (![...most].some(each => each.block === block && each.branch === branch)) return table;
      const behind = forwards.filter(other => other.block > block);
      return table.map(
        (computed, step) =>
          computed || behind.some(other => tables[other.block]?.[other.branch]?.[step] === true),
      );
    }),
  );
}

/** Mean relative L1 over all pairs of steps that were compared. */
function meanPairwise(calibration: Calibration, change: Change): number {
  const all = change.older.flatMap((row, step) =>
    row.map((_, i) => meanChange(calibration, change, 'older', step, i + 1)),
  );
  return all.reduce((a, b) => a + b, 0) / Math.max(1, all.length);
}

/**
 * The `count` steps, the first among them, whose runs of reused steps are most alike.
 * @param cosine of a step and the one before it
 */
export function bestUpdates(steps: number, count: number, cosine: (step: number) => number): Table {
  const sums = [0];
  for (let step = 1; step < steps; step++) sums.push((sums[step - 1] ?? 0) + cosine(step));
  /** Similarity inside the run that begins at `from` and ends before `to`. */
  const inside = (from: number, to: number): number => (sums[to - 1] ?? 0) - (sums[from] ?? 0);
  type Best = { readonly value: number; readonly steps: readonly number[] };
  let best: (Best | undefined)[] = [{ value: 0, steps: [0] }];
  for (let round = 2; round <= count; round++) {
    const next: (Best | undefined)[] = [];
    best.forEach((known, from) => {
      if (known === undefined) return;
      for (let to = from + 1; to < steps; to++) {
        const value = known.value + inside(from, to);
        if (value > (next[to]?.value ?? Number.NEGATIVE_INFINITY))
          next[to] = { value, steps: [...known.steps, to] };
      }
    });
    best = next;
  }
  let chosen: Best | undefined;
  best.forEach((known, from) => {
    if (known === undefined) return;
    const value = known.value + inside(from, steps);
    if (value > (chosen?.value ?? Number.NEGATIVE_INFINITY)) chosen = { value, steps: known.steps };
  });
  return Array.from({ length: steps }, (_, step) => chosen?.steps.includes(step) ?? false);
}
