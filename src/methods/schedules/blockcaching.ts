import type { Calibration, Change } from '../calibration.js';
import { meanChange, type Table } from './table.js';

export interface BlockCachingOptions {
  /** Change that may add up before a block is computed again. */
  readonly delta: number;
}

export interface BlockTables {
  /** What the block as a whole returns. */
  readonly block: Table;
  /** Of its branches, in order. */
  readonly branches: readonly Table[];
}

/**
 * Block Caching's schedules (arXiv 2312.03209, section 3.3): a block reuses while its change from step to step,
 * relative to the newer output and added up since it was computed, is at most delta.
 */
export function blockCaching(
  calibration: Calibration,
  { delta }: BlockCachingOptions,
): readonly BlockTables[] {
  const { steps } = calibration.sampler;
  const table = (changes: readonly Change[]): Table => {
    let sum = 0;
    return Array.from({ length: steps }, (_, step) => {
      const change = changes.map(c => meanChange(calibration, c, 'newer', step, 1));
      sum += Math.max(...change);
      if (step > 0 && sum <= delta) return false;
      sum = 0;
      return true;
    });
  };
  return calibration.blocks.map(({ streams, branches }) => ({
    block: table(streams),
    branches: branches.map(({ change }) => table([change])),
  }));
}
