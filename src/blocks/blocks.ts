import { type Node, readsOf, type User, type Value } from '../ir/index.js';
import { assembleDrafts, type Before, carriedFrom, type Draft, previousUpdates } from './drafts.js';
import type { Flow } from './flow.js';
import { type BranchKind, formsOf, type Update } from './residuals.js';

/** A stream as one block sees it. `out` is absent when the block only reads the stream (its end was dead code). */
export interface BlockStream {
  readonly in: Value;
  readonly out: Value | undefined;
}

/** One update of a block's primary stream. */
export interface Branch {
  readonly kind: BranchKind;
  readonly update: Update;
}

/** The repeated unit: attention updates followed by a feed-forward update, over one or more streams. */
export interface Block {
  readonly index: number;
  /** Index of the group of like blocks it belongs to. */
  readonly group: number;
  readonly kind: string;
  /** The primary stream (the one the latent feeds) first. */
  readonly streams: readonly BlockStream[];
  /** Updates of the primary stream, in order. */
  readonly branches: readonly Branch[];
  /** Updates of its other streams, in order, a list a stream. */
  readonly others: readonly (readonly Update[])[];
  /** Everything that only this block needs, in execution order. */
  readonly nodes: readonly Node[];
}

export interface BlockGroup {
  readonly index: number;
  readonly kind: string;
  readonly count: number;
}

/**
 * Groups residual updates into blocks, in execution order. A block starts where a stream's previous update was
 * its block's last: a feed-forward, a parallel branch, or one of the same form as the coming one. Updates that
 * share an attention core belong to one block.
 */
export function findBlocks(
  flow: Flow,
  updates: readonly Update[],
  latent: Value,
): { blocks: Block[]; groups: BlockGroup[] } {
  const before = previousUpdates(flow, updates);
  const all = assembleDrafts(flow, updates, before, latent);
  const drafts = trimmed(all.filter(d => d.updates.some(u => flow.dependsOn(u.result, latent))));
  const primary = primaryUpdates(flow, updates, before, latent);
  const owner = absorb(flow, drafts);
  const nodesOf = new Map<Draft, Node[]>(drafts.map(d => [d, []]));
  for (const node of flow.graph.nodes) {
    const draft = owner.get(node);
    if (draft !== undefined) nodesOf.get(draft)?.push(node);
  }
  const groups: { kind: string; key: string; count: number }[] = [];
  const alive = new Set<Value>();
  const series = new Series(flow, before, latent);
  const blocks = drafts.map((draft, index): Block => {
    const nodes = nodesOf.get(draft) ?? [];
    const chains = chainsOf(draft, before);
    const mine = new Set<User>(nodes);
    const main = mainOf(chains, primary, mine) ?? draft.updates;
    const rest = chains.filter(c => c !== main);
    const streams = [main, ...rest].map((chain): BlockStream => {
      const { out } = last(chain);
      return { in: first(chain).skip, out: [...out.users].every(u => mine.has(u)) ? undefined : out };
    });
    const touched = new Set(streams.map(s => s.in));
    for (const chain of [main, ...rest]) for (const u of before.get(first(chain)) ?? []) alive.delete(u.out);
    for (const value of alive) {
      const read = formsOf(value).some(form => [...form.users].some(u => mine.has(u)));
      if (read && !touched.has(value)) streams.push({ in: value, out: undefined });
    }
    for (const s of streams) alive.delete(s.in);
    for (const s of streams) if (s.out) alive.add(s.out);
    const others = streams.slice(1).map(s => s.in);
    const branches = main.map((update): Branch => {
      const joint = sharesCore(update, rest.flat()) || others.some(v => attendsTo(update, v, mine));
      return { kind: joint && update.kind === 'self-attention' ? 'joint-attention' : update.kind, update };
    });
    const kind = branches.map(b => b.kind).join(' + ');
    const origin = series.of(first(main));
    series.add(main, origin);
    const key = `${origin} ${streams.length} ${main.map(u => `${u.kind} ${weightShapes(flow, u)}`).join(' | ')}`;
    let group = groups.findIndex(g => g.key === key);
    if (group < 0) group = groups.push({ kind, key, count: 0 }) - 1;
    const entry = groups[group];
    if (entry) entry.count++;
    return { index, group, kind, streams, branches, others: rest, nodes };
  });
  return { blocks, groups: groups.map((g, index) => ({ index, kind: g.kind, count: g.count })) };
}

/** Without what comes before the first and after the last attention: residual convolutions of an embedding, say. */
function trimmed(drafts: readonly Draft[]): readonly Draft[] {
  const attends = (d: Draft): boolean => d.updates.some(u => u.cores.length > 0);
  const from = drafts.findIndex(attends);
  return from < 0 ? drafts : drafts.slice(from, drafts.findLastIndex(attends) + 1);
}

