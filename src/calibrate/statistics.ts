import { type Change, FIT_UNIT, LAGS, type Moments, UNIT } from '../methods/calibration.js';

/** A sketch of a tensor at one step, `[rows, channels]` row-major. */
export type Sketch = Float32Array | Float64Array;

/** Whole multiples of a unit, which add up to the same in any order. */
export function quantised(x: number, unit = UNIT): number {
  // Adding 0 takes the sign off a zero.
  return Math.round(x / unit) + 0;
}

/** mean|now - before| / mean|before|; 0 for two tensors of zeros. */
export function relativeL1(now: Sketch, before: Sketch): number {
  return ratioOf(distance(now, before), sumAbs(before));
}

export function meanAbs(x: Sketch): number {
  return sumAbs(x) / Math.max(1, x.length);
}

/** Mean over rows of the ratio of their norms (L2); a row of zeros before counts as 1. */
export function normRatio(now: Sketch, before: Sketch, channels: number): number {
  const rows = now.length / channels;
  let sum = 0;
  for (let row = 0; row < rows; row++) {
    let [a, b] = [0, 0];
    for (let i = row * channels; i < (row + 1) * channels; i++) {
      a += (now[i] ?? 0) ** 2;
      b += (before[i] ?? 0) ** 2;
    }
    sum += b === 0 ? 1 : Math.sqrt(a / b);
  }
  return sum / rows;
}

/** Inner product, in four interleaved sums: the processor need not wait for one addition before the next. */
export function dot(a: Sketch, b: Sketch): number {
  let [s0, s1, s2, s3] = [0, 0, 0, 0];
  const whole = a.length - (a.length % 4);
  for (let i = 0; i < whole; i += 4) {
    s0 += (a[i] as number) * (b[i] as number);
    s1 += (a[i + 1] as number) * (b[i + 1] as number);
    s2 += (a[i + 2] as number) * (b[i + 2] as number);
    s3 += (a[i + 3] as number) * (b[i + 3] as number);
  }
  for (let i = whole; i < a.length; i++) s0 += (a[i] as number) * (b[i] as number);
  return s0 + s1 + (s2 + s3);
}

/** Elements of each step that are multiplied at once: those of a hundred steps fit into a processor's cache. */
const AT_ONCE = 1024;

/** Inner products of tensors that come step by step. Holds them all: give it sketches. */
export class Gram {
  readonly #steps: (readonly Sketch[])[] = [];

  /** @param parts the tensors of one step, the same number and sizes at each */
  add(parts: readonly Sketch[]): void {
    this.#steps.push(parts);
  }

  /** Their lower triangle, row by row, divided by the number of elements. */
  triangle(): number[] {
    const steps = this.#steps.length;
    const sums = new Float64Array((steps * (steps + 1)) / 2);
    const lengths = this.#steps[0]?.map(({ length }) => length) ?? [];
    // V8 leaves what is inlined into a `for … of` with destructuring three times slower.
    for (let part = 0; part < lengths.length; part++) {
      for (let from = 0; from < (lengths[part] as number); from += AT_ONCE) {
        const rows = this.#steps.map(parts => (parts[part] as Sketch).subarray(from, from + AT_ONCE));
        let at = 0;
        for (let now = 0; now < steps; now++) {
          for (let then = 0; then <= now; then++)
            (sums[at++] as number) += dot(rows[now] as Sketch, rows[then] as Sketch);
        }
      }
    }
    const elements = lengths.reduce((sum, length) => sum + length, 0);
    return Array.from(sums, sum => sum / elements);
  }
}

interface Seen {
  readonly sketch: Sketch;
  readonly abs: number;
  readonly norm: number;
}

/** How one tensor changes over a generation, against each of the last steps. */
export class ChangeMeter {
  readonly #channels: number;
  readonly #seen: Seen[] = [];
  readonly #change: Change = { older: [], newer: [], angle: [], size: [], ratio: [] };

  constructor(channels: number) {
    this.#channels = channels;
  }

