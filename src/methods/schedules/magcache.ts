import type { Calibration } from '../calibration.js';
import { meanOf, type Table } from './table.js';

export interface MagCacheOptions {
  /** Largest error that may add up. */
  readonly delta: number;
  /** Most reused steps in a row. */
  readonly maxSkip: number;
  /** Share of the steps that is computed first. */
  readonly retention: number;
}

/** Mean over tokens and samples of |residual| / |residual one step before|, by step; 1 at the first. */
export function magRatios(calibration: Calibration): number[] {
  return [1, ...meanOf(calibration, sample => sample.ratio)];
}

/**
 * MagCache's schedule (arXiv 2506.09045): the product of the ratios since the last computed step says how far the
 * residual has gone from 1; those distances add up, and a step reuses while their sum is at most delta. It never looks
 * at data, so it is a table.
 */
export function magCache(ratios: readonly number[], { delta, maxSkip, retention }: MagCacheOptions): Table {
  const kept = Math.max(1, Math.trunc(retention * ratios.length));
  let [product, skipped, error] = [1, 0, 0];
  return ratios.map((ratio, step) => {
    if (step >= kept) {
      product *= ratio;
      skipped++;
      error += Math.abs(1 - product);
      if (error <= delta && skipped <= maxSkip) return false;
    }
    [product, skipped, error] = [1, 0, 0];
    return true;
  });
}
