/**
 * What methods do with frequencies, in plain arrays of doubles and by the discrete Fourier transform as it is written: SeaCache's filter,
 * with the gain of the paper's equation over all frequencies; and FasterCache's bands, within a circle and outside of it.
 */

import type { Memory } from './memory.js';
import type { Look, Reference, Told } from './references.js';
import type { Feature } from './rules.js';

/** Shares of signal and noise, from the share of the way from the clean end to noise. */
export type Shares = (way: number) => { readonly a: number; readonly b: number };

export const flow: Shares = way => {
  const b = Math.min(1 - 1e-6, Math.max(1e-6, way));
  return { a: 1 - b, b };
};

/** As many betas in a straight line as DDPM was trained with, in the limit of many. */
export const vp: Shares = way => {
  const product = Math.exp(-(0.1 * way + ((20 - 0.1) / 2) * way ** 2));
  const signal = Math.min(1 - 1e-6, Math.max(1e-6, product));
  return { a: Math.sqrt(signal), b: Math.sqrt(1 - signal) };
};

export interface Spectrum {
  readonly grid: readonly number[];
  readonly power: number;
  readonly shares: Shares;
}

/** A rule that sees what is looked at filtered; the last thing that is looked at is the timestep. */
export class Filtered implements Reference {
  readonly #spectrum: Spectrum;
  readonly #rule: Reference;
  #first: number | undefined;

  constructor(spectrum: Spectrum, rule: Reference) {
    this.#spectrum = spectrum;
    this.#rule = rule;
  }

  step(step: number, look: Look): Promise<Told> {
    return this.#rule.step(step, async () => {
      const looked = await look();
      const time = looked.at(-1)?.data[0] ?? Number.NaN;
      this.#first ??= time;
      const { grid, power, shares } = this.#spectrum;
      const { a, b } = shares(time / this.#first);
      return looked.slice(0, -1).map(feature => filtered(feature, grid, power, a, b));
    });
  }
}

/** Eps of the public code, without which the mean would have no gain. */
const EPS = 1e-16;

function filtered(
  { dims, data }: Feature,
  grid: readonly number[],
  power: number,
  a: number,
  b: number,
): Feature {
  const gains = grid.map(n =>
    Array.from({ length: n }, (_, k) => {
      const power1 = 1 / ((Math.min(k, n - k) / n) ** power + EPS);
      return (a * power1) / (a * a * power1 + b * b + EPS);
    }),
  );
  const means = gains.map(gain => gain.reduce((x, y) => x + y, 0) / gain.length);
  const channels = dims.at(-1) ?? 0;
  let now: Float64Array = Float64Array.from(data);
  grid.forEach((n, axis) => {
    const inner = grid.slice(axis + 1).reduce((x, y) => x * y, 1) * channels;
    const gain = (gains[axis] ?? []).map(x => x / (means[axis] ?? Number.NaN));
    now = alongAxis(now, n, inner, gain);
  });
  return { dims, data: now };
}

/** Transforms each line along an axis of length `n` whose neighbours lie `inner` apart, scales, and transforms back. */
function alongAxis(data: Float64Array, n: number, inner: number, gain: readonly number[]): Float64Array {
  const out = new Float64Array(data.length);
  const angle = (k: number, i: number): number => (2 * Math.PI * k * i) / n;
  for (let start = 0; start < data.length; start++) {
    if (Math.floor(start / inner) % n !== 0) continue;
    const line = gain.map((_, i) => data[start + i * inner] ?? Number.NaN);
    gain.forEach((g, k) => {
      const real = line.reduce((sum, x, i) => sum + x * Math.cos(angle(k, i)), 0) * g;
      const imaginary = -line.reduce((sum, x, i) => sum + x * Math.sin(angle(k, i)), 0) * g;
      for (let i = 0; i < n; i++) {
        const at = start + i * inner;
        const part = real * Math.cos(angle(k, i)) - imaginary * Math.sin(angle(k, i));
        out[at] = (out[at] ?? 0) + part / n;
      }
    });
  }
  return out;
}

/**
 * CFG-Cache: the first half of a batch is the second and the difference that there was, by what low and high frequencies
 * weigh at the step. What is looked at last is the prediction.
 */
export class Guided implements Memory {
  readonly #weights: (step: number) => readonly [low: number, high: number];
  readonly #conditional: 'first' | 'last';
  #low: Float64Array = new Float64Array();
  #high: Float64Array = new Float64Array();

  constructor(
    weights: (step: number) => readonly [low: number, high: number],
    conditional: 'first' | 'last' = 'last',
  ) {
    this.#weights = weights;
    this.#conditional = conditional;
  }

  computed(_: number, prediction: Feature): void {
    const [conditional, other] = this.#halves(prediction);
    const difference = other.map((x, i) => x - (conditional[i] ?? Number.NaN));
    this.#low = lowFrequencies(difference, prediction.dims);
    this.#high = difference.map((x, i) => x - (this.#low[i] ?? Number.NaN));
  }

  async at(step: number, look: Look): Promise<Feature> {
    const prediction = (await look()).at(-1);
    if (prediction === undefined) throw new Error('the prediction is looked at');
    const [conditional] = this.#halves(prediction);
    const [low, high] = this.#weights(step);
    const other = conditional.map((x, i) => x + low * (this.#low[i] ?? 0) + high * (this.#high[i] ?? 0));
    const both = this.#conditional === 'last' ? [...other, ...conditional] : [...conditional, ...other];
    return { dims: prediction.dims, data: Float64Array.from(both) };
  }

  #halves({ data }: Feature): readonly [conditional: Float64Array, other: Float64Array] {
    const all = Float64Array.from(data);
    const [first, last] = [all.slice(0, all.length / 2), all.slice(all.length / 2)];
    return this.#conditional === 'last' ? [last, first] : [first, last];
  }
}

/** Of every picture (the last two dimensions) the frequencies within a fifth of the shorter side, from the middle of a shifted transform. */
function lowFrequencies(data: Float64Array, dims: readonly number[]): Float64Array {
  const [rows = 1, columns = 1] = dims.slice(-2);
  const radius = Math.floor(Math.min(rows, columns) / 5);
  const out = new Float64Array(data.length);
  const [middleRow, middleColumn] = [Math.floor(rows / 2), Math.floor(columns / 2)];
  const kept: [number, number][] = [];
  for (let y = 0; y < rows; y++)
    for (let x = 0; x < columns; x++)
      if ((x - middleColumn) ** 2 + (y - middleRow) ** 2 <= radius ** 2)
        kept.push([y - middleRow, x - middleColumn]);
  for (let start = 0; start < data.length; start += rows * columns) {
    for (const [u, v] of kept) {
      const angle = (i: number): number =>
        2 * Math.PI * ((u * Math.floor(i / columns)) / rows + (v * (i % columns)) / columns);
      let [real, imaginary] = [0, 0];
      for (let i = 0; i < rows * columns; i++) {
        real += (data[start + i] ?? Number.NaN) * Math.cos(angle(i));
        imaginary -= (data[start + i] ?? Number.NaN) * Math.sin(angle(i));
      }
      for (let i = 0; i < rows * columns; i++) {
        const part = real * Math.cos(angle(i)) - imaginary * Math.sin(angle(i));
        out[start + i] = (out[start + i] ?? 0) + part / (rows * columns);
      }
    }
  }
  return out;
}
