import { analyse, type Block } from '../../blocks/index.js';
import { Refusal } from '../../diagnostics/index.js';
import { type Graph, type Model, type Node, readsOf } from '../../ir/index.js';
import type { GraphDiff } from '../diff/compare.js';
import { pathOf } from '../diff/render.js';

/** What the parts that bwc adds are for, in a few words. */
export const PURPOSES: Readonly<Record<string, string>> = {
  'bwc/clock': 'which step it is, whether state is valid',
  'bwc/forecast': 'what is known when the step starts',
  'bwc/weights': 'weights of what is kept',
  'bwc/indicator': 'measures how much changed',
  'bwc/gate': 'chooses a branch',
  'bwc/reuse': 'stands in for the blocks',
  'bwc/compute': 'what is kept of a computed step',
  'bwc/conclude': 'state and signals for the next step',
};

/** What became of a node. `same`: neither changed nor moved. */
export type Status = 'same' | 'moved' | 'changed' | 'added' | 'removed';

/** A box of the folded drawing: a block, or nodes that lie together. */
export interface Unit {
  readonly label: string;
  readonly graph: Graph;
  readonly nodes: Node[];
  /** Number of the block, for a block. */
  readonly block: number | undefined;
  /** Index of the kind of block, for a block. */
  readonly group: number | undefined;
}

/** Boxes that nodes outside of blocks are spread over, in a model without blocks. */
const PARTS = 24;

/** The name of the box that each node of a model is drawn in, before what a rewrite did to it. */
export function boxesOf(model: Model): {
  box: ReadonlyMap<Node, string>;
  blocks: ReadonlyMap<string, Block>;
} {
  const box = new Map<Node, string>();
  const blocks = new Map<string, Block>();
  for (const block of blocksIn(model)) {
    const name = `block ${block.index}`;
    blocks.set(name, block);
    for (const node of block.nodes) box.set(node, name);
  }
  if (blocks.size > 0) nameOthers(model.graph, box, blocks);
  else {
    const { nodes } = model.graph;
    const each = Math.max(1, Math.ceil(nodes.length / PARTS));
    nodes.forEach((node, i) => {
      const part = Math.floor(i / each);
      box.set(node, `nodes ${part * each}-${Math.min(nodes.length, (part + 1) * each) - 1}`);
    });
  }
  return { box, blocks };
}

/** Boxes of nodes outside of blocks, by the last block that they follow from, and by whether a block follows from them. */
function nameOthers(graph: Graph, box: Map<Node, string>, blocks: ReadonlyMap<string, Block>): void {
  const last = new Map<Node, number>();
  const feeds = new Set<Node>();
  const blockOf = new Map([...box].map(([node, name]) => [node, blocks.get(name)?.index ?? -1]));
  const sources = (node: Node): Node[] => readsOf(node).flatMap(value => value.producer ?? []);
  for (const node of graph.nodes)
    last.set(node, blockOf.get(node) ?? Math.max(-1, ...sources(node).map(n => last.get(n) ?? -1)));
  for (const node of [...graph.nodes].reverse())
    if (blockOf.has(node) || feeds.has(node)) for (const source of sources(node)) feeds.add(source);
  for (const node of graph.nodes) {
    if (blockOf.has(node)) continue;
    const after = last.get(node) ?? -1;
    box.set(
      node,
      after < 0 ? 'before the blocks' : feeds.has(node) ? `after block ${after}` : 'after the blocks',
    );
  }
}

/** Blocks, where the model has any that bwc knows. */
function blocksIn(model: Model): readonly Block[] {
  try {
    return analyse(model).blocks;
  } catch (error) {
    if (error instanceof Refusal) return [];
    throw error;
  }
}

/** Nodes of one side in boxes: those of a block together wherever they went, what was added by scope. */
export function unitsOf(
  nodes: readonly Node[],
  boxOf: (node: Node) => string | undefined,
  blocks: ReadonlyMap<string, Block>,
): Unit[] {
  const units = new Map<string, Unit>();
  for (const node of nodes) {
    const shown = outermost(node, n => boxOf(n) !== undefined);
    const { graph } = shown;
    if (graph === undefined) continue;
    const label = boxOf(shown) ?? boxAbove(shown, boxOf) ?? scopeOf(shown);
    const key = `${pathOf(graph)}\n${label}`;
    let unit = units.get(key);
    if (unit === undefined) {
      const block = blocks.get(label);
      unit = { label, graph, nodes: [], block: block?.index, group: block?.group };
      units.set(key, unit);
    }
    unit.nodes.push(node);
  }
  return [...units.values()];
}

/**
 * The node that stands for one which was added inside a branch: its owner, where that is no gate of bwc's or lies in a
 * branch itself, so that frames are drawn one deep.
 */
function outermost(node: Node, isBoxed: (node: Node) => boolean): Node {
  let at = node;
  for (let owner = at.graph?.owner; owner !== undefined && !isBoxed(at); owner = at.graph?.owner) {
    const isInner = owner.graph?.owner !== undefined || (isOurs(owner) && !owner.name.startsWith('bwc/gate'));
    if (!isInner) break;
    at = owner;
  }
  return at;
}

function isOurs({ name }: Node): boolean {
  return name.startsWith('bwc/');
}

/** A node inside a branch or body that is in no box of its own is in its owner's. */
function boxAbove(node: Node, boxOf: (node: Node) => string | undefined): string | undefined {
  for (let at = node.graph?.owner; at !== undefined; at = at.graph?.owner) {
    const box = boxOf(at);
    if (box !== undefined) return box;
  }
  return undefined;
}

/** `bwc/clock` of what bwc added, each gate by itself, and else one box for all that was added to a graph. */
function scopeOf({ name }: Node): string {
  if (name.startsWith('bwc/gate')) return name;
  const parts = name.split('/').filter(part => part !== '');
  return parts[0] === 'bwc' && parts[1] !== undefined ? `bwc/${parts[1]}` : 'added';
}

export function statusOf(diff: GraphDiff | undefined): (node: Node) => Status {
  const found = new Map<Node, Status>();
  for (const { kind, a, b } of diff?.nodes ?? []) {
    if (a) found.set(a, kind);
    if (b) found.set(b, kind);
  }
  return node => found.get(node) ?? 'same';
}
