import type { Graph, Node } from '../../ir/index.js';
import type { Pairs } from './pairs.js';
import type { Side } from './side.js';

/** Stretches whose product of lengths is above this are paired greedily, without looking for the longest common part. */
const MOST = 250_000;

/** Free nodes that follow the same paired node, in the order of the file. */
interface Stretch {
  readonly a: Node[];
  readonly b: Node[];
}

/** Free nodes in stretches between paired nodes, aligned by a longest common subsequence of their signatures. */
export function alignInOrder(
  a: Side,
  pairs: Pairs,
  sign: (node: Node, which: 0 | 1) => number,
): [Node, Node][] {
  const found: [Node, Node][] = [];
  for (const graph of a.graphs) {
    const other = pairs.graph(graph, 0);
    if (other === undefined) continue;
    for (const stretch of stretches(graph, other, pairs)) {
      const x = stretch.a.map(node => sign(node, 0));
      const y = stretch.b.map(node => sign(node, 1));
      for (const [i, j] of common(x, y)) {
        const [from, to] = [stretch.a[i], stretch.b[j]];
        if (from !== undefined && to !== undefined) found.push([from, to]);
      }
    }
  }
  return found;
}

function stretches(a: Graph, b: Graph, pairs: Pairs): Stretch[] {
  const after = new Map<Node | undefined, Stretch>();
  let anchor: Node | undefined;
  for (const node of a.nodes) {
    const partner = pairs.node(node, 0);
    if (partner !== undefined) {
      if (partner.graph === b) anchor = partner;
      continue;
    }
    const stretch = after.get(anchor);
    if (stretch) stretch.a.push(node);
    else after.set(anchor, { a: [node], b: [] });
  }
  anchor = undefined;
  for (const node of b.nodes) {
    const partner = pairs.node(node, 1);
    if (partner === undefined) after.get(anchor)?.b.push(node);
    else if (partner.graph === a) anchor = node;
  }
  return [...after.values()].filter(s => s.b.length > 0);
}

/** Positions of a longest common subsequence, or of a common one that one pass finds where lists are long. */
export function common(x: readonly number[], y: readonly number[]): [number, number][] {
  const pairs: [number, number][] = [];
  if (x.length * y.length > MOST) {
    const places = new Map<number, number[]>();
    y.forEach((id, j) => {
      const list = places.get(id);
      if (list) list.push(j);
      else places.set(id, [j]);
    });
    let from = 0;
    x.forEach((id, i) => {
      const list = places.get(id);
      while (list !== undefined && list.length > 0 && (list[0] ?? 0) < from) list.shift();
      const j = list?.shift();
      if (j === undefined) return;
      pairs.push([i, j]);
      from = j + 1;
    });
    return pairs;
  }
  const width = y.length + 1;
  const length = new Uint32Array((x.length + 1) * width);
  const get = (i: number, j: number): number => length[i * width + j] ?? 0;
  for (let i = x.length - 1; i >= 0; i--)
    for (let j = y.length - 1; j >= 0; j--)
      length[i * width + j] = x[i] === y[j] ? get(i + 1, j + 1) + 1 : Math.max(get(i + 1, j), get(i, j + 1));
  for (let i = 0, j = 0; i < x.length && j < y.length; ) {
    if (x[i] === y[j]) pairs.push([i++, j++]);
    else if (get(i + 1, j) >= get(i, j + 1)) i++;
    else j++;
  }
  return pairs;
}
