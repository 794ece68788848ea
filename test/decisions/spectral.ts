/**
 * SeaCache's filter in plain arrays of doubles: the gain of the paper's equation over all frequencies, between a discrete Fourier
 * transform and its inverse.
 */
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