/** Operators that take a part of a stream. */
const CUTTING: ReadonlySet<string> = new Set(['Slice', 'Split']);

/**
 * Tells blocks that go on from one another from blocks that start anew, as control branches do, from blocks whose
 * streams were just joined, and from those that an earlier block is merged into.
 */
class Series {
  readonly #flow: Flow;
  readonly #before: Before;
  readonly #latent: Value;
  readonly #of = new Map<Update, string>();
  readonly #ends = new Map<Value, string>();
  #next = 0;

  constructor(flow: Flow, before: Before, latent: Value) {
    this.#flow = flow;
    this.#before = before;
    this.#latent = latent;
  }

  /** The series of a block whose main stream begins with `update`. */
  of(update: Update): string {
    const previous = this.#before.get(update) ?? [];
    if (previous.length > 1 || (previous.length > 0 && this.#joinsFresh(update.skip)))
      return String(this.#next++);
    const known = previous.map(u => this.#of.get(u)).find(id => id !== undefined);
    if (known !== undefined)
      return previous.some(u => this.#comesBack(update.skip, u.out)) ? String(this.#next++) : known;
    const behind = this.#behind(update.skip);
    return behind === undefined ? String(this.#next++) : behind.replace(/\+?$/, '+');
  }

  add(chain: readonly Update[], id: string): void {
    for (const update of chain) {
      this.#of.set(update, id);
      this.#ends.set(update.out, id);
    }
  }

  /**
   * True where a part of the stream comes from no block: from the latent, where it begins again, or from anything where
   * it goes on whole beside that. What takes the place of a part that is cut off leaves the stream what it was.
   */
  #joinsFresh(stream: Value): boolean {
    const seen = new Set<Value>();
    let fresh = false;
    let whole = false;
    const work = [{ value: stream, part: false, cut: false }];
    for (let at = work.pop(); at !== undefined; at = work.pop()) {
      const { value, part, cut } = at;
      if (seen.has(value)) continue;
      seen.add(value);
      if (this.#ends.has(value)) {
        whole ||= !cut;
        continue;
      }
      const op = value.producer?.op ?? '';
      const carried = carriedFrom(this.#flow, value);
      if (carried.length === 0 && part) {
        if (this.#flow.dependsOn(value, this.#latent)) return true;
        fresh ||= !this.#flow.isConstant(value);
      }
      for (const input of carried)
        work.push({
          value: input,
          part: carried.length > 1 ? op === 'Concat' : part,
          cut: cut || CUTTING.has(op),
        });
    }
    return fresh && whole;
  }

  /** True where what other blocks made of the stream `from` was added to it on the way. */
  #comesBack(stream: Value, from: Value): boolean {
    const start = this.#flow.at(from);
    const added: Value[] = [];
    const seen = new Set<Value>();
    const work = [stream];
    for (let value = work.pop(); value !== undefined; value = work.pop()) {
      if (value === from || seen.has(value)) continue;
      seen.add(value);
      const carried = carriedFrom(this.#flow, value);
      work.push(...carried);
      if (carried.length === 0) added.push(value);
    }
    const reached = new Set<Value>(added);
    let others = false;
    for (const value of reached) {
      if (this.#flow.at(value) <= start || value.producer === undefined) continue;
      others ||= this.#ends.has(value);
      for (const read of readsOf(value.producer)) if (!this.#flow.isConstant(read)) reached.add(read);
    }
    return others && reached.has(from);
  }

  /** The series of a block that the value depends on, if any. */
  #behind(value: Value): string | undefined {
    const seen = new Set<Node>();
    const work: Value[] = [value];
    for (let at = work.pop(); at !== undefined; at = work.pop()) {
      const id = this.#ends.get(at);
      if (id !== undefined) return id;
      const node = at.producer;
      if (node === undefined || seen.has(node)) continue;
      seen.add(node);
      for (const read of readsOf(node)) if (!this.#flow.isConstant(read)) work.push(read);
    }
    return undefined;
  }
}

/** Attention that shares its core with an update of another stream is joint. */
function sharesCore(update: Update, others: readonly Update[]): boolean {
  return others.some(o => o.cores.some(c => update.cores.includes(c)));
}

/** So is attention that reads another stream, whether that stream is updated by itself or not at all. */
function attendsTo(update: Update, stream: Value, block: ReadonlySet<User>): boolean {
  const seen = new Set<Node>();
  const wanted = formsOf(stream);
  const own = formsOf(update.skip);
  const work: Node[] = [...update.cores];
  for (let node = work.pop(); node !== undefined; node = work.pop()) {
    if (seen.has(node)) continue;
    seen.add(node);
    for (const value of readsOf(node)) {
      if (wanted.includes(value)) return true;
      if (!own.includes(value) && value.producer && block.has(value.producer)) work.push(value.producer);
    }
  }
  return false;
}

/** The chain of the primary stream: of several that could be, the one that attends to the others. */
function mainOf(
  chains: readonly (readonly Update[])[],
  primary: ReadonlySet<Update>,
  block: ReadonlySet<User>,
): readonly Update[] | undefined {
  const candidates = chains.filter(chain => chain.some(u => primary.has(u)));
  const attending = candidates.find(chain =>
    chains.some(other => other !== chain && chain.some(u => attendsTo(u, first(other).skip, block))),
  );
  return attending ?? candidates[0] ?? chains[0];
}

/** Updates of the stream that the latent feeds and the output reads. */
function primaryUpdates(flow: Flow, updates: readonly Update[], before: Before, latent: Value): Set<Update> {
  const spine = new Set<Update>();
  const work = lastUpdates(flow, updates);
  for (let update = work.pop(); update !== undefined; update = work.pop()) {
    if (spine.has(update)) continue;
    spine.add(update);
    work.push(...(before.get(update) ?? []));
  }
  const primary = new Set<Update>();
  for (const update of updates) {
    if (!spine.has(update)) continue;
    const previous = before.get(update) ?? [];
    const starts = previous.length === 0 && flow.dependsOn(update.skip, latent);
    if (starts || previous.some(p => primary.has(p))) primary.add(update);
  }
  return primary;
}

/** Updates from which an output is reached without another one on the way. */
function lastUpdates(flow: Flow, updates: readonly Update[]): Update[] {
  const at = new Map<Value, Update>(updates.map(u => [u.out, u]));
  const found = new Set<Update>();
  const seen = new Set<Node>();
  const work: Value[] = [...flow.graph.outputs];
  for (let value = work.pop(); value !== undefined; value = work.pop()) {
    const update = at.get(value);
    const node = value.producer;
    if (update !== undefined) found.add(update);
    else if (node !== undefined && !seen.has(node)) {
      seen.add(node);
      for (const read of readsOf(node)) if (!flow.isConstant(read)) work.push(read);
    }
  }
  return [...found];
}

/** A block's updates split by stream: each chain's updates follow one another. */
function chainsOf(draft: Draft, before: Before): Update[][] {
  const chains: Update[][] = [];
  for (const update of draft.updates) {
    const previous = new Set(before.get(update) ?? []);
    const chain = chains.find(c => previous.has(last(c)));
    if (chain) chain.push(update);
    else chains.push([update]);
  }
  return chains;
}

/**
 * The block that each node belongs to: nodes of its branches, and upwards every node that only the block
 * reads (modulation, projections of conditions), up to where its streams come in.
 */
function absorb(flow: Flow, drafts: readonly Draft[]): Map<Node, Draft> {
  const owner = new Map<Node, Draft>();
  const entries = new Set<Value>();
  for (const draft of drafts) {
    for (const update of draft.updates) {
      for (const node of update.cone) if (!owner.has(node)) owner.set(node, draft);
      owner.set(update.add, draft);
    }
    for (const update of draft.updates)
      if (owner.get(update.skip.producer as Node) !== draft)
        for (const form of formsOf(update.skip)) entries.add(form);
  }
  for (const node of [...flow.graph.nodes].reverse()) {
    if (owner.has(node) || node.outputs.some(v => v !== undefined && entries.has(v))) continue;
    const homes = new Set<Draft | undefined>();
    for (const output of node.outputs) {
      if (output === undefined) continue;
      for (const user of output.users) homes.add(owner.get(user as Node));
    }
    const [only] = homes;
    if (homes.size === 1 && only !== undefined) owner.set(node, only);
  }
  return owner;
}

/** Shapes of the weights that a branch multiplies by: what two blocks of one kind have in common. */
function weightShapes(flow: Flow, update: Update): string {
  const shapes = new Set<string>();
  for (const node of update.cone) {
    if (!flow.isProjection(node)) continue;
    for (const value of node.inputs) {
      const dims = value === undefined || !flow.isConstant(value) ? undefined : constantDims(value);
      if (dims !== undefined && dims.length > 1) shapes.add(dims.join('x'));
    }
  }
  return [...shapes].sort().join(',');
}

/** Dimensions of the initializer behind a weight, through transposes, casts and the like. */
function constantDims(value: Value): readonly number[] | undefined {
  let at: Value | undefined = value;
  for (let hops = 0; at !== undefined && hops < 8; hops++) {
    if (at.initializer !== undefined) return [...at.initializer.dims].sort((a, b) => a - b);
    if (at.producer === undefined) return undefined;
    at = [...readsOf(at.producer)][0];
  }
  return undefined;
}

function first(chain: readonly Update[]): Update {
  const [update] = chain;
  if (update === undefined) throw new Error('a chain of updates is never empty');
  return update;
}

function last(chain: readonly Update[]): Update {
  const update = chain.at(-1);
  if (update === undefined) throw new Error('a chain of updates is never empty');
  return update;
}
