import type { Dim, Shape } from '../../types.js';
import { addDims, ceilDivDims, floorDivDims, mulDims, productOf, subDims } from '../dims.js';
import { broadcast } from '../shapes.js';
import {
  axesOf,
  axisOf,
  filled,
  type Rule,
  type Rules,
  rankFrom,
  type Site,
  tensor,
  unknownShape,
  withDim,
} from '../site.js';

/** A shape given as a tensor input: its elements as far as known, or at least the rank. */
export function shapeInput(at: Site, index: number): Shape | undefined {
  const data = at.data(index);
  if (data !== undefined) return data;
  const rank = rankFrom(at.rank(index) === 1 ? at.shape(index)?.[0] : undefined);
  return rank === undefined ? undefined : unknownShape(rank);
}

/**
 * Shape of `Reshape`: 0 copies the input's dimension unless `allowzero`, -1 takes what is left. As the number
 * of elements stays, one dimension follows from the others even when its target is not known.
 */
export function reshaped(input: Shape | undefined, target: Shape, allowZero: boolean): Shape {
  const left: Dim[] = input === undefined ? [undefined] : [...input];
  const result: Dim[] = [];
  const open: number[] = [];
  target.forEach((dim, i) => {
    if (dim === 0 && !allowZero) {
      result.push(input?.[i]);
      if (input !== undefined) left[i] = 1;
    } else if (dim === -1 || dim === undefined) {
      open.push(i);
      result.push(undefined);
    } else result.push(dim);
  });
  const [only] = open;
  if (only === undefined || open.length > 1) return result;
  const others = target.map((dim, i) => (i === only || (dim === 0 && !allowZero) ? 1 : dim));
  result[only] = remaining(left, others);
  return result;
}

/** Product of `from` over that of `taken`, with dimensions that stand in both left out first. */
function remaining(from: readonly Dim[], taken: readonly Dim[]): Dim {
  const numerator = [...from];
  const denominator = taken.filter(dim => {
    const at = dim === undefined ? -1 : numerator.indexOf(dim);
    if (at >= 0) numerator.splice(at, 1);
    return at < 0;
  });
  const divisor = productOf(denominator);
  return divisor === 0 ? undefined : floorDivDims(productOf(numerator), divisor);
}

const reshape: Rule = at => {
  const target = at.has(1) ? shapeInput(at, 1) : at.node.ints('shape');
  const allowZero = at.node.int('allowzero', 0) !== 0;
  return [tensor(at.elem(0), target && reshaped(at.shape(0), target, allowZero))];
};

const transpose: Rule = at => {
  const shape = at.shape(0);
  const perm = at.node.ints('perm') ?? shape?.map((_, i) => shape.length - 1 - i);
  return [
    tensor(
      at.elem(0),
      perm?.map(axis => shape?.[axis]),
    ),
  ];
};

const flatten: Rule = at => {
  const shape = at.shape(0);
  const axis = at.node.int('axis', 1);
  const cut = shape && (axis < 0 ? axis + shape.length : axis);
  return [
    tensor(at.elem(0), [
      productOf(shape?.slice(0, cut) ?? [undefined]),
      productOf(shape?.slice(cut) ?? [undefined]),
    ]),
  ];
};

const squeeze: Rule = at => {
  const shape = at.shape(0);
  const elem = at.elem(0);
  if (shape === undefined) return [tensor(elem, undefined)];
  const axes = at.list(1, 'axes');
  if (axes === undefined) {
    const known = !at.has(1) && shape.every(d => typeof d === 'number');
    return [tensor(elem, known ? shape.filter(d => d !== 1) : undefined)];
  }
  const gone = axesOf(axes, shape.length);
  return [tensor(elem, gone && shape.filter((_, i) => !gone.has(i)))];
};

const unsqueeze: Rule = at => {
  const shape = at.shape(0);
  const axes = at.list(1, 'axes');
  const rank = (shape?.length ?? 0) + (axes?.length ?? 0);
  const fresh = axes && axesOf(axes, rank);
  if (shape === undefined || fresh === undefined) return [tensor(at.elem(0), undefined)];
  const dims = shape.values();
  return [
    tensor(
      at.elem(0),
      Array.from({ length: rank }, (_, i) => (fresh.has(i) ? 1 : dims.next().value)),
    ),
  ];
};

const expand: Rule = at => [tensor(at.elem(0), broadcast([at.shape(0), shapeInput(at, 1)]))];

const tile: Rule = at => {
  const repeats = shapeInput(at, 1);
  return [
    tensor(
      at.elem(0),
      at.shape(0)?.map((d, i) => mulDims(d, repeats?.[i])),
    ),
  ];
};

const concat: Rule = at => {
  const shapes = at.shapes();
  const known = shapes.find(shape => shape !== undefined);
  const elem = at.node.inputs.map((_, i) => at.elem(i)).find(e => e !== undefined);
  const axis = known && axisOf(at.node.int('axis', 1), known.length);
  if (known === undefined || axis === undefined) return [tensor(elem, undefined)];
  let joined: Dim = 0;
  const rest = filled<Dim>(known.length, undefined);
  for (const shape of shapes) {
    joined = addDims(joined, shape?.[axis]);
    shape?.forEach((d, i) => {
      if (typeof rest[i] !== 'number') rest[i] = typeof d === 'number' ? d : (rest[i] ?? d);
    });
  }
  return [tensor(elem, withDim(rest, axis, joined))];
};

/** Sizes of the parts that a dimension is split into; without sizes the last part is the smaller one. */
export function splitSizes(dim: Dim, parts: number): Shape {
  const chunk = ceilDivDims(dim, parts);
  return Array.from({ length: parts }, (_, i) =>
    i < parts - 1 ? chunk : subDims(dim, mulDims(chunk, parts - 1)),
  );
}

const split: Rule = at => {
  const shape = at.shape(0);
  const elem = at.elem(0);
  const axis = shape && axisOf(at.node.int('axis', 0), shape.length);
  if (shape === undefined || axis === undefined) return at.node.outputs.map(() => tensor(elem, undefined));
  const given = at.has(1) ? at.data(1) : at.node.ints('split');
  const unknown = at.has(1) && given === undefined;
  const parts = at.node.outputs.length;
  const sizes = unknown ? unknownShape(parts) : (given ?? splitSizes(shape[axis], parts));
  return at.node.outputs.map((_, i) => tensor(elem, withDim(shape, axis, sizes[i])));
};

/** `pads` lists the beginnings of all axes, then the ends; both may be negative. */
const pad: Rule = at => {
  const shape = at.shape(0);
  const elem = at.elem(0);
  if (shape === undefined) return [tensor(elem, undefined)];
  const axes = at.has(3) ? at.numbers(3) : shape.map((_, i) => i);
  const pads = at.has(1) ? at.data(1) : (at.node.ints('pads') ?? at.node.ints('paddings'));
  if (axes === undefined || pads === undefined) return [tensor(elem, unknownShape(shape.length))];
  const padded = [...shape];
  axes.forEach((axis, i) => {
    const target = axisOf(axis, shape.length);
    if (target !== undefined)
      padded[target] = addDims(padded[target], addDims(pads[i], pads[i + axes.length]));
  });
  return [tensor(elem, padded)];
};

export const movement: Rules = {
  Reshape: reshape,
  Transpose: transpose,
  Flatten: flatten,
  Squeeze: squeeze,
  Unsqueeze: unsqueeze,
  Expand: expand,
  Tile: tile,
  Concat: concat,
  Split: split,
  Pad: pad,
};
