import { attr, type Builder, type DataType, ints, Tensor, type Value } from '../ir/index.js';
import type { OpenAttention } from '../plan/index.js';
import { shapeOf } from './lengths.js';

/** A length that is fixed, or that a step's shapes tell: int64 [1]. */
type Length = number | Value;

/** A score that counts for nothing: the least that float16 holds. */
export const NOTHING = -65504;

/** Tokens in runs of equal length, the last one filled up. */
export class Chunks {
  readonly #b: Builder;
  readonly #rank: number;
  readonly #tokens: Length;
  readonly #count: Length;
  readonly #size: Length;
  /** How many are filled in at the end; 0 where it is known that none are. */
  readonly #missing: Length;

  /** At most `most` chunks of the tokens of `values`, [.., tokens, channels]. */
  constructor(b: Builder, { tokens, rank }: OpenAttention, values: Value, most: number) {
    this.#b = b;
    this.#rank = rank;
    if (typeof tokens === 'number') {
      const size = Math.ceil(tokens / most);
      const count = Math.ceil(tokens / size);
      this.#tokens = tokens;
      this.#size = size;
      this.#count = count;
      this.#missing = count * size - tokens;
      return;
    }
    const up = (x: Value, by: Value): Value =>
      b.op('Div', [b.op('Sub', [b.op('Add', [x, by]), b.i64(1)]), by]);
    const length = b.op('Slice', [b.op('Shape', [values]), b.i64(rank - 2), b.i64(rank - 1)], {
      name: 'tokens',
    });
    const size = up(length, b.i64(most));
    const count = up(length, size);
    this.#tokens = length;
    this.#size = size;
    this.#count = count;
    this.#missing = b.op('Sub', [b.op('Mul', [count, size]), length], { name: 'missing' });
  }

  /** [.., tokens, channels] as [.., chunks, size, channels]. */
  cut(value: Value): Value {
    const full = this.#filled(value, this.#rank - 2);
    return this.#shaped(full, this.#rank - 2, [this.#count, this.#size, -1]);
  }

  /** [.., channels, tokens] as [.., chunks, channels, size]. */
  cutTurned(value: Value): Value {
    const full = this.#filled(value, this.#rank - 1);
    const cut = this.#shaped(full, this.#rank - 1, [this.#count, this.#size]);
    const lead = Array.from({ length: this.#rank - 2 }, (_, i) => i);
    const order = [...lead, this.#rank - 1, this.#rank - 2, this.#rank];
    return this.#b.op('Transpose', [cut], { attributes: [ints('perm', order)] });
  }

  /** Of a mask of `rank` dimensions [.., 1, tokens] as [.., chunks, 1, size]. */
  cutMask(value: Value, rank: number): Value {
    return this.#shaped(this.#filled(value, rank - 1), rank - 2, [this.#count, 1, this.#size]);
  }

  /** [.., chunks, size, channels] as [.., tokens, channels]. */
  join(value: Value, channels: number): Value {
    const line = this.#shaped(value, this.#rank - 2, [-1, channels]);
    if (this.#missing === 0) return line;
    const b = this.#b;
    return b.op('Slice', [line, b.i64(0), this.#value(this.#tokens), b.i64(this.#rank - 2)]);
  }

  /** Scores [.., chunks, size, size] of which those of filled-in tokens count for nothing. */
  filledOut(scores: Value, elem: DataType): Value {
    if (this.#missing === 0) return scores;
    const b = this.#b;
    const row = (length: Length, score: number): Value =>
      b.op('ConstantOfShape', [this.#value(length)], {
        attributes: [attr.tensor('value', Tensor.float32([score]))],
      });
    const line = b.concat([row(this.#tokens, 0), row(this.#missing, NOTHING)], 0);
    const mask = this.#shaped(line, 0, [this.#count, 1, this.#size]);
    return b.op('Add', [scores, elem === 'float32' ? mask : b.cast(mask, elem)], { name: 'real' });
  }

  /** Filled up with the first tokens, whatever they are. */
  #filled(value: Value, axis: number): Value {
    if (this.#missing === 0) return value;
    const b = this.#b;
    const first = b.op('Slice', [value, b.i64(0), this.#value(this.#missing), b.i64(axis)]);
    return b.concat([value, first], axis, { name: 'full' });
  }

  /** The value with its first dimensions and then these. */
  #shaped(value: Value, kept: number, dims: readonly Length[]): Value {
    const shape = shapeOf(this.#b, ...Array<number>(kept).fill(0), ...dims);
    return this.#b.op('Reshape', [value, shape]);
  }

  #value(length: Length): Value {
    return typeof length === 'number' ? this.#b.i64(length) : length;
  }
}
