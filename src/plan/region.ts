import { type Analysis, type Block, type Branch, type Flow, formsOf, type Update } from '../blocks/index.js';
import { refuse } from '../diagnostics/index.js';
import {
  ancestorIn,
  ancestors,
  compatible,
  type Graph,
  Node,
  readsOf,
  type TensorType,
  tensorType,
  type Value,
} from '../ir/index.js';
import type { Inferred } from '../ir/infer/index.js';
import type { Span } from '../methods/index.js';
import { openAttentionOf } from './attention.js';
import type { Cut, Exit, ShapeRead, Tokens } from './plan.js';
import { sameShape, tensorTypeOf } from './shapes.js';
import { isTokenwise } from './tokens.js';

/**
 * The region that a span means in this model: a true cut, whose results reach the rest through its exits alone.
 * Refuses with BWC202 when there is none.
 */
export function cutOf(graph: Graph, analysis: Analysis, span: Exclude<Span, { kind: 'half' }>): Cut {
  switch (span.kind) {
    case 'blocks':
      return blocksCut(graph, analysis, analysis.blocks.slice(span.from, span.to));
    case 'branch':
      return branchCut(graph, analysis, blockAt(analysis, span.block), span.branch);
    case 'attention':
      return attentionCut(analysis, blockAt(analysis, span.block), span.branch);
    case 'model':
      return modelCut(graph, analysis);
  }
}

export function blockAt(analysis: Analysis, index: number): Block {
  const block = analysis.blocks[index];
  if (block === undefined) throw new Error(`no block ${index}`);
  return block;
}

function blocksCut(graph: Graph, analysis: Analysis, blocks: readonly Block[]): Cut {
  const { inferred } = analysis;
  const first = blocks[0];
  const last = blocks.at(-1);
  if (first === undefined || last === undefined) throw new Error('a region needs blocks');
  const enters = first.streams.map(s => s.in);
  const outs = last.streams.map((s, i) => s.out && endOf(analysis, s.out, enters[i]));
  const leaves = outs.filter(v => v !== undefined);
  const nodes = between(analysis.flow, enters, leaves);
  const updates = [...last.branches.map(b => b.update), ...last.others.flat()];
  const inside = new Set(nodes);
  const ends = new Set(updates.filter(u => leaves.includes(u.out)).map(u => u.add));
  const shapes = shapeReads(graph, analysis, inside, enters, leaves);
  const exits = exitsOf(graph, inside, leaves, ends, shapes).map((value): Exit => {
    const stream = outs.indexOf(value);
    const update = updates.find(u => u.out === value);
    const from = enters[stream];
    return {
      ...typesOf(inferred, value),
      enters: from !== undefined && sameStream(inferred, blocks, stream, from, value) ? from : undefined,
      converted: from !== undefined && inferred.elemOf(from) !== inferred.elemOf(value),
      addends:
        update && separable(inferred, update, inside)
          ? { add: update.add, stream: streamOperand(update), norm: normBehind(graph, update) }
          : undefined,
      tokens: undefined,
    };
  });
  const range = first === last ? `block-${first.index}` : `blocks-${first.index}-${last.index}`;
  const name = blocks.length === analysis.blocks.length ? 'stack' : range;
  return { name, blocks: blocks.map(b => b.index), enters, exits, nodes, shapes };
}

/**
 * What a branch adds to its stream, and its counterparts in the block's other streams to theirs. Products with what
 * does not depend on the stream (gates, layer scales) stay outside and are always fresh, and so does a normalised stream
 * that another branch reads as well.
 */
function branchCut(graph: Graph, analysis: Analysis, block: Block, index: number): Cut {
  const { update: main } = branchAt(block, index);
  const updates = [main, ...block.others.flat().filter(u => isCounterpart(main, u))];
  const leaves = updates.map(u => ungated(analysis.inferred, u));
  const enters = [...new Set(updates.flatMap(u => [...u.starts, ...streamOf(u)]))];
  const nodes = withoutShared(graph, analysis, between(analysis.flow, enters, leaves), enters, leaves);
  const inside = new Set(nodes);
  const shapes = shapeReads(graph, analysis, inside, enters, leaves);
  const exits = exitsOf(graph, inside, leaves, new Set(), shapes).map(
    (value): Exit => ({
      ...typesOf(analysis.inferred, value),
      enters: undefined,
      converted: false,
      addends: undefined,
      tokens: tokensOf(analysis, updates[leaves.indexOf(value)], value),
    }),
  );
  return {
    name: branchName(block, index),
    blocks: [block.index],
    enters,
    exits,
    nodes,
    shapes,
  };
}

