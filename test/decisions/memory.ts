import type { Feature } from './rules.js';

/** What one place gave at computed steps, and what is made of it later. */
export interface Memory {
  computed(step: number, feature: Feature): void;
  at(step: number): Feature;
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
