import type { Calibration } from '../calibration.js';

export interface PolynomialFit {
  /** Highest degree first, as TeaCache publishes them. */
  readonly coefficients: readonly number[];
  /** Share of the variance that the polynomial explains: below about 0.8 it says little. */
  readonly r2: number;
  /** Range of inputs that it was fitted on; outside it means nothing. */
  readonly range: readonly [number, number];
  readonly pairs: number;
}

/**
 * TeaCache's polynomial (arXiv 2411.19108): from the relative L1 change of what the first block reads, normalised and
 * modulated, to that of what the stack returns, over all steps of all samples.
 */
export function teaCacheFit(calibration: Calibration, degree = 4): PolynomialFit {
  const x = calibration.samples.flatMap(sample => sample.probe);
  const y = calibration.samples.flatMap(sample => sample.exit);
  return fitPolynomial(x, y, degree);
}

/** Least squares by Householder-free QR (modified Gram-Schmidt, twice) on inputs scaled to at most 1. */
export function fitPolynomial(x: readonly number[], y: readonly number[], degree: number): PolynomialFit {
  const low = Math.min(...x);
  const high = Math.max(...x);
  const scale = Math.max(Math.abs(low), Math.abs(high)) || 1;
  const distinct = new Set(x).size;
  const terms = Math.max(1, Math.min(degree + 1, distinct));
  const columns = Array.from({ length: terms }, (_, power) => x.map(v => (v / scale) ** power));
  const weights = leastSquares(columns, y);
  const fitted = x.map((_, i) => weights.reduce((sum, w, power) => sum + w * (columns[power]?.[i] ?? 0), 0));
  const mean = y.reduce((a, b) => a + b, 0) / Math.max(1, y.length);
  const left = y.reduce((sum, v, i) => sum + (v - (fitted[i] ?? 0)) ** 2, 0);
  const all = y.reduce((sum, v) => sum + (v - mean) ** 2, 0);
  const ascending = Array.from({ length: degree + 1 }, (_, power) => (weights[power] ?? 0) / scale ** power);
  return {
    coefficients: ascending.reverse(),
    r2: all === 0 ? 1 : 1 - left / all,
    range: [low, high],
    pairs: x.length,
  };
}

/** Weights of the columns whose sum comes closest to the target. Columns that others make up weigh nothing. */
export function leastSquares(columns: readonly (readonly number[])[], target: readonly number[]): number[] {
  const q: number[][] = [];
  const r: number[][] = [];
  for (const column of columns) {
    const rest = [...column];
    const row = q.map(() => 0);
    for (let pass = 0; pass < 2; pass++) {
      q.forEach((unit, i) => {
        const along = inner(unit, rest);
        row[i] = (row[i] ?? 0) + along;
        unit.forEach((u, at) => {
          rest[at] = (rest[at] ?? 0) - along * u;
        });
      });
    }
    const size = Math.sqrt(inner(rest, rest));
    const known = size <= 1e-12 * Math.sqrt(inner(column, column)) || size === 0;
    r.push([...row, known ? 0 : size]);
    q.push(rest.map(v => (known ? 0 : v / size)));
  }
  const weights = columns.map(() => 0);
  for (let i = columns.length - 1; i >= 0; i--) {
    const diagonal = r[i]?.[i] ?? 0;
    if (diagonal === 0) continue;
    let along = inner(q[i] ?? [], target);
    for (let j = i + 1; j < columns.length; j++) along -= (r[j]?.[i] ?? 0) * (weights[j] ?? 0);
    weights[i] = along / diagonal;
  }
  return weights;
}

function inner(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, x, i) => sum + x * (b[i] ?? 0), 0);
}
