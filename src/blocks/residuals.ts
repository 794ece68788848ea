import { Node, readsOf, type Value } from '../ir/index.js';
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
  /** The sum; where it is fused with the normalisation behind it and nobody else reads it, what is normalised. */
  readonly out: Value;
  /** Nodes on the paths from `skip` to `result`, in execution order. */
  readonly cone: readonly Node[];
  readonly kind: BranchKind;
  /** What the branch starts from: the skip in the forms that it reads, or what it shares with the branch beside it. */
  readonly starts: readonly [Value, ...Value[]];
  /** What the branch's first projections read: the normalised, modulated stream. */
  readonly input: Value;
  /** Products of data with data in the cone; two updates that share one are computed jointly. */
  readonly cores: readonly Node[];
  /** The sum inside the branch that it goes on from, where its attention is added before its feed-forward. */
  readonly after?: Value;
  /** Operators and weight shapes in order: equal for the same branch of two blocks. */
  readonly signature: string;
}

/** Longest backward search for a skip operand, in nodes: no real branch comes near it. */
const SEARCH_LIMIT = 4000;

/** Operators that add two streams: alone, or fused with the normalisation behind it (sum in the fourth output). */
const ADDITIONS: ReadonlySet<string> = new Set([
  'Add',
  'com.microsoft::SkipLayerNormalization',
  'com.microsoft::SkipSimplifiedLayerNormalization',
]);

/** A stream in all its forms: an addition that is fused with the normalisation behind it gives the normalised one as well. */
export function formsOf(stream: Value): readonly Value[] {
  const [normalised, , , sum] = stream.producer?.outputs ?? [];
  return normalised !== undefined && sum === stream && ADDITIONS.has(stream.producer?.op ?? '')
    ? [stream, normalised]
    : [stream];
}

/** All residual updates of a graph, in execution order. */
export function findUpdates(flow: Flow): Update[] {
  const updates = new Map<Value, Update>();
  for (const node of flow.graph.nodes) {
    const update = ADDITIONS.has(node.op) ? updateAt(flow, node, updates) : undefined;
    if (update !== undefined) updates.set(update.out, update);
  }
  return withoutNested([...updates.values()]);
}

/**
 * The update that an addition makes, if one operand is the skip of the other's branch: the branch starts from it, or
 * from the stream one update earlier, where two branches are computed side by side and added one after the other.
 */
function updateAt(flow: Flow, add: Node, known: ReadonlyMap<Value, Update>): Update | undefined {
  const [a, b] = add.inputs;
  const out = add.outputs[3] ?? add.outputs[0];
  if (a === undefined || b === undefined || out === undefined) return undefined;
  if (flow.isConstant(a) || flow.isConstant(b) || becomesWeights(out)) return undefined;
  for (const [near, result] of flow.at(settled(a)) <= flow.at(settled(b))
    ? ([
        [a, b],
        [b, a],
      ] as const)
    : ([
        [b, a],
        [a, b],
      ] as const)) {
    const skip = settled(near);
    const beside = known.get(skip);
    const direct = coneBetween(flow, skip, result);
    const from = direct === undefined && beside !== undefined ? beside.skip : skip;
    const cone = direct ?? (beside && coneBetween(flow, from, result));
    const first = cone?.find(n => flow.isProjection(n));
    const input = first && operands(first).find(v => !flow.isConstant(v));
    if (cone === undefined || input === undefined) continue;
    const all = cone.filter(n => flow.isAttentionCore(n));
    // A branch may go on from what the one before it attended to; only its own attention says what it is.
    const cores = direct === undefined ? all.filter(n => !beside?.cores.includes(n)) : all;
    const kind = kindOf(flow, from, result, cone, cores);
    return {
      add,
      skip,
      result,
      out,
      cone,
      kind,
      starts: startsOf(from, cone, direct === undefined ? beside : undefined),
      input: unquantised(input),
      cores,
      signature: signatureOf(cone),
    };
  }
  return undefined;
}

/** What a branch reads of its stream, or of what it shares with the one beside it. */
function startsOf(from: Value, cone: readonly Node[], beside: Update | undefined): Update['starts'] {
  const shared = new Set<Node | undefined>(beside?.cone);
  const forms = formsOf(from);
  const reads = cone.filter(node => !shared.has(node)).flatMap(node => [...readsOf(node)]);
  const starts = reads.filter(v => forms.includes(v) || (v.producer && shared.has(v.producer)));
  const [first = from, ...more] = new Set(starts);
  return [first, ...more];
}

