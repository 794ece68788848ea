import { type DataType, type Dim, isFloat } from '../../types.js';
import { addDims, maxDims, minDims, mulDims, productOf, sumOf } from '../dims.js';
import { axesOf, axisOf, filled } from '../site.js';
import { broadcastData, type Data, type DataRule, type DataRules, sizeOf } from './rule.js';

/** Operators that keep the elements and their order. */
const keep: DataRule = at => at.data(0);

const constant: DataRule = at => {
  const value = at.attribute('value');
  if (value?.kind === 'tensor') return value.value.numbers();
  for (const name of ['value_int', 'value_ints', 'value_float', 'value_floats']) {
    const attribute = at.attribute(name);
    if (attribute?.kind === 'int') return [Number(attribute.value)];
    if (attribute?.kind === 'ints') return attribute.value.map(Number);
    if (attribute?.kind === 'float') return [attribute.value];
    if (attribute?.kind === 'floats') return attribute.value;
  }
  return undefined;
};

const shape: DataRule = at => {
  const dims = at.shape(0);
  return dims?.slice(at.node.int('start', 0), at.node.int('end', dims.length));
};

const gather: DataRule = (at, out) => {
  const data = at.data(0);
  const from = at.shape(0);
  const indices = at.data(1);
  const axis = from && axisOf(at.node.int('axis', 0), from.length);
  if (data === undefined || from === undefined || indices === undefined || axis !== 0) return undefined;
  const [count] = from;
  if (typeof count !== 'number') return undefined;
  const row = sizeOf(out) / Math.max(indices.length, 1);
  return indices.flatMap(index => {
    if (typeof index !== 'number') return filled<Dim>(row, undefined);
    const start = (index < 0 ? index + count : index) * row;
    return Array.from({ length: row }, (_, i) => data[start + i]);
  });
};

const concat: DataRule = (at, out) => {
  const axis = axisOf(at.node.int('axis', 0), out.length);
  if (axis === undefined || sizeOf(out.slice(0, axis)) !== 1) return undefined;
  const parts: Dim[] = [];
  for (let i = 0; i < at.count; i++) {
    const dims = at.shape(i);
    if (!dims?.every(d => typeof d === 'number')) return undefined;
    parts.push(...(at.data(i) ?? filled<Dim>(sizeOf(dims as readonly number[]), undefined)));
  }
  return parts;
};

/** A slice of a vector whose bounds are numbers. */
const slice: DataRule = (at, [count = 0]) => {
  const data = at.data(0);
  if (data === undefined || at.rank(0) !== 1) return undefined;
  const starts = at.list(1, 'starts');
  const steps = at.has(4) ? at.numbers(4) : [1];
  const [start] = starts ?? [];
  const [step] = steps ?? [];
  if (start === undefined || step === undefined) return undefined;
  const last = step < 0 ? data.length - 1 : data.length;
  const first = Math.min(Math.max(start < 0 ? start + data.length : start, 0), last);
  return Array.from({ length: count }, (_, i) => data[first + i * step]);
};

const split: DataRule = (at, [count = 0], index) => {
  const data = at.data(0);
  if (data === undefined || at.rank(0) !== 1) return undefined;
  const sizes = at.list(1, 'split');
  const chunk = Math.ceil(data.length / at.node.outputs.length);
  const start = sizes === undefined ? index * chunk : sizes.slice(0, index).reduce((a, b) => a + b, 0);
  return at.has(1) && sizes === undefined ? undefined : data.slice(start, start + count);
};

const constantOfShape: DataRule = (at, out) => {
  const value = at.attribute('value');
  const fill = value?.kind === 'tensor' ? value.value.numbers()?.[0] : 0;
  return fill === undefined ? undefined : filled<Dim>(sizeOf(out), fill);
};

const expand: DataRule = (at, out) => broadcastData(at, 0, out);

const tile: DataRule = (at, out) => {
  const data = at.data(0);
  if (data === undefined || out.length !== 1) return undefined;
  return Array.from({ length: sizeOf(out) }, (_, i) => data[i % data.length]);
};

const range: DataRule = (at, [count = 0]) => {
  const start = at.data(0)?.[0];
  const step = at.data(2)?.[0];
  const elem = at.elem(0);
  if (start === undefined || step === undefined || elem === undefined || isFloat(elem)) return undefined;
  return Array.from({ length: count }, (_, i) => addDims(start, mulDims(step, i)));
};

