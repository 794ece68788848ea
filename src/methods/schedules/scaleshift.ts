import { type Calibration, FIT_UNIT, type Moments } from '../calibration.js';
import type { ChannelRows } from '../design.js';
import type { Table } from './table.js';

/** Variances of this size and below say nothing: what is kept of them is rounded. */
const FLOOR = 1e-8;

/** Largest scale: beyond lies what rounding made. */
const LARGEST = 2;

/**
 * Block Caching's scale-shift adjustment (arXiv 2312.03209, section 3.4), which the paper trains, in closed form: for each step that
 * reuses, and each channel, the least squares fit of what the step really gave by what the last computed step gave. Rows
 * of steps that are computed are empty, as are those of steps further from a computed one than was measured.
 */
export function scaleShift(
  { samples }: Calibration,
  { mean, square, product }: Moments,
  table: Table,
): ChannelRows {
  const unit = FIT_UNIT / samples.length;
  let last = 0;
  const fits = table.map((computed, step) => {
    if (computed) last = step;
    const lag = step - last;
    const together = lag > 0 ? product[step]?.[lag - 1] : undefined;
    return (together ?? []).map((xy, c) => {
      const x = unit * (mean[last]?.[c] ?? 0);
      const y = unit * (mean[step]?.[c] ?? 0);
      const variance = Math.max(0, unit * (square[last]?.[c] ?? 0) - x * x);
      const covariance = unit * xy - x * y;
      const fitted = 1 + (covariance - variance) / (variance + FLOOR);
      const scale = Math.min(LARGEST, Math.max(0, fitted));
      return { scale, shift: y - scale * x };
    });
  });
  return {
    scale: fits.map(row => row.map(fit => fit.scale)),
    shift: fits.map(row => row.map(fit => fit.shift)),
  };
}
