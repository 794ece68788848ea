import type { Dim } from '../../types.js';
import { filled, type Site } from '../site.js';

/** Elements of a small tensor in row-major order; each known, symbolic or unknown. */
export type Data = readonly Dim[];

/** Elements of the output at `index`, whose shape is known. */
export type DataRule = (at: Site, shape: readonly number[], index: number) => Data | undefined;

export type DataRules = Readonly<Record<string, DataRule>>;

/** Largest integer or boolean tensor whose elements are followed. */
export const MAX_ELEMENTS = 1024;

/** Largest float tensor whose elements are followed: resize scales and the like. */
export const MAX_FLOATS = 16;

export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((a, b) => a * b, 1);
}

/** Elements of an input as it is broadcast to `shape`; unknown elements when nothing is known of it. */
export function broadcastData(at: Site, input: number, shape: readonly number[]): Data {
  const size = sizeOf(shape);
  const data = at.data(input);
  const from = at.shape(input);
  if (data === undefined || from === undefined) return filled<Dim>(size, undefined);
  if (data.length === size) return data;
  if (data.length === 1) return filled<Dim>(size, data[0]);
  const strides = filled<number>(shape.length, 0);
  let stride = 1;
  for (let i = from.length - 1, o = shape.length - 1; i >= 0; i--, o--) {
    const dim = from[i];
    if (typeof dim !== 'number') return filled<Dim>(size, undefined);
    strides[o] = dim === 1 ? 0 : stride;
    stride *= dim;
  }
  return Array.from({ length: size }, (_, flat) => {
    let rest = flat;
    let offset = 0;
    for (let i = shape.length - 1; i >= 0; i--) {
      const dim = shape[i] ?? 1;
      offset += (rest % dim) * (strides[i] ?? 0);
      rest = Math.floor(rest / dim);
    }
    return data[offset];
  });
}