  add(sketch: Sketch): void {
    const now: Seen = { sketch, abs: sumAbs(sketch), norm: Math.sqrt(dot(sketch, sketch)) };
    const { older, newer, angle, size, ratio } = this.#change;
    const rows = this.#seen.map(before => compare(now, before));
    older.push(rows.map(row => row.older));
    newer.push(rows.map(row => row.newer));
    angle.push(rows.map(row => row.angle));
    size.push(quantised(now.norm / Math.sqrt(sketch.length)));
    const [before] = this.#seen;
    ratio.push(before === undefined ? 0 : quantised(normRatio(sketch, before.sketch, this.#channels)));
    this.#seen.unshift(now);
    this.#seen.length = Math.min(this.#seen.length, LAGS);
  }

  get change(): Change {
    return this.#change;
  }
}

function compare(now: Seen, before: Seen): { older: number; newer: number; angle: number } {
  const a = now.sketch;
  const b = before.sketch;
  // Two sums of each, so that the processor need not wait for one addition before the next.
  let [far0, far1, inner0, inner1] = [0, 0, 0, 0];
  for (let i = 0; i + 1 < a.length; i += 2) {
    const x0 = a[i] as number;
    const y0 = b[i] as number;
    const x1 = a[i + 1] as number;
    const y1 = b[i + 1] as number;
    far0 += Math.abs(x0 - y0);
    far1 += Math.abs(x1 - y1);
    inner0 += x0 * y0;
    inner1 += x1 * y1;
  }
  if (a.length % 2 === 1) {
    const [x, y] = [a.at(-1) ?? 0, b.at(-1) ?? 0];
    far0 += Math.abs(x - y);
    inner0 += x * y;
  }
  const far = far0 + far1;
  const inner = inner0 + inner1;
  const both = now.norm * before.norm;
  return {
    older: quantised(ratioOf(far, before.abs)),
    newer: quantised(ratioOf(far, now.abs)),
    angle: quantised(both === 0 ? 0 : 1 - inner / both),
  };
}

/** Largest ratio that is told: what came from nothing changed by so much. */
const MOST = 1000;

function ratioOf(difference: number, size: number): number {
  return difference === 0 ? 0 : Math.min(MOST, difference / size);
}

/** Sum of |a - b|, as `dot` adds. */
function distance(a: Sketch, b: Sketch): number {
  let [s0, s1, s2, s3] = [0, 0, 0, 0];
  const whole = a.length - (a.length % 4);
  for (let i = 0; i < whole; i += 4) {
    s0 += Math.abs((a[i] as number) - (b[i] as number));
    s1 += Math.abs((a[i + 1] as number) - (b[i + 1] as number));
    s2 += Math.abs((a[i + 2] as number) - (b[i + 2] as number));
    s3 += Math.abs((a[i + 3] as number) - (b[i + 3] as number));
  }
  for (let i = whole; i < a.length; i++) s0 += Math.abs((a[i] as number) - (b[i] as number));
  return s0 + s1 + (s2 + s3);
}

function sumAbs(x: Sketch): number {
  let sum = 0;
  for (let i = 0; i < x.length; i++) sum += Math.abs(x[i] ?? 0);
  return sum;
}

/** Largest size of a mean: sums over hundreds of samples stay exact. Channels beyond it are in effect only shifted. */
const LARGEST = 1e4;

/** What scales and shifts are fitted from, of one tensor over a generation, up to so many steps back. */
export class MomentMeter {
  readonly #channels: number;
  readonly #lags: number;
  readonly #seen: Sketch[] = [];
  readonly moments: Moments = { mean: [], square: [], product: [] };

  constructor(channels: number, lags: number) {
    this.#channels = channels;
    this.#lags = lags;
  }

  add(sketch: Sketch): void {
    const { mean, square, product } = this.moments;
    mean.push(this.#means(sketch));
    square.push(this.#means(sketch, sketch));
    product.push(this.#seen.map(before => this.#means(sketch, before)));
    this.#seen.unshift(sketch);
    this.#seen.length = Math.min(this.#seen.length, this.#lags);
  }

  /** Mean over the rows, by channel, of a tensor, or of its product with another. */
  #means(a: Sketch, b?: Sketch): number[] {
    const channels = this.#channels;
    const sums = new Float64Array(channels);
    for (let start = 0; start < a.length; start += channels) {
      for (let c = 0; c < channels; c++) {
        const x = a[start + c] as number;
        (sums[c] as number) += b === undefined ? x : x * (b[start + c] as number);
      }
    }
    const by = channels / a.length;
    return Array.from(sums, x => quantised(Math.max(-LARGEST, Math.min(LARGEST, x * by)), FIT_UNIT));
  }
}

/** Adds what other samples showed of the same tensor. */
export function addMoments(a: Moments, b: Moments): Moments {
  const rows = (x: number[][], y: number[][] = []): number[][] => x.map((row, s) => sums(row, y[s] ?? []));
  return {
    mean: rows(a.mean, b.mean),
    square: rows(a.square, b.square),
    product: a.product.map((lags, s) => rows(lags, b.product[s])),
  };
}

/** Adds what other samples showed of the same tensor. */
export function addChange(a: Change, b: Change): Change {
  const rows = (x: number[][], y: number[][]): number[][] => x.map((row, s) => sums(row, y[s] ?? []));
  return {
    older: rows(a.older, b.older),
    newer: rows(a.newer, b.newer),
    angle: rows(a.angle, b.angle),
    size: sums(a.size, b.size),
    ratio: sums(a.ratio, b.ratio),
  };
}

function sums(a: readonly number[], b: readonly number[]): number[] {
  return a.map((x, i) => x + (b[i] ?? 0));
}
