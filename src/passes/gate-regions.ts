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
  tensorType,
  type User,
  Value,
} from '../ir/index.js';
import type { Chunks } from '../methods/index.js';
import {
  type AlongPlan,
  type Exit,
  historyOf,
  narrowed,
  type Plan,
  type Region,
  type StatePlan,
} from '../plan/index.js';
import { lowBand } from './bands.js';
import { field } from './keep-time.js';
import { halvesOf } from './narrow.js';
import { type Attended, merged, outsideOf } from './outside.js';
import {
  builder,
  type Context,
  type Gate,
  gateName,
  need,
  type Pass,
  returnAs,
  stateOf,
  stateOutput,
} from './pass.js';
import { refreshed } from './refresh.js';
import { type Apart, blend, type Line, remember } from './reuse.js';
import { sample } from './sampling.js';

/**
 * Moves each region into the `else` branch of an `If`, whose `then` branch reuses. Both return what the exits are made
 * of, and the features to keep. Where an exit is a residual addition, its addends are returned and the addition
 * stays outside.
 */
export const gateRegions: Pass = {
  name: 'gate-regions',
  run(context) {
    const { model, plan, emitted } = context;
    const { reuse } = need(context, 'decided');
    if (plan.keepsWhole) emitted.whole = isWhole(context);
    for (const region of plan.regions) {
      const when = reuse[region.channel];
      if (when === undefined) throw new Error(`no answer for channel ${region.channel}`);
      for (const { reader, from, to } of region.shapes) {
        const stand = emitted.outside.get(to) ?? to;
        applyPatch({ graph: model.graph, replace: [{ from, to: stand, where: user => user === reader }] });
        emitted.reread.set(reader.output.name, from.name);
      }
      const gate = placeGate(model, region, when, gateName(region.name, plan.regions.length === 1));
      emitted.gates.push(gate);
      for (const [i, exit] of region.exits.entries()) {
        const { attention } = exit;
        const { outside } = region.reuse;
        if (region.half) joinHalves(context, gate, exit, i);
        else if (attention && outside)
          mergeChunks(context, gate, { ...exit, attention }, region.features[i] ?? [], outside);
        else gateExit(context, gate, exit, i);
      }
      if (region.along) keepAlong(context, gate, region.along);
    }
  },
};

/** Whether the step computes all channels, bool [1]. */
function isWhole(context: Context): Value {
  const { graph } = context.model;
  const { computed } = need(context, 'decided');
  const b = builder(context, graph, 'whole', 'gate-regions');
  const least = b.reduce('ReduceMin', b.cast(computed, 'float32'), [0], true);
  const whole = b.cast(least, 'bool');
  b.place(graph.nodes[1 + (computed.producer ? graph.nodes.indexOf(computed.producer) : -1)]);
  return whole;
}

/** What is kept for the next step in the place of a state: as computed, where only whole steps are kept of these alone. */
export function keptOf(context: Context, b: Builder, computed: Value, state: StatePlan): Value {
  const { whole } = context.emitted;
  if (whole === undefined) return computed;
  const yes = new Graph('bwc_kept');
  const no = new Graph('bwc_as_before');
  for (const [graph, value] of [
    [yes, computed],
    [no, stateOf(context, state)],
  ] as const) {
    const inside = builder(context, graph, 'compute/kept', 'gate-regions');
    graph.addOutput(inside.op('Identity', [value], { type: state.type }));
    inside.place();
  }
  const attributes = [attr.graph('then_branch', yes), attr.graph('else_branch', no)];
  return b.op('If', [whole], { name: 'kept', type: state.type, attributes });
}

/**
 * Puts a gate in the graph and the region into its compute branch. Nodes that depend on the region, and those only,
 * come after the gate.
 */
