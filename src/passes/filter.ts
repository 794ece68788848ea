import { type Builder, int, Tensor, type Value } from '../ir/index.js';
import type { Filter, Noise } from '../methods/index.js';
import { FIRST, type GridAxis, type Taps } from '../plan/index.js';
import { field } from './keep-time.js';
import { openLength } from './lengths.js';
import { type Context, need } from './pass.js';

/** Shares of signal and noise stay this far from 0 and 1. */
const EDGE = 1e-6;

/** Exponents of the signal's share in the variance preserving process with betas from 1e-4 to 0.02. */
const LINEAR = 0.1;
const SQUARE = 9.95;

/**
 * The filter of a group of taps. Its gain is even in every frequency and a product over the axes, so that along each axis it is one real
 * circulant matrix, made anew at each step from the noise: products of matrices, which every provider has, in the place of `DFT`.
 * Takes a probed value in its own shape and type, and returns float32.
 */
export function filterOf(context: Context, b: Builder, taps: Taps, filter: Filter): (value: Value) => Value {
  const axes = (taps.grid ?? []).map(axis => axisOf(b, axis));
  const power = filter.power ?? axes.length;
  const noise = noiseOf(context, b, filter.noise);
  const steps = axes.map((axis, i) => {
    const lengths = axes.slice(i).map(({ length }) => length);
    return { matrix: circulant(b, axis, noise, power), shape: lineShape(b, lengths, taps.channels) };
  });
  return value =>
    steps.reduce(
      (x, { matrix, shape }) => b.op('MatMul', [matrix, b.op('Reshape', [x, shape])], { name: 'filtered' }),
      taps.elem === 'float32' ? value : b.cast(value, 'float32'),
    );
}

/** Shape [all before, length, all behind] for the first of the axes that are left. */
export function lineShape(
  b: Builder,
  [length, ...behind]: readonly (number | Value)[],
  channels: number,
): Value {
  const open = behind.filter(x => typeof x !== 'number');
  const fixed = behind.reduce<number>((x, y) => (typeof y === 'number' ? x * y : x), channels);
  if (typeof length === 'number' && open.length === 0) return b.i64(-1, length, fixed);
  const sized = typeof length === 'number' ? b.i64(length) : length;
  if (sized === undefined) throw new Error('there is an axis');
  const rest = open.reduce((x, y) => b.op('Mul', [x, y]), b.i64(fixed));
  return b.concat([b.i64(-1), sized, rest], 0);
}

/** Of an axis of length n: that, float32 [1, n] |frequency|, float32 [n, n] cosines of their products, and int64 [n, n] differences modulo n. */
interface Axis {
  readonly length: number | Value;
  readonly frequencies: Value;
  readonly cosines: Value;
  readonly differences: Value;
}

function axisOf(b: Builder, axis: GridAxis): Axis {
  if (typeof axis === 'number') return fixedAxis(b, axis);
  const { length, size, nearest, angles, differences } = positionsOf(b, axis);
  return {
    length,
    frequencies: b.op('Reshape', [b.op('Div', [b.cast(nearest, 'float32'), size]), b.i64(1, -1)]),
    cosines: b.op('Cos', [angles], { name: 'cosines' }),
    differences: b.op('Mod', [differences, length], { name: 'differences' }),
  };
}

/**
 * Of an axis whose length n is open: that, as float32 [1] too; int64 [n] whole frequencies; float32 [n, n] angles of frequency by position;
 * int64 [n, n] differences of positions.
 */
export function positionsOf(b: Builder, axis: Exclude<GridAxis, number>) {
  const length = openLength(b, axis);
  const all = b.op('Range', [b.scalar(0), b.op('Squeeze', [length]), b.scalar(1)], { name: 'positions' });
  const down = b.op('Reshape', [all, b.i64(-1, 1)]);
  const size = b.cast(length, 'float32');
  const turns = b.op('Mod', [b.op('Mul', [down, all]), length]);
  const angles = b.op('Mul', [b.cast(turns, 'float32'), b.op('Div', [b.f32(2 * Math.PI), size])]);
  const nearest = b.op('Min', [all, b.op('Sub', [length, all])]);
  return { length, size, nearest, angles, differences: b.op('Sub', [down, all]) };
}

function fixedAxis(b: Builder, n: number): Axis {
  const all = Array.from({ length: n }, (_, i) => i);
  const pairs = <T>(of: (i: number, j: number) => T): T[] => all.flatMap(i => all.map(j => of(i, j)));
  const frequencies = all.map(k => Math.min(k, n - k) / n);
  const cosines = pairs((k, d) => Math.cos((2 * Math.PI * ((k * d) % n)) / n));
  const differences = pairs((i, j) => (i - j + n) % n);
  return {
    length: n,
    frequencies: b.constant(Tensor.float32(frequencies, [1, n]), `frequencies ${n}`, `frequencies${n}`),
    cosines: b.constant(Tensor.float32(cosines, [n, n]), `cosines ${n}`, `cosines${n}`),
    differences: b.constant(Tensor.int64(differences, [n, n]), `differences ${n}`, `differences${n}`),
  };
}

/** The filter along an axis, float32 [n, n]: the gain's inverse transform, shifted from row to row. */
function circulant(b: Builder, axis: Axis, { signal, noise }: Shares, power: number): Value {
  const fall = b.op('Pow', [axis.frequencies, b.f32(power)]);
  const gain = b.op('Div', [b.f32(1), b.op('Add', [signal, b.op('Mul', [noise, fall])])], { name: 'gain' });
  const mean = b.reduce('ReduceSum', gain, [1], true);
  const row = b.op('Div', [b.op('MatMul', [gain, axis.cosines]), mean]);
  const line = b.op('Reshape', [row, b.i64(-1)]);
  return b.op('Gather', [line, axis.differences], { name: 'circulant', attributes: [int('axis', 0)] });
}

/** Squares of the shares of signal and noise in the latent: float32 [1] each. */
interface Shares {
  readonly signal: Value;
  readonly noise: Value;
}

function noiseOf(context: Context, b: Builder, { kind, clean, full }: Noise): Shares {
  const clock = need(context, 'clock');
  if (clock.time === undefined) throw new Error('a filter that follows the noise needs a timestep');
  const most = full === undefined ? field(clock.next, FIRST) : b.f32(full);
  const from = (x: Value): Value => (clean === 0 ? x : b.op('Sub', [x, b.f32(clean)]));
  const way = b.op('Div', [from(clock.time), from(most)], { name: 'noise' });
  const inside = (x: Value): Value => b.op('Min', [b.op('Max', [x, b.f32(EDGE)]), b.f32(1 - EDGE)]);
  const rest = (x: Value): Value => b.op('Sub', [b.f32(1), x]);
  const squared = (x: Value): Value => b.op('Mul', [x, x]);
  if (kind === 'flow') {
    const sigma = inside(way);
    return { signal: squared(rest(sigma)), noise: squared(sigma) };
  }
  const exponent = b.op('Mul', [way, b.op('Add', [b.f32(LINEAR), b.op('Mul', [way, b.f32(SQUARE)])])]);
  const signal = inside(b.op('Exp', [b.op('Sub', [b.f32(0), exponent])]));
  return { signal, noise: rest(signal) };
}
