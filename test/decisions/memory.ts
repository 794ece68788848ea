import { defined } from '../blocks/fixtures.js';
import type { Look } from './references.js';
import { distanceOf, type Feature, type Rule } from './rules.js';

/** What one place gave at computed steps, and what is made of it later. */
export interface Memory {
  computed(step: number, feature: Feature, look: Look): void | Promise<void>;
  at(step: number, look: Look): Feature | Promise<Feature>;
}

/** The Taylor expansion, in plain arrays of doubles. */
export class Expansion implements Memory {
  readonly #order: number;
  /** `D_0, D_1, ...` as of the last computed step. */
  #factors: readonly Float64Array[] = [];
  #dims: readonly number[] = [];
  #at = 0;

  constructor(order: number) {
    this.#order = order;
  }

  computed(step: number, { dims, data }: Feature): void {
    const gap = step - this.#at;
    const factors = [Float64Array.from(data)];
    for (const [i, old] of this.#factors.slice(0, this.#order).entries()) {
      const now = factors[i] ?? old;
      factors.push(now.map((x, j) => (x - (old[j] ?? Number.NaN)) / gap));
    }
    this.#factors = factors;
    this.#dims = dims;
    this.#at = step;
  }

  at(step: number): Feature {
    const elapsed = step - this.#at;
    const sum = new Float64Array(this.#factors[0]?.length ?? 0);
    let weight = 1;
    for (const [i, factor] of this.#factors.entries()) {
      if (i > 0) weight *= elapsed / i;
      for (let j = 0; j < sum.length; j++) sum[j] = (sum[j] ?? 0) + weight * (factor[j] ?? Number.NaN);
    }
    return { dims: this.#dims, data: sum };
  }
}

/**
 * A straight line through the last two. Reused steps on it were wrong by the area between it and the line that ends where the next computed step
 * does; the next that is reused has that on top.
 */
export class Trapezoid implements Memory {
  #ends: readonly { readonly step: number; readonly feature: Feature }[] = [];
  #owed = new Float64Array();

  computed(step: number, feature: Feature): void {
    const [last] = this.#ends;
    const ahead = this.line(step);
    if (last === undefined) this.#owed = new Float64Array(feature.data.length);
    for (let s = (last?.step ?? step) + 1; ahead !== undefined && s < step; s++) {
      const share = (s - defined(last).step) / (step - defined(last).step);
      this.#owed = this.#owed.map((x, i) => x + share * (at(feature, i) - at(ahead, i)));
    }
    this.#ends = [{ step, feature }, ...this.#ends.slice(0, 1)];
  }

  at(step: number): Feature {
    const { dims, data } = defined(this.line(step));
    const paid = Float64Array.from(data, (x, i) => x + (this.#owed[i] ?? Number.NaN));
    this.#owed = new Float64Array(data.length);
    return { dims, data: paid };
  }

  /** Without what is owed; nothing before a step was computed. */
  line(step: number): Feature | undefined {
    const [last, before = last] = this.#ends;
    if (last === undefined || before === undefined) return undefined;
    const slope = last === before ? 0 : (step - last.step) / (last.step - before.step);
    const { dims, data } = last.feature;
    return { dims, data: Float64Array.from(data, (x, i) => x + slope * (x - at(before.feature, i))) };
  }
}

function at({ data }: Feature, i: number): number {
  return data[i] ?? Number.NaN;
}

/** A sum of the last few by weights of the step; before there are so many, the oldest counts for those that lack. */
export class Weighted implements Memory {
  readonly #weights: (step: number) => readonly number[];
  #last: readonly Feature[] = [];

  constructor(weights: (step: number) => readonly number[]) {
    this.#weights = weights;
  }

  computed(_: number, feature: Feature): void {
    this.#last = [feature, ...this.#last];
  }

  at(step: number): Feature {
    const weights = this.#weights(step);
    const [newest] = this.#last;
    const dims = newest?.dims ?? [];
    const sum = new Float64Array(newest?.data.length ?? 0);
    weights.forEach((weight, age) => {
      const { data } = this.#last[age] ?? this.#last.at(-1) ?? { data: [] };
      for (let j = 0; j < sum.length; j++) sum[j] = (sum[j] ?? 0) + weight * (data[j] ?? Number.NaN);
    });
    return { dims, data: sum };
  }
}

/**
 * Block Caching: scaled and shifted, a channel each, as fits best what the place gave in one generation at this step to what it gave at
 * the step that is reused; as it was over more steps than are fitted.
 */
export class Adjusted implements Memory {
  readonly #seen: readonly Feature[];
  readonly #longest: number;
  readonly #lines = new Map<string, readonly Line[]>();
  #last: { readonly step: number; readonly feature: Feature } | undefined;

  constructor(seen: readonly Feature[], longest: number) {
    this.#seen = seen;
    this.#longest = longest;
  }

  computed(step: number, feature: Feature): void {
    this.#last = { step, feature };
  }

  at(step: number): Feature {
    if (this.#last === undefined) throw new Error('nothing was computed');
    const { step: from, feature } = this.#last;
    if (step - from > this.#longest) return feature;
    const lines = this.#lines.get(`${from} ${step}`) ?? this.#fit(from, step);
    this.#lines.set(`${from} ${step}`, lines);
    const data = Float64Array.from(feature.data, (x, i) => {
      const [scale, shift] = lines[i % lines.length] ?? [Number.NaN, Number.NaN];
      return scale * x + shift;
    });
    return { dims: feature.dims, data };
  }

  #fit(from: number, step: number): readonly Line[] {
    const [before, now] = [this.#seen[from], this.#seen[step]];
    if (before === undefined || now === undefined) throw new Error('the generation has these steps');
    const channels = now.dims.at(-1) ?? 1;
    const tokens = now.data.length / channels;
    return Array.from({ length: channels }, (_, c) => {
      const of = ({ data }: Feature) =>
        Array.from({ length: tokens }, (_t, t) => data[t * channels + c] ?? Number.NaN);
      return bestLine(of(before), of(now));
    });
  }
}

type Line = readonly [scale: number, shift: number];

/** Least squares of `y` by `x`. */
function bestLine(x: readonly number[], y: readonly number[]): Line {
  const mean = (all: readonly number[]): number => all.reduce((a, b) => a + b, 0) / all.length;
  const [mx, my] = [mean(x), mean(y)];
  const along = mean(x.map((v, i) => (v - mx) * ((y[i] ?? Number.NaN) - my)));
  const scale = Math.min(2, Math.max(0, along / mean(x.map(v => (v - mx) ** 2))));
  return [scale, my - scale * mx];
}

/**
 * DiCache: from the last computed step but one towards the last and beyond, as far as what is followed has gone between its
 * own values of those steps. Each sample for itself.
 */
export class Along implements Memory {
  readonly #followed: (looked: readonly Feature[]) => Feature;
  readonly #tokens: Rule['tokens'];
  readonly #farthest: number;
  #known: readonly { readonly feature: Feature; readonly followed: Feature }[] = [];

  constructor(followed: (looked: readonly Feature[]) => Feature, tokens: Rule['tokens'], farthest = 1.5) {
    this.#followed = followed;
    this.#tokens = tokens;
    this.#farthest = farthest;
  }

  async computed(_: number, feature: Feature, look: Look): Promise<void> {
    this.#known = [{ feature, followed: this.#followed(await look()) }, ...this.#known.slice(0, 1)];
  }

  async at(_: number, look: Look): Promise<Feature> {
    const [last, before] = this.#known;
    if (last === undefined) throw new Error('nothing was computed');
    if (before === undefined) return last.feature;
    const now = this.#followed(await look());
    const { dims, data } = last.feature;
    const [batch = 1] = dims;
    const factors = Array.from({ length: batch }, (_b, sample) => {
      const way = (a: Feature, b: Feature): number => distanceOf(a, b, sample, this.#tokens);
      const gone = way(now, before.followed) / way(last.followed, before.followed);
      return Math.min(this.#farthest, Math.max(1, gone));
    });
    const along = Float64Array.from(data, (x, i) => {
      const from = before.feature.data[i] ?? Number.NaN;
      return from + (factors[Math.floor((i * batch) / data.length)] ?? Number.NaN) * (x - from);
    });
    return { dims, data: along };
  }
}

/** `a - b`, in doubles. */
export function minus(a: Feature, b: Feature): Feature {
  return { dims: a.dims, data: Float64Array.from(a.data, (x, i) => x - (b.data[i] ?? Number.NaN)) };
}

/** Norm of the difference by the norm of what is expected. */
export function distance(found: Feature, expected: Feature): number {
  let difference = 0;
  let size = 0;
  for (let i = 0; i < expected.data.length; i++) {
    const want = expected.data[i] ?? Number.NaN;
    difference += ((found.data[i] ?? Number.NaN) - want) ** 2;
    size += want ** 2;
  }
  return Math.sqrt(difference / size);
}