function placeGate(model: Model, region: Region, when: Value, name: string): Gate {
  const { graph } = model;
  const compute = new Graph('bwc_compute');
  const reuse = new Graph('bwc_reuse');
  const node = new Node({
    opType: 'If',
    name: model.names.fresh(name),
    inputs: [when],
    outputs: [],
    attributes: [attr.graph('then_branch', reuse), attr.graph('else_branch', compute)],
    docString: 'bwc: made by pass gate-regions. Reuses the skipped blocks, or computes them.',
  });
  const outside = new Set(region.exits.flatMap(e => (e.addends && !e.addends.norm ? [e.addends.add] : [])));
  const norms = region.exits.flatMap(e => e.addends?.norm ?? []);
  const inside = new Set([...region.nodes.filter(n => !outside.has(n)), ...norms]);
  const late = new Set<Node>();
  const produced = new Set<Value>();
  for (const n of graph.nodes) {
    const depends = readsOf(n).some(v => produced.has(v));
    if (!inside.has(n) && !depends) continue;
    if (!inside.has(n)) late.add(n);
    for (const output of n.outputs) if (output) produced.add(output);
  }
  if (when.producer && late.has(when.producer)) throw new Error('the condition depends on the region');
  const early = graph.nodes.filter(n => !inside.has(n) && !late.has(n));
  const after = graph.nodes.filter(n => late.has(n));
  const moved = graph.nodes.filter(n => inside.has(n));
  graph.detach(inside);
  compute.append(...moved);
  node.graph = graph;
  graph.insertBefore(undefined, [node]);
  graph.reorder([...early, node, ...after]);
  return { region, node, compute, reuse, within: new Map(), features: [] };
}

function gateExit(context: Context, gate: Gate, exit: Exit, index: number): void {
  const { model } = context;
  const states = gate.region.features[index] ?? [];
  const ages = gate.region.ages[index];
  const inCompute = builder(context, gate.compute, 'compute', 'gate-regions');
  const inReuse = builder(context, gate.reuse, 'reuse', 'gate-regions');
  const [newest] = states;
  if (newest === undefined) throw new Error('every exit has its state');
  const type = exit.declared;
  const norm = exit.addends?.norm;
  if (norm && gate.region.normed[index]) {
    const { output } = norm;
    if (isProbed(context.plan, exit.value)) gate.within.set(exit.value, sumOf(inCompute, exit));
    const kept = inReuse.op('Identity', [stateOf(context, newest)], { type: newest.type });
    const to = branchOutput(context, gate, output, kept, newest.type, newest.name);
    inCompute.place();
    inReuse.place();
    const replace = [{ from: output, to, where: (user: User) => !isWithin(gate.compute, user) }];
    applyPatch({ graph: model.graph, replace });
    gate.features.push(output);
    returnAs(model.graph, stateOutput(newest.name), to);
    return;
  }
  const whole = sumOf(inCompute, exit);
  gate.within.set(exit.value, whole);
  const residual = gate.region.reuse.of === 'residual';
  const entering = exit.enters && (context.emitted.outside.get(exit.enters) ?? exit.enters);
  const fresh = (b: Builder): Value | undefined =>
    entering && exit.converted ? b.cast(entering, type.elem, type) : entering;
  if (residual && entering === undefined) throw new Error('a residual needs its entering stream');
  const enters = residual ? fresh(inReuse) : undefined;
  const kept = blend(context, inReuse, gate.region, index, type);
  const { refresh } = gate.region.reuse;
  const { tokens } = exit;
  const anew =
    ages && refresh && tokens && refreshed(context, inReuse, kept, { ...exit, tokens }, ages, refresh);
  const old = anew?.features ?? kept;

  const replace: Replacement[] = [];
  const give = (computed: Value, reused: Value, name: string): Value =>
    branchOutput(
      context,
      gate,
      local(inCompute, computed, gate.compute, type),
      local(inReuse, reused, gate.reuse, type),
      type,
      name,
    );
  if (norm) {
    const stand = enters !== undefined ? inReuse.op('Add', [enters, old], { type }) : old;
    const normType = declaredAs(norm.output, type);
    const normed = inReuse.op(norm.opType, [stand, ...norm.inputs.slice(1)], {
      type: normType,
      attributes: [...norm.attributes.values()],
    });
    const to = branchOutput(context, gate, norm.output, normed, normType, 'normed');
    replace.push({ from: norm.output, to, where: user => !isWithin(gate.compute, user) });
  } else if (exit.addends) {
    const { add, stream } = exit.addends;
    const reused =
      enters !== undefined
        ? { stream: enters, branch: old }
        : { stream: old, branch: zerosLike(inReuse, stateOf(context, newest), type) };
    for (const operand of [0, 1] as const) {
      const from = add.inputs[operand];
      if (from === undefined) throw new Error(`${add} lacks an operand`);
      const stand = operand === stream ? reused.stream : reused.branch;
      replace.push({ from, to: give(from, stand, `addend${operand}`), where: user => user === add });
    }
  } else {
    const stand = enters !== undefined ? inReuse.op('Add', [enters, old], { type }) : old;
    const to = give(exit.value, stand, 'exit');
    if (model.graph.outputs.includes(exit.value)) takeName(context, gate, exit.value, to);
    context.emitted.outside.set(exit.value, to);
    replace.push({ from: exit.value, to, where: user => !isWithin(gate.compute, user) });
  }
  const before = residual ? fresh(inCompute) : undefined;
  const features = before === undefined ? whole : inCompute.op('Sub', [whole, before], { type });
  const line = lineOf(context, gate.region, index, newest.type);
  keep(context, gate, inCompute, inReuse, states, features, type, { anew: anew?.features, line });
  if (anew && ages) {
    const sizes = inCompute.op('Slice', [inCompute.op('Shape', [whole]), inCompute.i64(0), inCompute.i64(2)]);
    const none = inCompute.op('ConstantOfShape', [sizes], { type: ages.type });
    const value = branchOutput(context, gate, none, anew.ages, ages.type, ages.name);
    returnAs(model.graph, stateOutput(ages.name), value);
  }
  inCompute.place();
  inReuse.place();
  applyPatch({ graph: model.graph, replace });
}

