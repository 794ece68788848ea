import type { Graph, Node } from '../../ir/index.js';
import type { GraphDiff, NodeChange } from './compare.js';
import { pathOf } from './render.js';
import { type Side, usesOf } from './side.js';
import { operatorOf } from './signature.js';

/** Changed nodes that hang together, and other places where the same was changed. */
export interface Place {
  readonly path: string;
  readonly nodes: readonly NodeChange[];
  /** The same change elsewhere, this one left out. */
  readonly alike: readonly (readonly NodeChange[])[];
}

/** Nodes that went from one graph to another. */
export interface Move {
  readonly from: string;
  readonly to: string;
  readonly nodes: readonly NodeChange[];
}

/** Changed, added and removed nodes by place; what was changed alike in many places is given once. */
export function placesOf(diff: GraphDiff): Place[] {
  const changes = diff.nodes.filter(n => n.kind !== 'moved');
  const order = ordered(diff);
  const folds = new Map<string, { nodes: NodeChange[]; alike: NodeChange[][] }>();
  for (const cluster of clusters(diff, changes)) {
    cluster.sort((x, y) => (order.get(x) ?? 0) - (order.get(y) ?? 0));
    const key = cluster.map(lookOf).join('\n');
    const fold = folds.get(key);
    if (fold) fold.alike.push(cluster);
    else folds.set(key, { nodes: cluster, alike: [] });
  }
  return [...folds.values()].map(({ nodes, alike }) => ({ path: placeOf(nodes), nodes, alike }));
}

export function movesOf(diff: GraphDiff): Move[] {
  const moves = new Map<string, { from: string; to: string; nodes: NodeChange[] }>();
  for (const change of diff.nodes) {
    if (!change.moved) continue;
    const [from, to] = [pathOfNode(change.a), pathOfNode(change.b)];
    const key = `${from}\n${to}`;
    const move = moves.get(key);
    if (move) move.nodes.push(change);
    else moves.set(key, { from, to, nodes: [change] });
  }
  return [...moves.values()];
}

function pathOfNode(node: Node | undefined): string {
  return node?.graph === undefined ? '' : pathOf(node.graph);
}

function placeOf(nodes: readonly NodeChange[]): string {
  const graphs = new Set<Graph>();
  for (const { a, b } of nodes) {
    const { graph } = b ?? a ?? {};
    if (graph !== undefined) graphs.add(graph);
  }
  return [...new Set([...graphs].map(pathOf))].join(', ');
}

/** What of a change is the same wherever it is made: no names, no places. */
function lookOf({ kind, a, b, changes }: NodeChange): string {
  const node = b ?? a;
  const parts = changes.map(c =>
    c.what.startsWith('input') || c.what.startsWith('output') ? c.what : `${c.what} ${c.before} ${c.after}`,
  );
  return `${kind} ${node ? operatorOf(node) : ''} ${node?.inputs.length} ${parts.join(' ')}`;
}

/** Changes joined where one reads what another gives. */
function clusters(diff: GraphDiff, changes: readonly NodeChange[]): NodeChange[][] {
  const parent = changes.map((_, i) => i);
  const find = (i: number): number => {
    let root = i;
    while (parent[root] !== undefined && parent[root] !== root) root = parent[root] ?? root;
    for (let at = i; at !== root; ) {
      const next = parent[at] ?? root;
      parent[at] = root;
      at = next;
    }
    return root;
  };
  const join = (nodes: ReadonlyMap<Node, number>, side: Side): void => {
    for (const [node, i] of nodes) {
      for (const value of node.outputs) {
        if (value === undefined) continue;
        for (const { user } of usesOf(side, value)) {
          const reader = 'opType' in user ? user : user.owner;
          const j = reader && nodes.get(reader);
          if (j !== undefined) parent[find(j)] = find(i);
        }
      }
      const owner = node.graph?.owner;
      const above = owner && nodes.get(owner);
      if (above !== undefined) parent[find(above)] = find(i);
    }
  };
  const on = (which: 'a' | 'b'): Map<Node, number> =>
    new Map(changes.flatMap((c, i) => (c[which] ? [[c[which], i] as const] : [])));
  join(on('a'), diff.a);
  join(on('b'), diff.b);
  const groups = new Map<number, NodeChange[]>();
  changes.forEach((change, i) => {
    const root = find(i);
    const group = groups.get(root);
    if (group) group.push(change);
    else groups.set(root, [change]);
  });
  return [...groups.values()];
}

/** One order of both sides: that of the model after, what was removed behind what it followed. */
function ordered(diff: GraphDiff): Map<NodeChange, number> {
  const order = new Map<NodeChange, number>();
  const removed = new Map<Node, NodeChange>();
  for (const change of diff.nodes) {
    if (change.b) order.set(change, diff.b.nodeIndex.get(change.b) ?? 0);
    else if (change.a) removed.set(change.a, change);
  }
  let last = -1;
  diff.a.nodes.forEach((node, i) => {
    const partner = diff.pairs.node(node, 0);
    if (partner !== undefined) last = diff.b.nodeIndex.get(partner) ?? last;
    const change = removed.get(node);
    if (change) order.set(change, last + 0.5 + i / (4 * diff.a.nodes.length));
  });
  return order;
}
