import { type Builder, int, isWithin, type TensorType, tensorType, type Value } from '../ir/index.js';
import type { StatePlan, Taps } from '../plan/index.js';
import { ruleOf } from './decisions/index.js';
import { branchOutput } from './gate-regions.js';
import { builder, type Context, type Gate, need, returnAs, stateOf, stateOutput } from './pass.js';
import { compareEachIf, type Sample, sample } from './sampling.js';

/**
 * Measures where each channel is judged by a tensor of its own, behind its own gate. A gate gives what its tensor held
 * when it was last computed; joined, that is what later steps are compared with, and what is compared here, all in one go.
 */
export function measureApart(context: Context): void {
  const { model, plan, emitted } = context;
  const { probe } = plan;
  if (probe === undefined) throw new Error('channels are judged by something');
  const clock = need(context, 'clock');
  const { compared } = ruleOf(plan.decision);
  const b = builder(context, model.graph, 'indicator', 'measure');
  const samples = probe.taps.map((taps, i): Sample => {
    const state = probe.references[i];
    if (state === undefined) throw new Error('every group of taps has its state');
    const kept = taps.values.map((_, at) => keptBy(context, taps, at, state));
    const now = b.op('Concat', kept, { type: state.type, attributes: [int('axis', 1)] });
    return { now, before: stateOf(context, state), state };
  });
  const { measure } = need(context, 'forecast');
  const channels = probe.taps.map(taps => taps.values.map(tap => tap.channel));
  const { value, changes } = compareEachIf(context, b, measure, samples, channels, (inside, given, at) => {
    return compared?.({ b: inside, clock, sample: given, channels: at }) ?? given;
  });
  b.place();
  for (const { state, now } of samples) returnAs(model.graph, stateOutput(state.name), now);
  emitted.measured = value;
  emitted.changes = changes;
}

/** What the tensor of one channel held when it was last computed, float32 [batch, 1, elements]. */
function keptBy(context: Context, taps: Taps, at: number, state: StatePlan): Value {
  const tap = taps.values[at];
  const gate = context.emitted.gates.find(({ region }) => region.channel === tap?.channel);
  if (tap === undefined || gate === undefined) throw new Error('every channel has its tap and its gate');
  const inCompute = builder(context, gate.compute, 'indicator', 'measure');
  const inReuse = builder(context, gate.reuse, 'reuse', 'measure');
  const [batch, , elements] = state.type.shape ?? [];
  const type = tensorType('float32', [batch, 1, elements]);
  const now = sampled(context, gate, inCompute, { ...taps, values: [tap] }, type);
  const before = inReuse.op('Gather', [stateOf(context, state), inReuse.i64(at)], {
    type,
    attributes: [int('axis', 1)],
  });
  inCompute.place();
  inReuse.place();
  return branchOutput(context, gate, now, before, type, state.name);
}

/** What is sampled behind the gate: what leaves it is a value inside, what enters may be what another gate gives. */
function sampled(context: Context, gate: Gate, b: Builder, taps: Taps, type: TensorType): Value {
  const { plan, emitted } = context;
  if (plan.probe === undefined) throw new Error('channels are judged by something');
  const at = (value: Value): Value => {
    const inside = gate.within.get(value);
    if (inside !== undefined) return inside;
    const behind = value.producer !== undefined && isWithin(gate.compute, value.producer);
    return behind ? value : (emitted.outside.get(value) ?? value);
  };
  return sample(context, b, taps, type, plan.probe, at);
}