function branchAt({ index: at, branches }: Block, index: number): Branch {
  const branch = branches[index];
  if (branch === undefined) throw new Error(`block ${at} has no branch ${index}`);
  return branch;
}

function branchName(block: Block, index: number): string {
  const { kind } = branchAt(block, index);
  const first = block.branches.findIndex(b => b.kind === kind) === index;
  return `block-${block.index}.${kind}${first ? '' : `.${index}`}`;
}

/** The products and the softmax between them, with what scales and turns their operands. Refuses with BWC225 where there are no such. */
function attentionCut(analysis: Analysis, block: Block, index: number): Cut {
  const name = branchName(block, index);
  const attention =
    openAttentionOf(analysis, branchAt(block, index).update) ?? refuse('BWC225', { where: name });
  const { enters, near, scoring, softmax, giving } = attention;
  const value = giving.at(-1)?.output;
  if (value === undefined) throw new Error('attention ends in a product');
  const exit = { enters: undefined, converted: false, addends: undefined, tokens: undefined, attention };
  return {
    name: `${name}.core`,
    blocks: [block.index],
    enters,
    exits: [{ ...typesOf(analysis.inferred, value), ...exit }],
    nodes: [...near, ...scoring, softmax, ...giving],
    shapes: [],
  };
}

/** How a branch's result comes from its stream, if token by token. */
function tokensOf(
  { flow, inferred }: Analysis,
  update: Update | undefined,
  leaves: Value,
): Tokens | undefined {
  if (update === undefined) return undefined;
  const enters: readonly [Value, ...Value[]] = [...update.starts, ...streamOf(update)];
  const nodes = between(flow, enters, [leaves]);
  return isTokenwise(nodes, enters, inferred) ? { enters, nodes } : undefined;
}

function modelCut(graph: Graph, analysis: Analysis): Cut {
  const { inferred, roles, blocks } = analysis;
  const from = roles.latent.value;
  const to = roles.prediction.value;
  const nodes = between(analysis.flow, [from], [to]);
  const [exit] = exitsOf(graph, new Set(nodes), [to], new Set(), []);
  if (exit === undefined) throw new Error('the prediction is an output of the graph');
  const enters = sameShape(inferred, from, to) ? from : undefined;
  return {
    name: 'model',
    blocks: blocks.map(b => b.index),
    enters: [from],
    exits: [
      {
        ...typesOf(inferred, exit),
        enters,
        converted: inferred.elemOf(from) !== inferred.elemOf(exit),
        addends: undefined,
        tokens: undefined,
      },
    ],
    nodes,
    shapes: [],
  };
}

/** Operators whose output is only the shape of what they read. */
const SHAPE_OPS: ReadonlySet<string> = new Set(['Shape', 'Size']);

/**
 * Nodes on the ways from the entering to the leaving values, in execution order, and what reads of them to no end. What
 * needs an entering value for its shape alone is not on the way.
 */
function between(flow: Flow, enters: readonly Value[], leaves: readonly Value[]): readonly Node[] {
  const { graph } = flow;
  const start = new Set<Value>(enters.flatMap(formsOf));
  const needed = ancestors(graph, leaves, start);
  const reached = new Set<Value>();
  const behind = new Set<Value>(leaves);
  return graph.nodes.filter(node => {
    const starts = !SHAPE_OPS.has(node.op);
    const reads = readsOf(node);
    const inside = reads.some(v => reached.has(v) || (starts && start.has(v)));
    const after = reads.some(v => behind.has(v));
    const taken = inside && (needed.has(node) || (flow.isDead(node) && !after));
    for (const output of node.outputs) {
      if (output === undefined) continue;
      if (taken) reached.add(output);
      else if (after) behind.add(output);
    }
    return taken;
  });
}

