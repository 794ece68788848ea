import { analyse, type Block } from '../../blocks/index.js';
import { Refusal } from '../../diagnostics/index.js';
import type { Graph, Model, Node } from '../../ir/index.js';
import type { GraphDiff } from '../diff/compare.js';
import { pathOf } from '../diff/render.js';
import { rangesText } from '../text.js';

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
  const rest = model.graph.nodes.filter(n => !box.has(n));
  if (blocks.size > 0) {
    const order = model.graph.nodes;
    const first = order.findIndex(n => box.has(n));
    const last = order.findLastIndex(n => box.has(n));
    order.forEach((node, i) => {
      if (!box.has(node))
        box.set(node, i < first ? 'before the blocks' : i > last ? 'after the blocks' : 'between blocks');
    });
  } else {
    const each = Math.max(1, Math.ceil(rest.length / PARTS));
    rest.forEach((node, i) => {
      const part = Math.floor(i / each);
      box.set(node, `nodes ${rangesText([part * each])}-${Math.min(rest.length, (part + 1) * each) - 1}`);
    });
  }
  return { box, blocks };
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
    const { graph } = node;
    if (graph === undefined) continue;
    const label = boxOf(node) ?? boxAbove(node, boxOf) ?? scopeOf(node);
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

/** A node inside a branch or body that is in no box of its own is in its owner's. */
function boxAbove(node: Node, boxOf: (node: Node) => string | undefined): string | undefined {
  for (let at = node.graph?.owner; at !== undefined; at = at.graph?.owner) {
    const box = boxOf(at);
    if (box !== undefined) return box;
  }
  return undefined;
}

/** `bwc/clock` of what bwc added, and else one box for all that was added to a graph. */
function scopeOf({ name }: Node): string {
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