/** The exit's value inside the compute branch. */
function sumOf(b: Builder, { value, addends, declared }: Exit): Value {
  // Turned round, so that ONNX Runtime does not take it for the addition that may be in the same branch.
  return addends
    ? b.op('Add', addends.add.inputs.slice(0, 2).reverse(), { type: declared, name: 'exit' })
    : value;
}

/** Whether the value is looked at. */
function isProbed({ probe }: Plan, value: Value): boolean {
  return (
    probe?.taps.some(taps => taps.values.some(tap => tap.value === value || tap.less === value)) ?? false
  );
}

/** What is computed of a half is made whole again, with what the other half had over it, or was. */
function joinHalves(context: Context, gate: Gate, exit: Exit, index: number): void {
  const { half, reuse, features: kept } = gate.region;
  const states = kept[index] ?? [];
  const [newest] = states;
  if (half === undefined || newest === undefined) throw new Error('a half has its state');
  const inCompute = builder(context, gate.compute, 'compute', 'gate-regions');
  const inReuse = builder(context, gate.reuse, 'reuse', 'gate-regions');
  const type = exit.declared;
  const stand = blend(context, inReuse, gate.region, index, tensorType(type.elem));
  const other = reuse.of === 'residual' ? inReuse.op('Add', [exit.value, stand], { name: 'other' }) : stand;
  const order = half.computed === 'first' ? [exit.value, other] : [other, exit.value];
  const whole = branchOutput(
    context,
    gate,
    local(inCompute, exit.value, gate.compute, type),
    inReuse.concat(order, 0, { type, name: 'whole' }),
    type,
    'exit',
  );
  takeName(context, gate, exit.value, whole);
  whole.type = type;
  exit.value.type = narrowed(type, half.batch);
  const halves = halvesOf(inCompute, exit.value, half);
  const features =
    reuse.of === 'residual' ? inCompute.op('Sub', [halves.other, halves.computed]) : halves.other;
  const { bands } = reuse;
  if (bands && half.picture) {
    const float = type.elem === 'float32' ? features : inCompute.cast(features, 'float32');
    const low = lowBand(inCompute, float, half.picture, bands.radius);
    const high = inCompute.op('Sub', [float, low], { name: 'high' });
    for (const [i, band] of [low, high].entries()) {
      const state = states.slice(i, i + 1);
      keep(context, gate, inCompute, inReuse, state, band, tensorType('float32'));
    }
  } else {
    const line = lineOf(context, gate.region, index, newest.type);
    keep(context, gate, inCompute, inReuse, states, features, tensorType(type.elem), { line });
  }
  inCompute.place();
  inReuse.place();
  const outside = (user: User): boolean => !isWithin(gate.compute, user) && !isWithin(gate.reuse, user);
  applyPatch({ graph: context.model.graph, replace: [{ from: exit.value, to: whole, where: outside }] });
}

