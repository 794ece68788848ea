import type { Node, Value } from '../ir/index.js';
import { type Flow, operands } from './flow.js';

/** `parallel` is attention and feed-forward in one update; `joint-attention` attends over several streams at once. */
export type BranchKind =
  | 'self-attention'
  | 'joint-attention'
  | 'cross-attention'
  | 'feed-forward'
  | 'parallel';

/**
 * One residual update of a stream, `out = skip + branch(skip)`: the smallest repeated step of a transformer.
 * It is known by its wiring alone: an addition whose one operand is an ancestor of the other, with a weight on
 * the way.
 */
export interface Update {
  readonly add: Node;
  /** The stream before the update (before a conversion of its type). */
  readonly skip: Value;
  /** The branch's result, the other operand of the addition. */
  readonly result: Value;
  readonly out: Value;
  /** Nodes on the paths from `skip` to `result`, in execution order. */
  readonly cone: readonly Node[];
  readonly kind: BranchKind;
  /** What the branch's first projections read: the normalised, modulated stream. */
  readonly input: Value;
  /** Products of data with data in the cone; two updates that share one are computed jointly. */
  readonly cores: readonly Node[];
  /** Operators and weight shapes in order: equal for the same branch of two blocks. */
  readonly signature: string;
}

/** Longest backward search for a skip operand, in nodes: no real branch comes near it. */
const SEARCH_LIMIT = 4000;

/** All residual updates of a graph, in execution order. */
export function findUpdates(flow: Flow): Update[] {
  const updates: Update[] = [];
  for (const node of flow.graph.nodes) {
    if (node.op !== 'Add') continue;
    const [a, b] = node.inputs;
    if (a === undefined || b === undefined || flow.isConstant(a) || flow.isConstant(b)) continue;
    const [near, result] = flow.at(settled(a)) <= flow.at(settled(b)) ? [a, b] : [b, a];
    const skip = settled(near);
    const cone = coneBetween(flow, skip, result);
    if (cone === undefined) continue;
    const projections = cone.filter(n => flow.isProjection(n));
    const first = projections[0];
    if (first === undefined) continue;
    const input = operands(first).find(v => !flow.isConstant(v));
    if (input === undefined) continue;
    const cores = cone.filter(n => flow.isAttentionCore(n));
    updates.push({
      add: node,
      skip,
      result,
      out: node.output,
      cone,
      kind: kindOf(flow, skip, result, cone, cores),
      input,
      cores,
      signature: signatureOf(cone),
    });
  }
  return updates;
}

/** The value behind conversions that only change the type: exporters convert the skip operand by itself. */
function settled(value: Value): Value {
  let at = value;
  while (at.producer?.op === 'Cast' || at.producer?.op === 'Identity') {
    const [from] = at.producer.inputs;
    if (from === undefined) break;
    at = from;
  }
  return at;
}

/** Nodes on paths from `from` to `to`, or undefined when there is no path. */
function coneBetween(flow: Flow, from: Value, to: Value): Node[] | undefined {
  const floor = flow.at(from);
  const seen = new Set<Node>();
  const work: Value[] = [to];
  let reached = false;
  for (let value = work.pop(); value !== undefined; value = work.pop()) {
    if (value === from) {
      reached = true;
      continue;
    }
    const node = value.producer;
    if (node === undefined || seen.has(node) || flow.at(value) <= floor || node.graph !== flow.graph)
      continue;
    if (seen.size >= SEARCH_LIMIT) return undefined;
    seen.add(node);
    for (const input of node.inputs) if (input !== undefined && !flow.isConstant(input)) work.push(input);
  }
  if (!reached) return undefined;
  const order = (node: Node): number => flow.position.get(node) ?? 0;
  const on = new Set<Value>([from]);
  const cone: Node[] = [];
  for (const node of [...seen].sort((a, b) => order(a) - order(b))) {
    if (!node.inputs.some(v => v !== undefined && on.has(v))) continue;
    cone.push(node);
    for (const output of node.outputs) if (output) on.add(output);
  }
  return cone;
}

function kindOf(
  flow: Flow,
  skip: Value,
  result: Value,
  cone: readonly Node[],
  cores: readonly Node[],
): BranchKind {
  const core = cores[0];
  if (core === undefined) return 'feed-forward';
  if (hasFeedForwardPath(flow, skip, result, cone, cores)) return 'parallel';
  const inside = new Set<Value>([skip]);
  for (const node of cone) for (const output of node.outputs) if (output) inside.add(output);
  const streamed = core.inputs.slice(0, 3).filter(v => v !== undefined && inside.has(v));
  return streamed.length > 1 ? 'self-attention' : 'cross-attention';
}

/** True when a path from the stream to the result goes around attention through two weights or more. */
function hasFeedForwardPath(
  flow: Flow,
  skip: Value,
  result: Value,
  cone: readonly Node[],
  cores: readonly Node[],
): boolean {
  const blocked = new Set(cores);
  const weights = new Map<Value, number>([[skip, 0]]);
  for (const node of cone) {
    if (blocked.has(node)) continue;
    let most = -1;
    for (const value of node.inputs) if (value !== undefined) most = Math.max(most, weights.get(value) ?? -1);
    if (most < 0) continue;
    const here = most + (flow.isProjection(node) ? 1 : 0);
    for (const output of node.outputs) if (output) weights.set(output, here);
  }
  return (weights.get(result) ?? 0) >= 2;
}

function signatureOf(cone: readonly Node[]): string {
  return cone
    .map(node => {
      const dims = node.inputs
        .filter(v => v?.initializer !== undefined)
        .map(v => v?.initializer?.dims.join('x'));
      return dims.length === 0 ? node.op : `${node.op}:${dims.join(',')}`;
    })
    .join(' ');
}