/** A reduction of a whole vector. */
function reduce(combine: (elements: Data) => Dim, exact: (elem: DataType) => boolean): DataRule {
  return (at, out) => {
    const data = at.data(0);
    const elem = at.elem(0);
    if (data === undefined || elem === undefined || sizeOf(out) !== 1 || !exact(elem)) return undefined;
    const axes = at.list(1, 'axes');
    const rank = at.rank(0) ?? 0;
    const whole =
      axes === undefined
        ? !at.has(1) && at.node.int('noop_with_empty_axes', 0) === 0
        : axesOf(axes, rank)?.size === rank;
    return whole || data.length === 1 ? [combine(data)] : undefined;
  };
}

const isInteger = (elem: DataType): boolean => !isFloat(elem);

function fold(combine: (a: Dim, b: Dim) => Dim): (elements: Data) => Dim {
  return ([first, ...rest]) => rest.reduce(combine, first);
}

const cumSum: DataRule = at => {
  const data = at.data(0);
  if (
    data === undefined ||
    at.rank(0) !== 1 ||
    at.node.int('reverse', 0) !== 0 ||
    at.node.int('exclusive', 0) !== 0
  )
    return undefined;
  let sum: Dim = 0;
  return data.map(x => {
    sum = addDims(sum, x);
    return sum;
  });
};

const transpose: DataRule = (at, out) => (out.filter(d => d !== 1).length <= 1 ? at.data(0) : undefined);

/** A vector with some elements replaced at known places. */
const scatter: DataRule = at => {
  const data = at.data(0);
  const indices = at.numbers(1);
  const updates = at.data(2);
  const plain = (at.node.string('reduction') ?? 'none') === 'none';
  if (
    data === undefined ||
    indices === undefined ||
    updates?.length !== indices.length ||
    at.rank(0) !== 1 ||
    !plain
  )
    return undefined;
  const result = [...data];
  indices.forEach((index, i) => {
    result[index < 0 ? index + data.length : index] = updates[i];
  });
  return result;
};

const nonZero: DataRule = at => {
  const data = at.numbers(0);
  return at.rank(0) === 1 ? data?.flatMap((x, i) => (x === 0 ? [] : [i])) : undefined;
};

/** Rows of `off` with one `on` each; the new axis is the last. */
const oneHot: DataRule = (at, out) => {
  const indices = at.numbers(0);
  const depth = out.at(-1);
  const [off, on] = at.data(2) ?? [];
  if (indices === undefined || depth === undefined || at.node.int('axis', -1) !== -1) return undefined;
  return indices.flatMap(index => {
    const hot = index < 0 ? index + depth : index;
    return Array.from({ length: depth }, (_, i) => (i === hot ? on : off));
  });
};

/** What the taken branch returns, or both. */
const branch: DataRule = (at, _, index) => {
  const returned = (name: string): Data | undefined => {
    const value = at.node.subgraph(name)?.outputs[index];
    return value && at.facts.dataOf(value);
  };
  const [condition] = at.data(0) ?? [];
  if (typeof condition === 'number') return returned(condition === 0 ? 'else_branch' : 'then_branch');
  const yes = returned('then_branch');
  const no = returned('else_branch');
  return yes?.map((x, i) => (x === no?.[i] ? x : undefined));
};

export const selectionData: DataRules = {
  Constant: constant,
  Shape: shape,
  Size: at => [productOf(at.shape(0) ?? [undefined])],
  Gather: gather,
  Concat: concat,
  Slice: slice,
  Split: split,
  Unsqueeze: keep,
  Squeeze: keep,
  Reshape: keep,
  Flatten: keep,
  Transpose: transpose,
  ConstantOfShape: constantOfShape,
  Expand: expand,
  Tile: tile,
  Range: range,
  CumSum: cumSum,
  ScatterND: scatter,
  ScatterElements: scatter,
  NonZero: nonZero,
  OneHot: oneHot,
  ReduceProd: reduce(productOf, isInteger),
  ReduceSum: reduce(sumOf, isInteger),
  ReduceMin: reduce(fold(minDims), isInteger),
  ReduceMax: reduce(fold(maxDims), isInteger),
  If: branch,
};
