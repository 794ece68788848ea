import type { Calibration } from '../calibration.js';
import { element, type Table } from './table.js';

/**
 * What reusing step `from` up to, and not including, step `to` does to the result: root mean square over the samples
 * of the sum over the steps between of the sampler's factor times the difference of residuals. LeMiCa measures it by
 * running; inner products say the same where errors do not feed back.
 */
export function outcomeError({ samples, sampler }: Calibration, from: number, to: number): number {
  let sum = 0;
  for (const { residual } of samples) {
    for (let a = from + 1; a < to; a++) {
      for (let b = from + 1; b < to; b++) {
        const weight = (sampler.take[a] ?? 0) * (sampler.take[b] ?? 0);
        const product =
          element(residual, a, b) -
          element(residual, a, from) -
          element(residual, b, from) +
          element(residual, from, from);
        sum += weight * product;
      }
    }
  }
  return Math.sqrt(Math.max(0, sum) / samples.length);
}

/**
 * LeMiCa's schedule (arXiv 2511.00090): of all ways to compute `computed` steps, the first among them, the one whose
 * largest error of a run of reused steps is least, then the second largest, and so on.
 */
export function leMiCa(calibration: Calibration, computed: number): Table {
  const { steps } = calibration.sampler;
  return minimaxPath(steps, Math.min(computed, steps), (a, b) => outcomeError(calibration, a, b));
}

interface Path {
  readonly steps: readonly number[];
  /** Errors of its edges, largest first. */
  readonly errors: readonly number[];
}

/**
 * Lexicographic minimax path from step 0 to the end over `count` steps.
 * @param error of an edge from one computed step to the next, or to the end (`steps`)
 */
export function minimaxPath(
  steps: number,
  count: number,
  error: (from: number, to: number) => number,
): Table {
  const cost = Array.from({ length: steps }, (_, a) =>
    Array.from({ length: steps + 1 }, (_, b) => (b > a ? error(a, b) : 0)),
  );
  /** Best path to each step with as many computed steps as rounds were made. */
  let best: (Path | undefined)[] = Array.from({ length: steps + 1 }, (_, s) =>
    s === 0 ? { steps: [0], errors: [] } : undefined,
  );
  for (let round = 1; round <= count; round++) {
    const isLast = round === count;
    const next = best.map((): Path | undefined => undefined);
    best.forEach((path, from) => {
      if (path === undefined || from === steps) return;
      for (let to = isLast ? steps : from + 1; to <= (isLast ? steps : steps - 1); to++) {
        const errors = [...path.errors, cost[from]?.[to] ?? 0].sort((a, b) => b - a);
        const known = next[to];
        if (known !== undefined && !isLess(errors, known.errors)) continue;
        next[to] = { steps: to === steps ? path.steps : [...path.steps, to], errors };
      }
    });
    best = next;
  }
  const chosen = new Set(best[steps]?.steps);
  return Array.from({ length: steps }, (_, step) => chosen.has(step));
}

function isLess(a: readonly number[], b: readonly number[]): boolean {
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [a[i] ?? 0, b[i] ?? 0];
    if (x !== y) return x < y;
  }
  return false;
}