/**
 * A region without what makes the values that are read outside beside the leaving ones, where no product is among that:
 * it is cheap, and fresh for both readers. Otherwise the region as it is.
 */
function withoutShared(
  graph: Graph,
  analysis: Analysis,
  nodes: readonly Node[],
  enters: readonly Value[],
  leaves: readonly Value[],
): readonly Node[] {
  const { flow } = analysis;
  const inside = new Set(nodes);
  const shapes = shapeReads(graph, analysis, inside, enters, leaves);
  const shared = nodes
    .flatMap(node => node.outputs)
    .filter(v => v !== undefined)
    .filter(v => !leaves.includes(v) && readOutside(graph, v, inside, shapes));
  const makers = ancestors(graph, shared, new Set(enters.flatMap(formsOf)));
  const multiplies = (node: Node): boolean => flow.isProjection(node) || flow.isAttentionCore(node);
  if (nodes.some(node => makers.has(node) && multiplies(node))) return nodes;
  return nodes.filter(node => !makers.has(node));
}

/**
 * The leaving values that something outside reads. Refuses with BWC202 when another value of the region is read
 * outside; `ends` are the nodes that may stay outside themselves, whose outputs all may be read.
 */
function exitsOf(
  graph: Graph,
  inside: ReadonlySet<Node>,
  leaves: readonly Value[],
  ends: ReadonlySet<Node>,
  shapes: readonly ShapeRead[],
): readonly Value[] {
  const allowed = new Set(leaves);
  const exits = new Set<Value>();
  const leaks: Value[] = [];
  for (const node of inside) {
    for (const output of node.outputs) {
      if (output === undefined || !readOutside(graph, output, inside, shapes)) continue;
      if (allowed.has(output)) exits.add(output);
      else if (!ends.has(node)) leaks.push(output);
    }
  }
  if (leaks.length > 0) {
    const values = leaks.slice(0, 4).map(v => v.name);
    refuse('BWC202', {
      values: values.join(', ') + (leaks.length > 4 ? ` and ${leaks.length - 4} more` : ''),
    });
  }
  return leaves.filter(v => exits.has(v));
}

function readOutside(
  graph: Graph,
  value: Value,
  inside: ReadonlySet<Node>,
  shapes: readonly ShapeRead[],
): boolean {
  for (const user of value.users) {
    const node = ancestorIn(graph, user);
    if (node !== undefined && (inside.has(node) || shapes.some(s => s.reader === node && s.from === value)))
      continue;
    return true;
  }
  return false;
}

/** Readers outside of the shape of a value inside, where a stream that enters here or first has that shape. */
function shapeReads(
  graph: Graph,
  { inferred, blocks }: Analysis,
  inside: ReadonlySet<Node>,
  enters: readonly Value[],
  leaves: readonly Value[],
): readonly ShapeRead[] {
  const found: ShapeRead[] = [];
  const streams = [...enters, ...(blocks[0]?.streams.map(s => s.in) ?? [])];
  for (const node of inside) {
    for (const from of node.outputs) {
      if (from === undefined || leaves.includes(from)) continue;
      for (const reader of from.users) {
        if (!(reader instanceof Node) || reader.graph !== graph || inside.has(reader)) continue;
        const to = SHAPE_OPS.has(reader.op) && streams.find(v => sameShape(inferred, v, from));
        if (to) found.push({ reader, from, to });
      }
    }
  }
  return found;
}

/** A value's type as inference knows it, and as the file says it. */
export function typesOf(
  inferred: Inferred,
  value: Value,
): { value: Value; type: TensorType; declared: TensorType } {
  const type = tensorTypeOf(inferred, value);
  const open = tensorType(
    type.elem,
    type.shape?.map(() => undefined),
  );
  return { value, type, declared: value.type?.kind === 'tensor' ? value.type : open };
}

/** Operators that a stream's end may pass before it is read: folds undone, the text cut off. */
const REARRANGING: ReadonlySet<string> = new Set(['Slice', 'Reshape', 'Transpose', 'Clip']);

