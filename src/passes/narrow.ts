import {
  allNodes,
  applyPatch,
  attr,
  type Builder,
  Graph,
  int,
  isWithin,
  type Model,
  Node,
  readsOf,
  type TensorType,
  Value,
} from '../ir/index.js';
import { type Half, narrowed, type Region } from '../plan/index.js';
import { builder, type Context, need, type Pass } from './pass.js';

/**
 * Where one half of the batch is skipped as a region: puts an `If` in front of the model, which gives it every input
 * that has the batch whole, or cut to the half that is computed. What the file says of the batch between that and the gate is said
 * of another symbol: ONNX Runtime takes two tensors of one symbol for equally large, and one's memory for the other.
 */
export const narrow: Pass = {
  name: 'narrow',
  run(context) {
    const { plan, emitted } = context;
    const region = plan.regions.find(({ half }) => half !== undefined);
    if (region?.half === undefined) return;
    const when = need(context, 'decided').reuse[region.channel];
    if (when === undefined) throw new Error(`no answer for channel ${region.channel}`);
    emitted.narrowing = placeChoice(context, region, region.half, when);
    const { batch } = region.half;
    const outputs = new Set(context.model.graph.outputs);
    renameBatch(context.model, type => narrowed(type, batch), outputs);
  },
};

function placeChoice(context: Context, { enters }: Region, half: Half, when: Value): Node {
  const { model } = context;
  const { graph } = model;
  const cut = new Graph('bwc_half');
  const whole = new Graph('bwc_whole');
  const inCut = builder(context, cut, 'half', 'narrow');
  const inWhole = builder(context, whole, 'whole', 'narrow');
  const outputs = enters.map(value => {
    const given = value.type?.kind === 'tensor' ? value.type : undefined;
    if (given === undefined) throw new Error(`${value} has a type`);
    const type = narrowed(given, half.batch);
    cut.addOutput(halvesOf(inCut, value, half, type).computed);
    whole.addOutput(inWhole.op('Identity', [value], { type }));
    return new Value(model.names.fresh(`bwc/half/${value.name}`), type);
  });
  inCut.place();
  inWhole.place();
  const node = new Node({
    opType: 'If',
    name: model.names.fresh('bwc/half'),
    inputs: [when],
    outputs,
    attributes: [attr.graph('then_branch', cut), attr.graph('else_branch', whole)],
    docString: 'bwc: made by pass narrow. Cuts the batch to the half that is computed, or gives it whole.',
  });
  node.graph = graph;
  graph.insertBefore(undefined, [node]);
  const ours = (user: object): boolean =>
    user instanceof Node && (user.name.startsWith('bwc/') || isWithin(cut, user) || isWithin(whole, user));
  applyPatch({
    graph,
    replace: enters.map((from, i) => ({ from, to: outputs[i] ?? from, where: user => !ours(user) })),
  });
  const late = new Set<Node>();
  const produced = new Set<Value>(outputs);
  for (const n of graph.nodes) {
    if (n === node || ![...readsOf(n)].some(v => produced.has(v))) continue;
    late.add(n);
    for (const output of n.outputs) if (output) produced.add(output);
  }
  const early = graph.nodes.filter(n => n !== node && !late.has(n));
  graph.reorder([...early, node, ...graph.nodes.filter(n => late.has(n))]);
  return node;
}

/** Both halves of a value along its first dimension; of an odd number the one in the middle is in both, so that none is empty. */
export function halvesOf(
  b: Builder,
  value: Value,
  { computed }: Pick<Half, 'computed'>,
  type?: TensorType,
): { readonly computed: Value; readonly other: Value } {
  const rows = b.op('Gather', [b.op('Shape', [value]), b.i64(0)], { attributes: [int('axis', 0)] });
  const count = b.op('Div', [b.op('Add', [rows, b.i64(1)]), b.i64(2)], { name: 'half' });
  const options = { name: 'rows', ...(type && { type }) };
  const first = (): Value => b.op('Slice', [value, b.i64(0), count, b.i64(0)], options);
  const last = (): Value => b.op('Slice', [value, b.op('Sub', [rows, count]), rows, b.i64(0)], options);
  return computed === 'first' ? { computed: first(), other: last() } : { computed: last(), other: first() };
}

/** Gives every value that nodes of the original make another type, but for some. */
export function renameBatch(
  model: Model,
  renamed: (type: TensorType) => TensorType,
  except: ReadonlySet<Value> = new Set(),
): void {
  for (const node of allNodes(model.graph)) {
    if (node.name.startsWith('bwc/')) continue;
    for (const output of node.outputs)
      if (output?.type?.kind === 'tensor' && !except.has(output)) output.type = renamed(output.type);
  }
}
