import type { Block } from '../../blocks/index.js';
import type { Model, Node } from '../../ir/index.js';
import type { GraphDiff } from '../diff/compare.js';
import { nodeText, pathOf } from '../diff/render.js';
import { sideOf } from '../diff/side.js';
import { type Drawing, MOST_DRAWN } from './draw.js';
import { boxesOf, type Status, statusOf, type Unit, unitsOf } from './units.js';

/** A node: its text and what became of it; a number where it is the node before, in a list where that was moved. */
type NodeData = readonly [string] | readonly [string, Status] | number | readonly [number];

interface UnitData {
  readonly label: string;
  readonly path: string;
  readonly nodes: readonly number[];
  /** Index into the drawings; null for a unit that is only listed. */
  readonly drawing: number | null;
  readonly note: string;
}

interface SideData {
  readonly units: readonly UnitData[];
  readonly nodes: readonly NodeData[];
}

/** What the page's program works from. */
export interface PageData {
  readonly before: SideData;
  readonly after: SideData | null;
  readonly drawings: readonly string[];
}

export interface Pictures {
  readonly data: PageData;
  /** Folded drawings of both sides. */
  readonly before: string;
  readonly after: string | null;
  readonly blocks: ReadonlyMap<string, Block>;
}

/** Most drawings of units, so that the file stays small. */
const DRAWINGS = 16;

const TEXT = 200;

/** Folds, draws and lists one model, or two beside each other. */
export function picturesOf(model: Model, diff: GraphDiff | undefined, drawing: Drawing): Pictures {
  const { box, blocks } = boxesOf(model);
  const side = diff?.a ?? sideOf(model.graph, undefined);
  const status = statusOf(diff);
  const drawings: string[] = [];
  const drawn = new Map<string, { drawing: number; label: string }>();
  const draw = (unit: Unit): { drawing: number | null; note: string } => {
    const key = `${unit.label.startsWith('block ') ? `group ${unit.group}` : unit.label} ${unit.nodes.map(status).join()}`;
    const known = drawn.get(key);
    if (known) return { drawing: known.drawing, note: `Drawn as ${known.label}, which is like it.` };
    if (unit.nodes.length > MOST_DRAWN) return { drawing: null, note: 'Too many nodes to draw: listed.' };
    if (drawings.length >= DRAWINGS) return { drawing: null, note: 'Listed.' };
    const index = drawings.push(drawing.unit(unit.nodes, status, `Nodes of ${unit.label}`)) - 1;
    drawn.set(key, { drawing: index, label: unit.label });
    return { drawing: index, note: '' };
  };
  const unitData = (unit: Unit, index: ReadonlyMap<Node, number>): UnitData => ({
    label: unit.label,
    path: pathOf(unit.graph),
    nodes: unit.nodes.map(n => index.get(n) ?? 0),
    ...draw(unit),
  });
  const before = unitsOf(side.nodes, n => box.get(n), blocks);
  const after = diff && unitsOf(diff.b.nodes, n => partnerBox(n, diff, box), blocks);
  const ids = (units: readonly Unit[], name: string): string[] => units.map((_, i) => `${name}-${i}`);
  const look = (unit: Unit): Status => together(unit.nodes.map(status));
  return {
    data: {
      before: {
        units: before.map(u => unitData(u, side.nodeIndex)),
        nodes: side.nodes.map((n): NodeData => {
          const found = status(n);
          return found === 'same' ? [textOf(n)] : [textOf(n), found];
        }),
      },
      after:
        after === undefined || diff === undefined
          ? null
          : {
              units: after.map(u => unitData(u, diff.b.nodeIndex)),
              nodes: diff.b.nodes.map((n): NodeData => {
                const found = status(n);
                const partner = diff.pairs.node(n, 1);
                const at = partner && diff.a.nodeIndex.get(partner);
                if (at === undefined || found === 'changed' || found === 'added') return [textOf(n), found];
                return found === 'moved' ? [at] : at;
              }),
            },
      drawings,
    },
    before: drawing.overview(before, ids(before, 'before'), look, 'The model before, folded'),
    after:
      after === undefined
        ? null
        : drawing.overview(after, ids(after, 'after'), look, 'The model after, folded'),
    blocks,
  };
}

function partnerBox(node: Node, diff: GraphDiff, box: ReadonlyMap<Node, string>): string | undefined {
  const partner = diff.pairs.node(node, 1);
  return partner && box.get(partner);
}

/** One status for many nodes: the gravest. */
function together(all: readonly Status[]): Status {
  for (const status of ['changed', 'removed', 'added', 'moved'] as const)
    if (all.some(s => s === status)) return status;
  return 'same';
}

/** A node that holds branches goes by its name: its outputs may be called after what they carry. */
function textOf(node: Node): string {
  const text = nodeText(node, TEXT);
  return node.subgraphs.length > 0 && node.name !== '' ? `${node.name}: ${text}` : text;
}
