import { Random } from '../runtime/index.js';

/** Drawn once for good: calibrations of one model can be merged wherever they were made. */
export const SKETCH_SEED = 20;

/**
 * Rows of a tensor of `rows` x `channels` that stand for all, ascending: as many as `limit` elements hold (at least
 * one), drawn without repetition; undefined where all of them do.
 */
export function chooseRows(rows: number, channels: number, limit: number): readonly number[] | undefined {
  const kept = Math.max(1, Math.floor(limit / channels));
  if (kept >= rows) return undefined;
  const random = new Random(SKETCH_SEED);
  const chosen = new Set<number>();
  // Floyd's algorithm: each set of `kept` rows is equally likely.
  for (let last = rows - kept; last < rows; last++) {
    const row = Math.floor(random.uniform() * (last + 1));
    chosen.add(chosen.has(row) ? last : row);
  }
  return [...chosen].sort((a, b) => a - b);
}
