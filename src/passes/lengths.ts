import { type Builder, int, type Value } from '../ir/index.js';
import type { GridAxis } from '../plan/index.js';

/** Length of an axis: a number, or int64 [1] where it is open. */
export function lengthOf(b: Builder, axis: GridAxis): number | Value {
  return typeof axis === 'number' ? axis : openLength(b, axis);
}

/** Length of an axis that is open, int64 [1]. */
export function openLength(b: Builder, { of, axis }: Exclude<GridAxis, number>): Value {
  const attributes = [int('axis', 0)];
  return b.op('Gather', [b.op('Shape', [of]), b.i64(axis)], { attributes, name: 'length' });
}

/** A shape of lengths that are fixed, or int64 [1] each. */
export function shapeOf(b: Builder, ...lengths: readonly (number | Value)[]): Value {
  const fixed = lengths.flatMap(length => (typeof length === 'number' ? [length] : []));
  if (fixed.length === lengths.length) return b.i64(...fixed);
  return b.concat(
    lengths.map(length => (typeof length === 'number' ? b.i64(length) : length)),
    0,
  );
}