/**
 * Where a stream leaves the region: the last block's output, or what follows it alone, up to where the stream has the
 * shape again in which it entered. Parts that nobody reads are cut off first.
 */
function endOf(analysis: Analysis, out: Value, enters: Value | undefined): Value {
  const { inferred } = analysis;
  let end = out;
  let value = out;
  for (;;) {
    if (enters !== undefined && sameShape(inferred, enters, value)) return value;
    const [user, ...others] = [...value.users].filter(u => !(u instanceof Node && u.op === 'Shape'));
    if (!(user instanceof Node) || others.length > 0) return end;
    if (!REARRANGING.has(user.op) || user.inputs[0] !== value || user.graph !== analysis.flow.graph)
      return end;
    value = user.output;
    if (user.op === 'Slice') end = value;
  }
}

/**
 * True when what enters and what leaves have one shape: by inference, or because only additions lie between and no two
 * known sizes differ.
 */
function sameStream(
  inferred: Inferred,
  blocks: readonly Block[],
  stream: number,
  enters: Value,
  leaves: Value,
): boolean {
  if (sameShape(inferred, enters, leaves)) return true;
  const [from, to] = [tensorTypeOf(inferred, enters), tensorTypeOf(inferred, leaves)];
  if (!compatible(tensorType(to.elem, from.shape), to)) return false;
  let at: Value | undefined = enters;
  for (const block of blocks) {
    if (block.streams[stream]?.in !== at) return false;
    at = block.streams[stream]?.out;
  }
  return at === leaves;
}

/** An exit's addition can stay outside when the region does not read its sum and nothing is broadcast. */
function separable(inferred: Inferred, update: Update, inside: ReadonlySet<Node>): boolean {
  const { add, out } = update;
  if (add.outputs.some(v => v && [...v.users].some(user => user instanceof Node && inside.has(user))))
    return false;
  return add.inputs
    .slice(0, 2)
    .every(v => v !== undefined && compatible(inferred.typeOf(v), inferred.typeOf(out)));
}

/** The normalisation that is all that reads a sum, and is read itself. */
function normBehind(graph: Graph, { out }: Update): Node | undefined {
  const [norm, ...others] = [...out.users];
  if (!(norm instanceof Node) || others.length > 0 || norm.graph !== graph) return undefined;
  const [normed, ...statistics] = norm.outputs;
  const alone =
    normed !== undefined &&
    !graph.outputs.includes(normed) &&
    statistics.every(v => v === undefined || [...v.users].length === 0);
  return norm.op === 'LayerNormalization' && norm.inputs[0] === out && alone ? norm : undefined;
}

/** The stream as the addition reads it, and on the way there: behind conversions of its type. */
function streamOf(update: Update): readonly Value[] {
  const forms: Value[] = [];
  for (let at = update.add.inputs[streamOperand(update)]; at !== undefined && at !== update.skip; ) {
    forms.push(at);
    at = at.producer?.op === 'Cast' || at.producer?.op === 'Identity' ? at.producer.inputs[0] : undefined;
  }
  return forms;
}

/** Which operand of a residual addition is the stream. */
function streamOperand(update: Update): 0 | 1 {
  return update.add.inputs[1] === update.result ? 0 : 1;
}

/** Attention over several streams is one computation; feed-forwards of a block's streams belong together. */
function isCounterpart(main: Update, other: Update): boolean {
  if (main.kind === 'feed-forward') return other.kind === 'feed-forward';
  return other.cores.some(core => main.cores.includes(core));
}

/** What a branch gives before it is multiplied with what does not depend on its stream. */
export function ungated(inferred: Inferred, update: Update): Value {
  const cone = new Set(update.cone);
  let value = update.result;
  for (;;) {
    const { producer } = value;
    if (producer?.op !== 'Mul' || !cone.has(producer)) return value;
    const [stream, ...more] = producer.inputs.filter(v => v?.producer && cone.has(v.producer));
    if (stream === undefined || more.length > 0 || !sameShape(inferred, stream, value)) return value;
    value = stream;
  }
}
