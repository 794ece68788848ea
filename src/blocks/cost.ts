import { bitsOf, type Node, readsOf, type Value } from '../ir/index.js';
import { evaluate, flopsOf, type Inferred } from '../ir/infer/index.js';
import type { Flow } from './flow.js';

/** What a set of nodes costs in one step. */
export interface Cost {
  /** Floating point operations; undefined where a size is open. */
  readonly flops: number | undefined;
  /** Bytes of the constants they need, each counted once. */
  readonly weightBytes: number;
  /** Bytes of what they compute; undefined where a size is open. */
  readonly activationBytes: number | undefined;
}

/** The cost of nodes with symbols as `sizes` says. */
export function costOf(
  nodes: Iterable<Node>,
  flow: Flow,
  inferred: Inferred,
  sizes: ReadonlyMap<string, number>,
): Cost {
  let flops: number | undefined = 0;
  let activationBytes: number | undefined = 0;
  const constants = new Set<Value>();
  for (const node of nodes) {
    const count = flopsOf(node, inferred, sizes);
    flops = flops === undefined || count === undefined ? undefined : flops + count;
    for (const output of node.outputs) {
      if (output === undefined || flow.isConstant(output)) continue;
      const bytes = bytesOf(output, inferred, sizes);
      activationBytes =
        activationBytes === undefined || bytes === undefined ? undefined : activationBytes + bytes;
    }
    for (const value of readsOf(node)) if (flow.isConstant(value)) constants.add(value);
  }
  return { flops, weightBytes: bytesBehind(constants), activationBytes };
}

function bytesOf(value: Value, inferred: Inferred, sizes: ReadonlyMap<string, number>): number | undefined {
  const type = inferred.typeOf(value);
  if (type?.kind !== 'tensor' || type.shape === undefined) return undefined;
  let bits = bitsOf(type.elem);
  for (const dim of type.shape) {
    const size = dim === undefined ? undefined : evaluate(dim, sizes);
    if (size === undefined) return undefined;
    bits *= size;
  }
  return bits / 8;
}

/** Bytes of the initializers that constants are made of, however transposed, cast or dequantised. */
function bytesBehind(constants: ReadonlySet<Value>): number {
  let bytes = 0;
  const seen = new Set<Value>();
  const work = [...constants];
  for (let value = work.pop(); value !== undefined; value = work.pop()) {
    if (seen.has(value)) continue;
    seen.add(value);
    if (value.initializer !== undefined) bytes += value.initializer.byteLength;
    else if (value.producer !== undefined) for (const read of readsOf(value.producer)) work.push(read);
  }
  return bytes;
}
