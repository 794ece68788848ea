import { type Builder, Tensor, type Value } from '../ir/index.js';
import type { Picture } from '../plan/index.js';
import { lineShape, positionsOf } from './filter.js';

/**
 * The part of a tensor in frequencies of its picture within `radius` times the shorter side, which is rounded down. In the basis of
 * `cos(2 pi k i / n - pi / 4)`, which is its own inverse, frequencies k and n - k span what sine and cosine of k do, and a mask that
 * is even in both axes is the same as on the discrete Fourier transform: four products of real matrices. Takes and returns float32.
 */
export function lowBand(b: Builder, value: Value, { rows, columns, inner }: Picture, radius: number): Value {
  const [across, along] = [axisOf(b, rows), axisOf(b, columns)];
  const down = lineShape(b, [across.length, along.length], inner);
  const right = lineShape(b, [along.length], inner);
  const transform = (x: Value): Value => {
    const y = b.op('MatMul', [across.basis, b.op('Reshape', [x, down])]);
    return b.op('MatMul', [along.basis, b.op('Reshape', [y, right])], { name: 'transformed' });
  };
  const shorter = b.op('Min', [across.size, along.size]);
  const limit = b.op('Floor', [b.op('Mul', [shorter, b.f32(radius + EXACT)])]);
  const squared = (x: Value): Value => b.op('Mul', [x, x]);
  const column = b.op('Reshape', [squared(across.frequencies), b.i64(-1, 1)]);
  const distance = b.op('Add', [column, squared(along.frequencies)]);
  const beyond = b.op('Less', [squared(limit), distance]);
  const mask = b.op('Sub', [b.f32(1), b.cast(beyond, 'float32')]);
  const picture = pictureShape(b, across.length, along.length, inner);
  const spread = b.op('Unsqueeze', [mask, b.i64(2)], { name: 'mask' });
  const kept = b.op('Mul', [b.op('Reshape', [transform(value), picture]), spread]);
  return b.op('Reshape', [transform(kept), b.op('Shape', [value])], { name: 'low' });
}

/** Shape [all before, rows, columns, inner]. */
function pictureShape(b: Builder, rows: number | Value, columns: number | Value, inner: number): Value {
  if (typeof rows === 'number' && typeof columns === 'number') return b.i64(-1, rows, columns, inner);
  const sides = [rows, columns].map(n => (typeof n === 'number' ? b.i64(n) : n));
  return b.concat([b.i64(-1), ...sides, b.i64(inner)], 0);
}

/** Lets a share of a side that is whole be whole in spite of float32. */
const EXACT = 1e-6;

/** Length n, as float32 [1] too, whole frequencies float32 [n], and the basis, float32 [n, n]. */
interface Axis {
  readonly length: number | Value;
  readonly size: Value;
  readonly frequencies: Value;
  readonly basis: Value;
}

function axisOf(b: Builder, axis: Picture['rows']): Axis {
  if (typeof axis === 'number') return fixedAxis(b, axis);
  const { length, size, nearest, angles } = positionsOf(b, axis);
  const wave = b.op('Cos', [b.op('Sub', [angles, b.f32(Math.PI / 4)])]);
  const scale = b.op('Sqrt', [b.op('Div', [b.f32(2), size])]);
  return {
    length,
    size,
    frequencies: b.cast(nearest, 'float32'),
    basis: b.op('Mul', [wave, scale], { name: 'basis' }),
  };
}

function fixedAxis(b: Builder, n: number): Axis {
  const all = Array.from({ length: n }, (_, i) => i);
  const wave = (k: number, i: number): number =>
    Math.sqrt(2 / n) * Math.cos((2 * Math.PI * ((k * i) % n)) / n - Math.PI / 4);
  const basis = all.flatMap(k => all.map(i => wave(k, i)));
  return {
    length: n,
    size: b.f32(n),
    frequencies: b.f32(...all.map(k => Math.min(k, n - k))),
    basis: b.constant(Tensor.float32(basis, [n, n]), `basis ${n}`, `basis${n}`),
  };
}
