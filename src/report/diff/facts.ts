import { z } from 'zod';
import type { Node, Value } from '../../ir/index.js';
import { modelHash } from '../../onnx/index.js';
import type { GraphDiff, NodeChange } from './compare.js';
import { isEmpty, type ModelDiff } from './diff.js';
import { deltaOf } from './encode.js';
import { deltaSchema } from './encoded.js';
import { movesOf, placesOf } from './places.js';
import { nodeText, pathOf } from './render.js';
import { type RewriteFacts, rewriteOf, rewriteSchema } from './rewrite.js';
import { operatorOf } from './signature.js';

const change = z.object({ what: z.string(), before: z.string().nullable(), after: z.string().nullable() });

const nodeRef = z
  .object({
    index: z.number().int().describe('in the file, nodes of nested graphs behind the one that holds them'),
    path: z.string().describe('graph › node › branch'),
    name: z.string(),
    op: z.string(),
    text: z.string(),
  })
  .nullable();

const kind = z.enum(['added', 'removed', 'changed', 'moved']);

const counts = z.object({
  before: z.number().int(),
  after: z.number().int(),
  kept: z.number().int().describe('neither changed nor moved'),
  moved: z.number().int(),
  changed: z.number().int(),
  added: z.number().int(),
  removed: z.number().int(),
});

const side = z.object({ path: z.string().nullable(), sha256: z.string().describe('as in manifests') });

/** What `bwc diff --json` prints. */
export const diffSchema = z.object({
  format: z.literal('bwc.diff'),
  version: z.literal(1),
  before: side,
  after: side,
  equal: z.boolean().describe('true when nothing but names, documentation and types of inner values differs'),
  nodes: counts,
  weights: counts,
  operators: z.array(
    z.object({ op: z.string(), added: z.number(), removed: z.number(), changed: z.number() }),
  ),
  model: z.array(change).describe('opsets, producer, metadata'),
  graphs: z
    .array(z.object({ path: z.string(), change }))
    .describe('inputs, outputs, documentation of graphs'),
  changes: z.array(
    z.object({ kind, moved: z.boolean(), before: nodeRef, after: nodeRef, changes: z.array(change) }),
  ),
  weightChanges: z.array(
    z.object({
      kind,
      before: z.string().nullable().describe('name'),
      after: z.string().nullable(),
      changes: z.array(change),
    }),
  ),
  moves: z.array(z.object({ from: z.string(), to: z.string(), nodes: z.number().int() })),
  places: z
    .array(
      z.object({
        path: z.string(),
        changes: z.array(z.number().int()).describe('indices into `changes`'),
        alike: z.array(z.array(z.number().int())),
      }),
    )
    .describe('changes that hang together; where many places are changed alike, the first stands for all'),
  functions: z.array(z.object({ name: z.string(), kind, changes: z.array(change), nodes: z.number().int() })),
  notes: z.object({
    renamed: z.number().int(),
    remarks: z.number().int().describe('documentation, metadata and declared types of inner values'),
    rewired: z.number().int().describe('inputs that read the same through an added gate or copy'),
    stored: z.number().int().describe('weights stored elsewhere with the same contents'),
    defaults: z.number().int().describe('attributes written at their default here, and left out there'),
    sampled: z.number().int().describe('weights of more than 16 MiB of which 1 MiB of samples was compared'),
    missing: z.number().int().describe('external weights that are not there, compared by reference'),
  }),
  rewrite: rewriteSchema.nullable().describe('what bwc put in, in the words of its plan'),
  delta: deltaSchema.optional().describe('what `bwc patch` applies'),
});

export type DiffFacts = z.infer<typeof diffSchema>;

/** What the terminal and the page need: all but hashes, every single node, and what `bwc patch` applies. */
export type ShownFacts = Omit<DiffFacts, 'before' | 'after' | 'changes' | 'delta'>;

/** @param withDelta whether it can be applied by `bwc patch` */
export function diffFacts(diff: ModelDiff, withDelta: boolean): DiffFacts {
  const { format, version, ...rest } = shownFacts(diff);
  const sideFacts = ({ path, model }: ModelDiff['a']): DiffFacts['before'] => ({
    path: path ?? null,
    sha256: modelHash(model),
  });
  return {
    format,
    version,
    before: sideFacts(diff.a),
    after: sideFacts(diff.b),
    ...rest,
    changes: diff.main.nodes.map(n => ({
      kind: n.kind,
      moved: n.moved,
      before: refOf(n.a, diff.main, 0),
      after: refOf(n.b, diff.main, 1),
      changes: n.changes.map(c => ({ ...c })),
    })),
    ...(withDelta ? { delta: deltaOf(diff) } : {}),
  };
}