/** The value that a pair of quantising and dequantising stands for. */
function unquantised(value: Value): Value {
  const quantised =
    value.producer?.op === 'DequantizeLinear' ? value.producer.inputs[0]?.producer : undefined;
  return quantised?.op === 'QuantizeLinear' ? (quantised.inputs[0] ?? value) : value;
}

/** Operators that scores pass on the way to their softmax. */
const SCORING: ReadonlySet<string> = new Set(['Cast', 'Identity', 'Reshape', 'Mul', 'Div', 'Clip']);

/** True for attention scores with their mask added: a mask that comes from an earlier block looks like a skip. */
function becomesWeights(sum: Value): boolean {
  let value = sum;
  for (let hops = 0; hops < 4; hops++) {
    const [user, ...others] = value.users;
    if (!(user instanceof Node)) return false;
    if (user.op === 'Softmax') return true;
    if (others.length > 0 || !SCORING.has(user.op)) return false;
    value = user.output;
  }
  return false;
}

/**
 * Resolves updates that contain others. When those form a chain, the outer one is a skip across blocks and goes. When
 * the inner one is attention on the same skip, the outer one's branch goes on from there: it is the feed-forward that
 * follows. Otherwise the inner ones are small residuals inside a branch, and go.
 */
function withoutNested(updates: readonly Update[]): Update[] {
  const at = new Map(updates.map(u => [u.add, u]));
  const dropped = new Set<Update>();
  const continued = new Map<Update, Update>();
  for (const outer of [...updates].sort((a, b) => a.cone.length - b.cone.length)) {
    if (dropped.has(outer)) continue;
    const inner = outer.cone.flatMap(node => {
      const update = at.get(node);
      return update === undefined || update === outer || dropped.has(update) ? [] : [update];
    });
    const outs = new Set(inner.map(u => u.out));
    const [only, ...more] = inner;
    if (inner.some(u => outs.has(u.skip))) dropped.add(outer);
    else if (only && more.length === 0 && only.skip === outer.skip && only.cores.length > 0)
      continued.set(outer, only);
    else for (const update of inner) dropped.add(update);
  }
  return updates.filter(u => !dropped.has(u)).map(u => following(u, continued.get(u)));
}

/** The part of an update's branch that comes after the attention inside it. */
function following(outer: Update, attention: Update | undefined): Update {
  if (attention === undefined) return outer;
  const before = new Set([...attention.cone, attention.add]);
  const cone = outer.cone.filter(n => !before.has(n));
  return {
    ...outer,
    cone,
    cores: [],
    kind: 'feed-forward',
    signature: signatureOf(cone),
    starts: [attention.out],
    after: attention.out,
  };
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
  const forms = formsOf(from);
  const seen = new Set<Node>();
  const work: Value[] = [to];
  let reached = false;
  for (let value = work.pop(); value !== undefined; value = work.pop()) {
    if (forms.includes(value)) {
      reached = true;
      continue;
    }
    const node = value.producer;
    if (node === undefined || seen.has(node) || flow.at(value) <= floor || node.graph !== flow.graph)
      continue;
    if (seen.size >= SEARCH_LIMIT) return undefined;
    seen.add(node);
    for (const input of readsOf(node)) if (!flow.isConstant(input)) work.push(input);
  }
  if (!reached) return undefined;
  const order = (node: Node): number => flow.position.get(node) ?? 0;
  const on = new Set<Value>(forms);
  const cone: Node[] = [];
  for (const node of [...seen].sort((a, b) => order(a) - order(b))) {
    if (!readsOf(node).some(v => on.has(v))) continue;
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
  const inside = new Set<Value>(formsOf(skip));
  for (const node of cone) for (const output of node.outputs) if (output) inside.add(output);
  const streamed = core.inputs.slice(0, 3).filter(v => v !== undefined && inside.has(v));
  return streamed.length > 1 ? 'self-attention' : 'cross-attention';
}

/**
 * True when a path from the stream to the result goes around attention through two weights or more. What only scales
 * the attention's result is a gate and no path.
 */
function hasFeedForwardPath(
  flow: Flow,
  skip: Value,
  result: Value,
  cone: readonly Node[],
  cores: readonly Node[],
): boolean {
  const cored = new Set<Node>(cores);
  const behind = new Set<Value>();
  const weights = new Map<Value, number>(formsOf(skip).map(form => [form, 0]));
  for (const node of cone) {
    const attended = node.inputs.filter(value => value !== undefined && behind.has(value));
    if (cored.has(node) || attended.length > 0)
      for (const output of node.outputs) if (output) behind.add(output);
    if (cored.has(node)) continue;
    const paths = node.op === 'Mul' && attended.length > 0 ? attended : node.inputs;
    let most = -1;
    for (const value of paths) if (value !== undefined) most = Math.max(most, weights.get(value) ?? -1);
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
