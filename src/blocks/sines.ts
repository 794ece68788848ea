import type { Node, Value } from '../ir/index.js';
import type { Flow } from './flow.js';

/**
 * What becomes of an input that is turned into sines and cosines before any weight: embedded, as a noise level is, or
 * used to rotate what attends, as positions are. An embedded one may also be read otherwise.
 */
export type Sines = 'embedded' | 'rotary';

/** Hops in which a sine must be reached. */
const REACH = 16;

/** Operators through which numbers pass on their way to a sine, and sines on their way to a weight or a core. */
const PASSED: ReadonlySet<string> = new Set([
  'Add',
  'Cast',
  'CastLike',
  'Clip',
  'Concat',
  'DequantizeLinear',
  'Div',
  'Expand',
  'Flatten',
  'Gather',
  'Identity',
  'Log',
  'Max',
  'Mul',
  'QuantizeLinear',
  'Reshape',
  'Slice',
  'Split',
  'Squeeze',
  'Sub',
  'Tile',
  'Transpose',
  'Unsqueeze',
]);

/** Products with fixed frequencies: the only weights in front of a sine. */
const FREQUENCIES: ReadonlySet<string> = new Set(['MatMul', 'Einsum', 'Gemm']);

/** Operators that take no data from what they read. */
const BLIND: ReadonlySet<string> = new Set(['Shape', 'Size']);

/** How an input becomes sines and cosines, or undefined when it does not. */
export function sinesOf(flow: Flow, input: Value): Sines | undefined {
  const waves: Value[] = [];
  let onlyWaves = true;
  walk([input], REACH, node => {
    if (node.op === 'Sin' || node.op === 'Cos') waves.push(...outputsOf(node));
    else if (PASSED.has(node.op) || FREQUENCIES.has(node.op)) return true;
    else onlyWaves &&= BLIND.has(node.op);
    return false;
  });
  if (waves.length === 0) return undefined;
  let weighted = false;
  let attends = false;
  walk(waves, Number.POSITIVE_INFINITY, node => {
    if (flow.isAttentionCore(node)) attends = true;
    else if (flow.isProjection(node)) weighted = true;
    return PASSED.has(node.op);
  });
  return attends && !weighted && onlyWaves ? 'rotary' : 'embedded';
}

/** Visits each reader once, breadth first, and goes on behind those for which `visit` says so. */
function walk(from: readonly Value[], reach: number, visit: (node: Node) => boolean): void {
  const seen = new Set<Node>();
  let front = from;
  for (let hop = 0; hop < reach && front.length > 0; hop++) {
    const next: Value[] = [];
    for (const value of front) {
      for (const user of value.users) {
        if (!('opType' in user) || seen.has(user)) continue;
        seen.add(user);
        if (visit(user)) next.push(...outputsOf(user));
      }
    }
    front = next;
  }
}

function outputsOf(node: Node): Value[] {
  return node.outputs.filter(value => value !== undefined);
}
