import type { Calibration } from '../calibration.js';
import { meanChange, type Table } from './table.js';

export interface SmoothCacheOptions {
  /** Largest error that is accepted. */
  readonly alpha: number;
  /** Most reused steps in a row; calibrations go up to 8. */
  readonly lookback?: number;
}

/**
 * SmoothCache's schedules (arXiv 2411.10510), one for each kind of branch. From a computed step the longest skip is
 * taken whose error is at most alpha: the relative L1 between its last step's output and the computed one, by the last
 * step's size, as a mean over layers and samples. First and last step are computed.
 */
export function smoothCache(
  calibration: Calibration,
  { alpha, lookback = 3 }: SmoothCacheOptions,
): ReadonlyMap<string, Table> {
  const { steps } = calibration.sampler;
  const branches = calibration.blocks.flatMap(block => block.branches);
  const kinds = [...new Set(branches.map(branch => branch.kind))];
  return new Map(
    kinds.map(kind => {
      const layers = branches.filter(branch => branch.kind === kind);
      const error = (step: number, lag: number): number =>
        layers.reduce((sum, { change }) => sum + meanChange(calibration, change, 'newer', step, lag), 0) /
        layers.length;
      const table = Array.from({ length: steps }, () => false);
      for (let step = 0; step < steps; ) {
        table[step] = true;
        let skip = Math.min(lookback, steps - 2 - step);
        while (skip > 0 && !(error(step + skip, skip) <= alpha)) skip--;
        step += Math.max(0, skip) + 1;
      }
      return [kind, table] as const;
    }),
  );
}
