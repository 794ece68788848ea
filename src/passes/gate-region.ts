import {
  applyPatch,
  attr,
  type Builder,
  Graph,
  isWithin,
  type Model,
  Node,
  type Replacement,
  readsOf,
  Tensor,
  type TensorType,
  Value,
} from '../ir/index.js';
import { type Exit, type StatePlan, stateElem } from '../plan/index.js';
import { builder, type Context, type Gate, need, type Pass, returnAs, stateOutput } from './pass.js';

/**
 * Moves the region into the `else` branch of an `If`, whose `then` branch reuses. Both return what the exits are made
 * of, and the features to keep. Where an exit is a residual addition, its addends are returned and the addition
 * stays outside.
 */
export const gateRegion: Pass = {
  name: 'gate-region',
  run(context) {
    const { model, plan } = context;
    const { reuse } = need(context, 'forecast');
    const compute = new Graph('bwc_compute');
    const cached = new Graph('bwc_reuse');
    const node = new Node({
      opType: 'If',
      name: model.names.fresh('bwc/gate'),
      inputs: [reuse],
      outputs: [],
      attributes: [attr.graph('then_branch', cached), attr.graph('else_branch', compute)],
      docString: 'bwc: made by pass gate-region. Reuses the skipped blocks, or computes them.',
    });
    placeGate(model, node, plan.region.nodes, plan.region.exits, compute, reuse);
    const gate: Gate = { node, compute, reuse: cached, within: new Map() };
    context.emitted.gate = gate;
    plan.region.exits.forEach((exit, i) => {
      const state = plan.features[i];
      if (state === undefined) throw new Error('every exit has its state');
      gateExit(context, gate, exit, state);
    });
  },
};

/**
 * Puts the gate in the graph and the region into its compute branch. Nodes that depend on the region, and those only,
 * come after the gate.
 */
function placeGate(
  model: Model,
  gate: Node,
  region: readonly Node[],
  exits: readonly Exit[],
  compute: Graph,
  condition: Value,
): void {
  const { graph } = model;
  const outside = new Set(exits.flatMap(e => (e.addends ? [e.addends.add] : [])));
  const inside = new Set(region.filter(n => !outside.has(n)));
  const late = new Set<Node>();
  const produced = new Set<Value>();
  for (const n of graph.nodes) {
    const depends = [...readsOf(n)].some(v => produced.has(v));
    if (!inside.has(n) && !depends) continue;
    if (!inside.has(n)) late.add(n);
    for (const output of n.outputs) if (output) produced.add(output);
  }
  if (condition.producer && late.has(condition.producer))
    throw new Error('the condition depends on the region');
  const early = graph.nodes.filter(n => !inside.has(n) && !late.has(n));
  const after = graph.nodes.filter(n => late.has(n));
  const moved = graph.nodes.filter(n => inside.has(n));
  graph.detach(inside);
  compute.append(...moved);
  gate.graph = graph;
  graph.insertBefore(undefined, [gate]);
  graph.reorder([...early, gate, ...after]);
}

function gateExit(context: Context, gate: Gate, exit: Exit, state: StatePlan): void {
  const { model, plan } = context;
  const inCompute = builder(context, gate.compute, 'compute', 'gate-region');
  const inReuse = builder(context, gate.reuse, 'reuse', 'gate-region');
  const kept = context.emitted.state.get(state.name);
  if (kept === undefined) throw new Error(`no state ${state.name}`);
  const type = exit.declared;
  const whole = exit.addends
    ? inCompute.op('Add', exit.addends.add.inputs.slice(0, 2), { type, name: 'exit' })
    : exit.value;
  gate.within.set(exit.value, whole);
  const old = asElem(inReuse, kept, type);
  const enters = exit.enters;
  if (plan.reuse === 'residual' && enters === undefined)
    throw new Error('a residual needs its entering stream');

  const features =
    plan.reuse === 'output' || enters === undefined ? whole : inCompute.op('Sub', [whole, enters], { type });
  const toKeep =
    state.type.elem === type.elem ? features : inCompute.cast(features, state.type.elem, state.type);

  const replace: Replacement[] = [];
  if (exit.addends) {
    const { add, stream } = exit.addends;
    const reused =
      plan.reuse === 'residual' && enters !== undefined
        ? { stream: enters, branch: old }
        : { stream: old, branch: zerosLike(inReuse, kept, type) };
    for (const operand of [0, 1] as const) {
      const from = add.inputs[operand];
      if (from === undefined) throw new Error(`${add} lacks an operand`);
      const stand = operand === stream ? reused.stream : reused.branch;
      const output = branchOutput(
        context,
        gate,
        local(inCompute, from, gate.compute, type),
        local(inReuse, stand, gate.reuse, type),
        type,
        `addend${operand}`,
      );
      replace.push({ from, to: output, where: user => user === add });
    }
  } else {
    const stand =
      plan.reuse === 'residual' && enters !== undefined ? inReuse.op('Add', [enters, old], { type }) : old;
    const output = branchOutput(
      context,
      gate,
      exit.value,
      local(inReuse, stand, gate.reuse, type),
      type,
      'exit',
    );
    replace.push({ from: exit.value, to: output, where: user => !isWithin(gate.compute, user) });
  }
  const next = branchOutput(
    context,
    gate,
    local(inCompute, toKeep, gate.compute, state.type),
    inReuse.op('Identity', [kept], { type: state.type }),
    state.type,
    state.name,
  );
  inCompute.place();
  inReuse.place();
  applyPatch({ graph: model.graph, replace });
  returnAs(model.graph, stateOutput(state.name), next);
}

/** Adds one output to the gate: what each branch returns, and the value the outer graph gets. */
export function branchOutput(
  context: Context,
  gate: Gate,
  computed: Value,
  reused: Value,
  type: TensorType,
  name: string,
): Value {
  computed.type ??= type;
  gate.compute.addOutput(computed);
  gate.reuse.addOutput(reused);
  const value = new Value(context.model.names.fresh(`bwc/gate/${name}`), type);
  gate.node.addOutput(value);
  return value;
}

/** A branch may not return an outer value, nor one value twice (ONNX Runtime loses the second): it returns a copy. */
function local(b: Builder, value: Value, branch: Graph, type: TensorType): Value {
  const own = value.producer?.graph === branch && !branch.outputs.includes(value);
  return own ? value : b.op('Identity', [value], { type });
}

function asElem(b: Builder, kept: Value, type: TensorType): Value {
  return stateElem(type.elem) === type.elem ? kept : b.cast(kept, type.elem, type);
}

/** Zeros of a state tensor's shape, the other addend when a whole output is reused. */
function zerosLike(b: Builder, kept: Value, type: TensorType): Value {
  return b.op('ConstantOfShape', [b.op('Shape', [kept])], {
    type,
    attributes: [attr.tensor('value', Tensor.of(type.elem, [0], [1]))],
  });
}
