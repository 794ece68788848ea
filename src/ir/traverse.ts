import type { Graph } from './graph.js';
import { Node } from './node.js';
import type { Value } from './value.js';

/** The graph and all graphs nested in its nodes, outer ones first. */
export function* allGraphs(graph: Graph): IterableIterator<Graph> {
  yield graph;
  for (const node of graph.nodes) for (const sub of node.subgraphs) yield* allGraphs(sub);
}

/** All nodes, those of nested graphs after the node that holds them. */
export function* allNodes(graph: Graph): IterableIterator<Node> {
  for (const node of graph.nodes) {
    yield node;
    for (const sub of node.subgraphs) yield* allNodes(sub);
  }
}

/** Outer values that a subgraph reads, by its nodes at any depth or by returning them. */
export function captures(graph: Graph): Set<Value> {
  const inside = new Set<Graph>(allGraphs(graph));
  const outer = new Set<Value>();
  const look = (value: Value | undefined): void => {
    if (value?.graph !== undefined && !inside.has(value.graph)) outer.add(value);
  };
  for (const sub of inside) {
    for (const node of sub.nodes) node.inputs.forEach(look);
    sub.outputs.forEach(look);
  }
  return outer;
}

/** What a node reads: its inputs, and what its subgraphs capture. */
export function readsOf(node: Node): readonly Value[] {
  const { inputs, subgraphs } = node;
  if (subgraphs.length === 0 && isComplete(inputs)) return inputs;
  const reads = inputs.filter(value => value !== undefined);
  for (const sub of subgraphs) reads.push(...captures(sub));
  return reads;
}

/** True where no optional input was left out. */
function isComplete(inputs: readonly (Value | undefined)[]): inputs is readonly Value[] {
  return !inputs.includes(undefined);
}

/**
 * The node of `graph` that stands for a reader: the reader itself, or the node of `graph` in whose subgraph it
 * lies. Undefined when the reader is `graph` itself (a graph output) or lies outside.
 */
export function ancestorIn(graph: Graph, user: Node | Graph): Node | undefined {
  let node = user instanceof Node ? user : user.owner;
  if (user === graph) return undefined;
  while (node !== undefined && node.graph !== graph) node = node.graph?.owner;
  return node;
}

/** True when the reader lies in `graph` at any depth, or is it. */
export function isWithin(graph: Graph, user: Node | Graph): boolean {
  let at = user instanceof Node ? user.graph : user;
  while (at !== undefined && at !== graph) at = at.parent;
  return at === graph;
}

/** Position of each node in its graph's execution order. */
export function positions(graph: Graph): Map<Node, number> {
  return new Map(graph.nodes.map((node, i) => [node, i]));
}

/** Nodes of `graph` that `targets` need, the producers of `stop` and what lies before them left out. */
export function ancestors(
  graph: Graph,
  targets: Iterable<Value>,
  stop: ReadonlySet<Value> = new Set(),
): Set<Node> {
  const found = new Set<Node>();
  const work: Value[] = [...targets];
  for (let value = work.pop(); value !== undefined; value = work.pop()) {
    const node = value.producer;
    if (stop.has(value) || node === undefined || node.graph !== graph || found.has(node)) continue;
    found.add(node);
    for (const read of readsOf(node)) work.push(read);
  }
  return found;
}

/** Nodes of `graph` that depend on `sources`, not looking past values in `stop`. */
export function descendants(
  graph: Graph,
  sources: Iterable<Value>,
  stop: ReadonlySet<Value> = new Set(),
): Set<Node> {
  const found = new Set<Node>();
  const work: Value[] = [...sources];
  for (let value = work.pop(); value !== undefined; value = work.pop()) {
    for (const user of value.users) {
      const node = ancestorIn(graph, user);
      if (node === undefined || found.has(node)) continue;
      found.add(node);
      for (const output of node.outputs) if (output && !stop.has(output)) work.push(output);
    }
  }
  return found;
}

/** A stable topological order: nodes keep their relative order wherever dependencies allow it. */
export function topological(graph: Graph): Node[] {
  const index = positions(graph);
  const done = new Set<Node>();
  const order: Node[] = [];
  for (const root of graph.nodes) {
    const stack: { node: Node; waiting: Node[] }[] = [];
    const enter = (node: Node): void => {
      if (done.has(node)) return;
      done.add(node);
      const waiting: Node[] = [];
      for (const value of readsOf(node)) {
        const before = value.producer;
        if (before?.graph === graph && !done.has(before)) waiting.push(before);
      }
      waiting.sort((a, b) => (index.get(b) ?? 0) - (index.get(a) ?? 0));
      stack.push({ node, waiting });
    };
    enter(root);
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const next = top.waiting.pop();
      if (next !== undefined) enter(next);
      else {
        order.push(top.node);
        stack.pop();
      }
    }
  }
  return order;
}