/** Attention to tokens outside each one's chunk is kept; that within is computed at every step, and both are given as one. */
function mergeChunks(
  context: Context,
  gate: Gate,
  exit: Attended,
  states: readonly StatePlan[],
  chunks: Chunks,
): void {
  const inCompute = builder(context, gate.compute, 'compute', 'gate-regions');
  const inReuse = builder(context, gate.reuse, 'reuse', 'gate-regions');
  const { value, declared } = exit;
  const to = branchOutput(
    context,
    gate,
    local(inCompute, value, gate.compute, declared),
    merged(context, inReuse, exit, chunks, states),
    declared,
    'exit',
  );
  const { output, normaliser } = outsideOf(inCompute, exit, chunks);
  for (const [i, kept] of [output, normaliser].entries())
    keep(context, gate, inCompute, inReuse, states.slice(i, i + 1), kept, tensorType('float32'));
  context.emitted.outside.set(value, to);
  inCompute.place();
  inReuse.place();
  const replace = [{ from: value, to, where: (user: User) => !isWithin(gate.compute, user) }];
  applyPatch({ graph: context.model.graph, replace });
}

/** Keeps what is followed at computed steps. */
function keepAlong(context: Context, gate: Gate, along: AlongPlan): void {
  const inCompute = builder(context, gate.compute, 'compute', 'gate-regions');
  const inReuse = builder(context, gate.reuse, 'reuse', 'gate-regions');
  for (const [i, taps] of along.taps.entries()) {
    const states = along.kept[i] ?? [];
    const [newest] = states;
    if (newest === undefined) throw new Error('what is followed is kept');
    const now = sample(context, inCompute, taps, newest.type, along, value => value);
    keep(context, gate, inCompute, inReuse, states, now, newest.type);
  }
  inCompute.place();
  inReuse.place();
}

/** What an exit would have been on the line through the last two computed steps, where what that was off is made up for. */
function lineOf(context: Context, region: Region, exit: number, type: TensorType): Line | undefined {
  if (region.reuse.weights?.kind !== 'trapezoid') return undefined;
  const { run } = historyOf(context.plan, region.channel);
  const at = (b: Builder): Value => blend(context, b, region, exit, type);
  return { at, run: field(need(context, 'clock').fields, run) };
}

/** Returns from the gate what is kept for the next step. */
function keep(
  context: Context,
  gate: Gate,
  inCompute: Builder,
  inReuse: Builder,
  states: readonly StatePlan[],
  features: Value,
  type: TensorType,
  apart?: Apart,
): void {
  gate.features.push(features);
  const kept = remember(context, inCompute, inReuse, states, features, type, apart);
  states.forEach((state, age) => {
    const next = kept[age];
    if (next === undefined) throw new Error('every memory has its next value');
    const computed = keptOf(context, inCompute, next.computed, state);
    const own = local(inCompute, computed, gate.compute, state.type);
    const value = branchOutput(context, gate, own, next.reused, state.type, state.name);
    returnAs(context.model.graph, stateOutput(state.name), value);
  });
}

/** What the file says of a value's type, or of the same element type and as many dimensions, all open. */
function declaredAs({ type }: Value, like: TensorType): TensorType {
  if (type?.kind === 'tensor') return type;
  return tensorType(
    like.elem,
    like.shape?.map(() => undefined),
  );
}

/** A gate whose output is an output of the original goes by its name; the value inside gets another. */
function takeName(context: Context, gate: Gate, inside: Value, outside: Value): void {
  const { name } = inside;
  inside.name = context.model.names.fresh(`bwc/inside/${name}`);
  outside.name = name;
  outside.type = inside.type;
  gate.renamed = { from: inside.name, to: name };
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

/** Zeros of a state tensor's shape, the other addend when a whole output is reused. */
function zerosLike(b: Builder, kept: Value, type: TensorType): Value {
  return b.op('ConstantOfShape', [b.op('Shape', [kept])], {
    type,
    attributes: [attr.tensor('value', Tensor.of(type.elem, [0], [1]))],
  });
}
