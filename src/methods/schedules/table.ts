import { type Calibration, type Change, UNIT } from '../calibration.js';

/** Whether each step is computed; the others reuse. */
export type Table = readonly boolean[];

/** A mean over the samples of one of the changes, at a step and so many steps back; infinite where none was kept. */
export function meanChange(
  { samples }: Calibration,
  change: Change,
  what: 'older' | 'newer' | 'angle',
  step: number,
  lag: number,
): number {
  const sum = change[what][step]?.[lag - 1];
  return sum === undefined ? Number.POSITIVE_INFINITY : (sum * UNIT) / samples.length;
}

/** Means over the samples of numbers that each sample holds. */
export function meanOf(
  { samples }: Calibration,
  pick: (sample: Calibration['samples'][number]) => readonly number[],
): number[] {
  const [first] = samples;
  return (first === undefined ? [] : pick(first)).map(
    (_, i) => samples.reduce((sum, sample) => sum + (pick(sample)[i] ?? 0), 0) / samples.length,
  );
}

/** An element of a symmetric matrix that is kept as its lower triangle. */
export function element(triangle: readonly number[], a: number, b: number): number {
  const [row, column] = a > b ? [a, b] : [b, a];
  return triangle[(row * (row + 1)) / 2 + column] ?? Number.NaN;
}

/**
 * What was measured at some timesteps, at others: of each the nearest one's value. The way in which tables of
 * one step count serve another.
 */
export function atTimesteps<T>(values: readonly T[], from: readonly number[], to: readonly number[]): T[] {
  return to.map(time => {
    let nearest = 0;
    from.forEach((t, i) => {
      if (Math.abs(t - time) < Math.abs((from[nearest] ?? 0) - time)) nearest = i;
    });
    const value = values[nearest];
    if (value === undefined) throw new Error('no value for a timestep');
    return value;
  });
}
