import type { Dim, Shape } from '../../types.js';
import { axesOf, axisOf, type Rule, type Rules, type Site, tensor, unknownShape } from '../site.js';

function reduced(shape: Shape, axes: ReadonlySet<number>, keep: boolean): Shape {
  return keep ? shape.map((d, i): Dim => (axes.has(i) ? 1 : d)) : shape.filter((_, i) => !axes.has(i));
}

/** Axes come as an attribute, or as an input since opset 18 (13 for `ReduceSum`); none means all. */
function shapeOfReduction(at: Site): Shape | undefined {
  const shape = at.shape(0);
  const keep = at.node.int('keepdims', 1) !== 0;
  if (shape === undefined) return undefined;
  const axes = at.list(1, 'axes');
  if (axes === undefined && at.has(1)) return keep ? unknownShape(shape.length) : undefined;
  if (axes === undefined || axes.length === 0) {
    const nothing = at.node.int('noop_with_empty_axes', 0) !== 0;
    return nothing ? shape : reduced(shape, new Set(shape.keys()), keep);
  }
  const found = axesOf(axes, shape.length);
  return found && reduced(shape, found, keep);
}

const reduce: Rule = at => [tensor(at.elem(0), shapeOfReduction(at))];

const argExtreme: Rule = at => {
  const shape = at.shape(0);
  const axis = shape && axisOf(at.node.int('axis', 0), shape.length);
  if (shape === undefined || axis === undefined) return [tensor('int64', undefined)];
  return [tensor('int64', reduced(shape, new Set([axis]), at.node.int('keepdims', 1) !== 0))];
};

const REDUCTIONS = ['L1', 'L2', 'LogSum', 'LogSumExp', 'Max', 'Mean', 'Min', 'Prod', 'Sum', 'SumSquare'];

export const reduction: Rules = {
  ...Object.fromEntries(REDUCTIONS.map(name => [`Reduce${name}`, reduce])),
  ArgMax: argExtreme,
  ArgMin: argExtreme,
};
