import type { Dim, Shape } from '../../types.js';
import { ceilDivDims, maxDims, minDims, subDims, wrapDims } from '../dims.js';
import { axisOf, type Rule, type Rules, tensor, unknownShape, withDim } from '../site.js';

/** Bounds beyond this stand for "to the end", as exporters write int64 extremes. */
const FAR = 2 ** 31 - 1;

/** Number of elements of `x[start:end:step]` along a dimension (spec: `Slice`). */
export function sliceLength(dim: Dim, start: Dim, end: Dim, step: number): Dim {
  if (step === 0 || start === undefined || end === undefined) return undefined;
  const span = step > 0 ? forwards(dim, start, end) : backwards(dim, start, end);
  return ceilDivDims(maxDims(span, 0), Math.abs(step));
}

/** `min(end, dim) - start`, with both ends counted from the front; negative when nothing is left. */
function forwards(dim: Dim, start: Dim, end: Dim): Dim {
  const from = maxDims(fromFront(start, dim), 0);
  const room = subDims(dim, from);
  return isFar(end) ? room : minDims(subDims(fromFront(end, dim), from), room);
}

/** Going backwards, starts are clamped to [0, dim - 1] and ends to [-1, dim - 1]. */
function backwards(dim: Dim, start: Dim, end: Dim): Dim {
  const last = subDims(dim, 1);
  const from = isFar(start) ? last : minDims(maxDims(fromFront(start, dim), 0), last);
  const to = isFar(end) ? last : minDims(maxDims(fromFront(end, dim), -1), last);
  return subDims(from, to);
}

function isFar(bound: Dim): boolean {
  return typeof bound === 'number' && bound >= FAR;
}

function fromFront(bound: Dim, dim: Dim): Dim {
  if (isFar(bound)) return dim;
  return typeof bound === 'number' && bound <= -FAR ? -1 : wrapDims(bound, dim);
}

const slice: Rule = at => {
  const shape = at.shape(0);
  const elem = at.elem(0);
  if (shape === undefined) return [tensor(elem, undefined)];
  const inputs = at.opset >= 10;
  const starts = inputs ? at.data(1) : at.node.ints('starts');
  const ends = inputs ? at.data(2) : at.node.ints('ends');
  const count = starts?.length ?? ends?.length;
  const given = inputs && at.has(3) ? at.numbers(3) : at.node.ints('axes');
  const axes = given ?? (at.has(3) ? undefined : shape.map((_, i) => i).slice(0, count));
  if (axes === undefined || count === undefined) return [tensor(elem, unknownShape(shape.length))];
  const steps = inputs && at.has(4) ? (at.data(4) ?? []) : axes.map(() => 1);
  const result = [...shape];
  axes.forEach((axis, i) => {
    const target = axisOf(axis, shape.length);
    const step = steps[i];
    if (target === undefined) return;
    result[target] =
      typeof step === 'number' ? sliceLength(shape[target], starts?.[i], ends?.[i], step) : undefined;
  });
  return [tensor(elem, result)];
};

const gather: Rule = at => {
  const shape = at.shape(0);
  const indices = at.shape(1);
  const axis = shape && axisOf(at.node.int('axis', 0), shape.length);
  if (shape === undefined || indices === undefined || axis === undefined)
    return [tensor(at.elem(0), undefined)];
  return [tensor(at.elem(0), [...shape.slice(0, axis), ...indices, ...shape.slice(axis + 1)])];
};

const gatherElements: Rule = at => [tensor(at.elem(0), at.shape(1))];

const gatherND: Rule = at => {
  const shape = at.shape(0);
  const indices = at.shape(1);
  const depth = indices?.at(-1);
  if (shape === undefined || indices === undefined || typeof depth !== 'number')
    return [tensor(at.elem(0), undefined)];
  const batch = at.node.int('batch_dims', 0);
  return [tensor(at.elem(0), [...indices.slice(0, -1), ...shape.slice(batch + depth)])];
};

const nonZero: Rule = at => {
  const data = at.numbers(0);
  const count = data?.filter(x => x !== 0).length;
  return [tensor('int64', [at.rank(0), count])];
};

const oneHot: Rule = at => {
  const indices = at.shape(0);
  const axis = indices && axisOf(at.node.int('axis', -1), indices.length + 1);
  if (indices === undefined || axis === undefined) return [tensor(at.elem(2), undefined)];
  return [tensor(at.elem(2), [...indices.slice(0, axis), at.data(1)?.[0], ...indices.slice(axis)])];
};

const topK: Rule = at => {
  const shape = at.shape(0);
  const axis = shape && axisOf(at.node.int('axis', -1), shape.length);
  const k = at.has(1) ? at.data(1)?.[0] : at.node.int('k');
  const result: Shape | undefined = shape && axis !== undefined ? withDim(shape, axis, k) : undefined;
  return [tensor(at.elem(0), result), tensor('int64', result)];
};

const compress: Rule = at => {
  const shape = at.shape(0);
  const axis = at.node.int('axis');
  if (axis === undefined) return [tensor(at.elem(0), [undefined])];
  const target = shape && axisOf(axis, shape.length);
  return [tensor(at.elem(0), target === undefined ? undefined : shape && withDim(shape, target, undefined))];
};

const unique: Rule = at => {
  const shape = at.shape(0);
  const axis = at.node.int('axis');
  const target = axis === undefined || shape === undefined ? undefined : axisOf(axis, shape.length);
  const values =
    axis === undefined
      ? [undefined]
      : target === undefined
        ? undefined
        : shape && withDim(shape, target, undefined);
  const indices = tensor('int64', [undefined]);
  return [tensor(at.elem(0), values), indices, indices, indices];
};

export const indexing: Rules = {
  Slice: slice,
  Gather: gather,
  GatherElements: gatherElements,
  GatherND: gatherND,
  NonZero: nonZero,
  OneHot: oneHot,
  TopK: topK,
  Compress: compress,
  Unique: unique,
  NonMaxSuppression: () => [tensor('int64', [undefined, 3])],
};
