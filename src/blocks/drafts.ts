import type { Node, Value } from '../ir/index.js';
import type { Flow } from './flow.js';
import { formsOf, type Update } from './residuals.js';

/** The updates of one block, before it is known what else belongs to it. */
export interface Draft {
  readonly updates: Update[];
}

/** For each update those that its skip operand comes from. */
export type Before = ReadonlyMap<Update, readonly Update[]>;

/** Operators that only rearrange, select, join or convert: the stream goes through them. */
const TRANSPARENT: ReadonlySet<string> = new Set([
  'Identity',
  'Cast',
  'Reshape',
  'Transpose',
  'Squeeze',
  'Unsqueeze',
  'Flatten',
  'Slice',
  'Split',
  'Concat',
  'Expand',
  'Clip',
  'QuantizeLinear',
  'DequantizeLinear',
]);

/** What a value is a rearrangement, a part, or the sum of; nothing of any other value. */
export function carriedFrom(flow: Flow, value: Value): Value[] {
  const { producer: node } = value;
  const sums = node?.op === 'Add' || formsOf(value).length > 1;
  if (node === undefined || !(sums || TRANSPARENT.has(node.op))) return [];
  const data = node.inputs.filter(v => v !== undefined).filter(v => !flow.isConstant(v));
  return sums || node.op === 'Concat' ? data : data.slice(0, 1);
}

/** For each update the updates its skip operand comes from, through operators that only rearrange. */
export function previousUpdates(flow: Flow, updates: readonly Update[]): Before {
  const at = new Map<Value, Update>(updates.map(u => [u.out, u]));
  const known = new Map<Value, readonly Update[]>();
  const trace = (value: Value): readonly Update[] => {
    const update = at.get(value);
    if (update !== undefined) return [update];
    const cached = known.get(value);
    if (cached !== undefined) return cached;
    known.set(value, []);
    const result = [...new Set(carriedFrom(flow, value).flatMap(trace))];
    known.set(value, result);
    return result;
  };
  return new Map(updates.map(u => [u, trace(u.after ?? u.skip)]));
}

/**
 * Groups updates into blocks, in execution order. A block starts where a stream's previous update was its block's
 * last: a feed-forward, a parallel branch, or one of the same form as the coming one. Updates that share an attention
 * core belong to one block, and so do drafts that read each other's inside.
 */
export function assembleDrafts(
  flow: Flow,
  updates: readonly Update[],
  before: Before,
  latent: Value,
): Draft[] {
  return mergeEntangled(flow, firstDrafts(updates, before), before, latent);
}

function firstDrafts(updates: readonly Update[], before: Before): Draft[] {
  const drafts: Draft[] = [];
  const home = new Map<Update, Draft>();
  const byCore = new Map<Node, Draft>();
  for (const update of updates) {
    const joint = update.cores.map(c => byCore.get(c)).find(d => d !== undefined);
    const draft = joint ?? continued(update, before, home) ?? { updates: [] };
    if (draft.updates.length === 0) drafts.push(draft);
    draft.updates.push(update);
    home.set(update, draft);
    for (const core of update.cores) byCore.set(core, draft);
  }
  return drafts;
}

/** The block that an update continues, if the updates before it left one open and it does not repeat the block's first. */
function continued(update: Update, before: Before, home: ReadonlyMap<Update, Draft>): Draft | undefined {
  const previous = before.get(update) ?? [];
  const homes = new Set(previous.map(p => home.get(p)));
  const [draft] = homes;
  if (homes.size !== 1 || draft === undefined) return undefined;
  if (previous.some(p => p.kind === 'feed-forward' || p.kind === 'parallel')) return undefined;
  const firsts = draft.updates.filter(u => !before.get(u)?.some(p => home.get(p) === draft));
  const repeats = firsts.some(
    u => u.signature === update.signature && u.kind === update.kind && !siblings(u, update),
  );
  return repeats ? undefined : draft;
}

/** True when two updates belong to different streams of one joint block. */
function siblings(a: Update, b: Update): boolean {
  return a.kind === 'feed-forward' && b.kind === 'feed-forward';
}

/**
 * Merges drafts that cannot run one after the other because each reads the inside of the other; a draft that only one
 * other reads, not as its stream; and a draft whose inside another stream's draft reads, as where one stream attends
 * to both and the other to itself.
 */
