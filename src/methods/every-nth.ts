/** Schedules by step: true reuses. The first step is computed whatever they say. */

/** A number of steps, or below 1 a share of all, rounded to whole ones. */
export function stepsOf(part: number, steps: number): number {
  return part >= 1 || part === 0 ? Math.round(part) : Math.round(part * steps);
}

/** A share of all steps, in whole ones. */
export function shareOf(part: number, steps: number): number {
  return Math.round(part * steps);
}

/** One step in `interval` is computed from `from` on until `to` (excluded), and every step outside. */
export function everyNth(steps: number, interval: number, from = 0, to = steps): readonly boolean[] {
  return Array.from({ length: steps }, (_, s) => s >= from && s < to && (s - from) % interval !== 0);
}

/** Reuses nothing. */
export function never(steps: number): readonly boolean[] {
  return Array.from({ length: steps }, () => false);
}