export function shownFacts(diff: ModelDiff): ShownFacts {
  const { main } = diff;
  const index = new Map(main.nodes.map((n, i) => [n, i]));
  const indices = (nodes: readonly NodeChange[]): number[] => nodes.map(n => index.get(n) ?? -1);
  const rewrite: RewriteFacts | null = rewriteOf(diff);
  return {
    format: 'bwc.diff',
    version: 1,
    equal: isEmpty(diff),
    nodes: nodeCounts(main),
    weights: weightCounts(main),
    operators: operatorCounts(main),
    model: diff.fields.map(f => ({ ...f })),
    graphs: main.graphs.map(g => ({ path: pathOf(g.graph), change: { ...g.change } })),
    weightChanges: main.weights.map(w => ({
      kind: w.kind,
      before: w.a?.name ?? null,
      after: w.b?.name ?? null,
      changes: w.changes.map(c => ({ ...c })),
    })),
    moves: movesOf(main).map(m => ({ from: m.from, to: m.to, nodes: m.nodes.length })),
    places: placesOf(main).map(p => ({
      path: p.path,
      changes: indices(p.nodes),
      alike: p.alike.map(indices),
    })),
    functions: diff.functions.map(f => ({
      name: f.name,
      kind: f.kind,
      changes: f.changes.map(c => ({ ...c })),
      nodes: f.body?.nodes.length ?? 0,
    })),
    notes: {
      renamed: main.renamed,
      remarks: main.remarks.length,
      rewired: main.rewired,
      stored: main.stored,
      defaults: main.defaults,
      sampled: diff.sampled,
      missing: diff.missing,
    },
    rewrite,
  };
}

type Counts = DiffFacts['nodes'];

export function nodeCounts({ a, b, nodes }: GraphDiff): Counts {
  const count = (test: (n: NodeChange) => boolean): number => nodes.filter(test).length;
  const removed = count(n => n.kind === 'removed');
  return {
    before: a.nodes.length,
    after: b.nodes.length,
    kept: a.nodes.length - removed - count(n => n.kind === 'changed' || n.kind === 'moved'),
    moved: count(n => n.moved),
    changed: count(n => n.kind === 'changed'),
    added: count(n => n.kind === 'added'),
    removed,
  };
}

function weightCounts({ a, b, weights }: GraphDiff): Counts {
  const total = (graphs: GraphDiff['a']['graphs']): number => {
    const all: Value[] = graphs.flatMap(g => [...g.initializers]);
    return all.length;
  };
  const count = (k: string): number => weights.filter(w => w.kind === k).length;
  const before = total(a.graphs);
  return {
    before,
    after: total(b.graphs),
    kept: before - count('removed') - count('changed') - count('moved'),
    moved: count('moved'),
    changed: count('changed'),
    added: count('added'),
    removed: count('removed'),
  };
}

/** Operators that came, went or were changed, the most affected first. */
function operatorCounts({ nodes }: GraphDiff): DiffFacts['operators'] {
  const found = new Map<string, { op: string; added: number; removed: number; changed: number }>();
  for (const { kind: what, a, b } of nodes) {
    const node = b ?? a;
    if (what === 'moved' || node === undefined) continue;
    const op = operatorOf(node);
    const entry = found.get(op) ?? { op, added: 0, removed: 0, changed: 0 };
    entry[what]++;
    found.set(op, entry);
  }
  const size = (e: { added: number; removed: number; changed: number }): number =>
    e.added + e.removed + e.changed;
  return [...found.values()].sort((x, y) => size(y) - size(x) || (x.op < y.op ? -1 : 1));
}

function refOf(node: Node | undefined, diff: GraphDiff, which: 0 | 1): z.infer<typeof nodeRef> {
  if (node?.graph === undefined) return null;
  const index = (which === 0 ? diff.a : diff.b).nodeIndex.get(node) ?? -1;
  return { index, path: pathOf(node.graph), name: node.name, op: operatorOf(node), text: nodeText(node) };
}
