import type { Dim, Shape } from '../../types.js';
import { floorDivDims, mulDims } from '../dims.js';
import { axisOf, type Rule, type Rules, type Site, tensor, unknownShape } from '../site.js';

/** `floor(dim * scale)`, computed in float32 as ONNX Runtime does; symbols take scales that stay exact. */
function scaled(dim: Dim, scale: Dim): Dim {
  if (typeof scale !== 'number' || dim === undefined) return undefined;
  if (typeof dim === 'number') return Math.floor(Math.fround(dim * scale));
  if (Number.isInteger(scale)) return mulDims(dim, scale);
  const inverse = 1 / scale;
  return Number.isInteger(Math.log2(inverse)) ? floorDivDims(dim, inverse) : undefined;
}

interface Targets {
  readonly scales: readonly Dim[] | undefined;
  readonly sizes: readonly Dim[] | undefined;
}

/** Where scales and sizes are given changed with opsets 9 (input), 10 (`Resize`) and 11 (roi, sizes). */
function targetsOf(at: Site): Targets {
  if (at.node.op === 'Upsample')
    return { scales: at.has(1) ? at.data(1) : floats(at, 'scales'), sizes: undefined };
  if (at.opset < 11) return { scales: at.data(1), sizes: undefined };
  const sizes = at.has(3) ? at.data(3) : undefined;
  const scales = at.has(2) ? at.data(2) : undefined;
  return { scales: scales?.length === 0 ? undefined : scales, sizes };
}

function floats(at: Site, name: string): readonly number[] | undefined {
  const attribute = at.attribute(name);
  return attribute?.kind === 'floats' ? attribute.value : undefined;
}

const resize: Rule = at => {
  const shape = at.shape(0);
  if (shape === undefined) return [tensor(at.elem(0), undefined)];
  return [tensor(at.elem(0), resized(at, shape))];
};

function resized(at: Site, shape: Shape): Shape {
  const { scales, sizes } = targetsOf(at);
  const axes = (at.node.ints('axes') ?? shape.map((_, i) => i)).map(axis => axisOf(axis, shape.length));
  const stretched = (at.node.string('keep_aspect_ratio_policy') ?? 'stretch') === 'stretch';
  if (sizes === undefined && scales === undefined)
    return axes.length === shape.length ? unknownShape(shape.length) : open(shape, axes);
  if (sizes !== undefined && !stretched) return open(shape, axes);
  const result = [...shape];
  axes.forEach((axis, i) => {
    if (axis !== undefined) result[axis] = sizes === undefined ? scaled(shape[axis], scales?.[i]) : sizes[i];
  });
  return result;
}

function open(shape: Shape, axes: readonly (number | undefined)[]): Shape {
  return shape.map((d, i) => (axes.includes(i) ? undefined : d));
}

export const resizing: Rules = { Resize: resize, Upsample: resize };
