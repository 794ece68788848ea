import { refuse } from '../diagnostics/index.js';
import { type Dim, type Node, type Shape, type TensorType, tensorType, type Value } from '../ir/index.js';
import { evaluate, flopsOf, type Inferred } from '../ir/infer/index.js';
import { stateElem } from './plan.js';

/** Type and shape of a value, or BWC204. */
export function tensorTypeOf(inferred: Inferred, value: Value): TensorType {
  const type = inferred.typeOf(value);
  if (type?.kind !== 'tensor') return refuse('BWC204', { value: value.name, what: 'type' });
  if (type.shape === undefined) return refuse('BWC204', { value: value.name, what: 'shape' });
  return tensorType(type.elem, type.shape);
}

/**
 * Type of the state for a value. A default value must match every fixed dimension, so where state has defaults and
 * all sizes are fixed, the first is given a symbol: the default is then empty and not as large as the state.
 */
export function stateType(type: TensorType, defaults: boolean): TensorType {
  const [first, ...rest] = type.shape ?? [];
  const fixed = typeof first === 'number' && rest.every(d => typeof d === 'number');
  return tensorType(stateElem(type.elem), defaults && fixed ? ['bwc_state', ...rest] : type.shape);
}

export function sameShape(inferred: Inferred, a: Value, b: Value): boolean {
  const x = inferred.shapeOf(a);
  const y = inferred.shapeOf(b);
  return (
    x !== undefined &&
    y !== undefined &&
    x.length === y.length &&
    x.every((d, i) => d !== undefined && d === y[i])
  );
}

/** Product of dimensions for a batch of one, or undefined when another size is open. */
export function sizeOf(shape: Shape, batch: Dim): number | undefined {
  const binding = new Map<string, number>(typeof batch === 'string' ? [[batch, 1]] : []);
  let size = 1;
  for (const dim of shape) {
    const known = dim === undefined ? undefined : evaluate(dim, binding);
    if (known === undefined) return undefined;
    size *= known;
  }
  return size;
}

/** Floating point operations of one sample, or undefined when another size than the batch is open. */
export function sumFlops(nodes: readonly Node[], inferred: Inferred, batch: Dim): number | undefined {
  const binding = new Map<string, number>(typeof batch === 'string' ? [[batch, 1]] : []);
  let sum = 0;
  for (const node of nodes) {
    const flops = flopsOf(node, inferred, binding);
    if (flops === undefined) return undefined;
    sum += flops;
  }
  return sum;
}