function mergeEntangled(flow: Flow, drafts: readonly Draft[], before: Before, latent: Value): Draft[] {
  const reads = readsBetween(flow, drafts);
  const parent = drafts.map((_, i) => i);
  const root = (i: number): number => {
    let at = i;
    while (parent[at] !== at) at = parent[at] ?? at;
    return at;
  };
  const join = (i: number, j: number): void => {
    const [low, high] = [Math.min(root(i), root(j)), Math.max(root(i), root(j))];
    parent[high] = low;
  };
  reads.forEach((others, i) => {
    for (const j of others.keys()) if (reads[j]?.has(i)) join(i, j);
  });
  const readers = drafts.map(() => new Map<number, Part>());
  reads.forEach((others, j) => {
    for (const [i, part] of others) readers[i]?.set(j, part);
  });
  const home = new Map(drafts.flatMap((draft, i) => draft.updates.map(u => [u, i] as const)));
  const continuedBy = drafts.map(() => new Set<number>());
  for (const [update, j] of home) {
    for (const previous of before.get(update) ?? []) continuedBy[home.get(previous) ?? j]?.add(j);
  }
  drafts.forEach((draft, i) => {
    if (!draft.updates.some(u => flow.dependsOn(u.result, latent))) return;
    const outside = [...(readers[i] ?? [])].filter(([j]) => root(j) !== root(i));
    const [reader, ...more] = new Set(outside.map(([j]) => root(j)));
    if (reader === undefined || more.length > 0) return;
    const isStream = [...(continuedBy[i] ?? [])].some(j => root(j) !== root(i));
    const beside = outside.some(([j, part]) => part === 'inside' && !follows(drafts[j], draft, before));
    if (!isStream || beside) join(i, reader);
  });
  const merged = new Map<number, Draft>();
  drafts.forEach((draft, i) => {
    const target = merged.get(root(i)) ?? { updates: [] };
    merged.set(root(i), target);
    target.updates.push(...draft.updates);
  });
  const order = (u: Update): number => flow.position.get(u.add) ?? 0;
  for (const draft of merged.values()) draft.updates.sort((a, b) => order(a) - order(b));
  return [...merged.values()];
}

/** True where a stream of `later` comes from one of `earlier`. */
function follows(later: Draft | undefined, earlier: Draft, before: Before): boolean {
  const ends = new Set(earlier.updates);
  const seen = new Set<Update>();
  const work = [...(later?.updates ?? [])];
  for (let update = work.pop(); update !== undefined; update = work.pop()) {
    if (ends.has(update)) return true;
    if (seen.has(update)) continue;
    seen.add(update);
    work.push(...(before.get(update) ?? []));
  }
  return false;
}

/** What is read of a draft: at most the sums of its updates, or what lies between them. */
type Part = 'sums' | 'inside';

/** For each draft the drafts of which it reads more than its own streams, also through nodes between, and what. */
function readsBetween(flow: Flow, drafts: readonly Draft[]): Map<number, Part>[] {
  const home = new Map<Node, number>();
  const sums = new Set<Node>();
  drafts.forEach((draft, i) => {
    for (const update of draft.updates) {
      for (const node of update.cone) if (!home.has(node)) home.set(node, i);
      home.set(update.add, i);
      sums.add(update.add);
    }
  });
  const skips = drafts.map(d => new Set(d.updates.flatMap(u => formsOf(u.skip))));
  const reads = drafts.map(() => new Map<number, Part>());
  const behind = new Map<Node, ReadonlyMap<number, Part>>();
  const note = (into: Map<number, Part>, i: number, part: Part): void => {
    if (into.get(i) !== 'inside') into.set(i, part);
  };
  for (const node of flow.graph.nodes) {
    const own = home.get(node);
    const from = new Map<number, Part>();
    for (const value of node.inputs) {
      const { producer } = value ?? {};
      if (value === undefined || producer === undefined || (own !== undefined && skips[own]?.has(value)))
        continue;
      const there = home.get(producer);
      if (there !== undefined) note(from, there, sums.has(producer) ? 'sums' : 'inside');
      else for (const [i, part] of behind.get(producer) ?? []) note(from, i, part);
    }
    if (own === undefined) behind.set(node, from);
    else for (const [i, part] of from) if (i !== own) note(reads[own] ?? from, i, part);
  }
  return reads;
}
