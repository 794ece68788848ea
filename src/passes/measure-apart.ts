import { type Builder, int, isWithin, type TensorType, type Value } from '../ir/index.js';
import type { LearnedGate } from '../methods/index.js';
import type { StatePlan, Tap, Taps } from '../plan/index.js';
import { heldBy, oneOf } from './compare-apart.js';
import { ruleOf } from './decisions/index.js';
import { stepIndex, totalSteps } from './forecast.js';
import { branchOutput } from './gate-regions.js';
import { field } from './keep-time.js';
import { builder, type Context, type Gate, need, returnAs, stateOf, stateOutput } from './pass.js';
import { changesOf, compareEachIf, type Sample, sample } from './sampling.js';
import { scoreOf } from './score.js';

/**
 * Measures where each channel is judged by a tensor of its own. The channel's gate gives what that held when it was last
 * computed; joined, this is what later steps are compared with. Unless each was compared in front of its gate, all are
 * compared here in one go: those in front as they are now, those behind as they were last computed.
 */
export function measureApart(context: Context): void {
  const { model, plan, emitted } = context;
  const { probe } = plan;
  if (probe === undefined) throw new Error('channels are judged by something');
  const clock = need(context, 'clock');
  const { compared } = ruleOf(plan.decision);
  const b = builder(context, model.graph, 'indicator', 'measure');
  const channels = probe.taps.map(taps => taps.values.map(tap => tap.channel));
  if (probe.metric.kind === 'learned-gate') {
    if (emitted.measured === undefined) score(context, b, probe.metric, channels);
    b.place();
    return;
  }
  const samples = probe.taps.map((taps, i): Sample => {
    const state = probe.references[i];
    if (state === undefined) throw new Error('every group of taps has its state');
    const kept = taps.values.map((tap, at) => keptBy(context, { ...taps, values: [tap] }, tap, state, at));
    const join = (values: readonly Value[]): Value =>
      b.op('Concat', values, { type: state.type, attributes: [int('axis', 1)] });
    const next = join(kept);
    b.place();
    const taken = taps.values.flatMap(tap => emitted.taken.get(tap) ?? []);
    const compares = emitted.measured === undefined && taken.length > 0;
    const given = { now: compares ? join(taken) : next, before: stateOf(context, state), state };
    returnAs(model.graph, stateOutput(state.name), next);
    return given;
  });
  if (emitted.measured !== undefined) return;
  const { measure } = need(context, 'forecast');
  const { value, changes } = compareEachIf(context, b, measure, samples, channels, (inside, given, at) => {
    return compared?.({ b: inside, clock, sample: given, channels: at }) ?? given;
  });
  b.place();
  emitted.measured = value;
  emitted.changes = changes;
}

/** What the gates of the next step say of what this one saw. */
function score(
  context: Context,
  b: Builder,
  gate: LearnedGate,
  channels: readonly (readonly number[])[],
): void {
  const { plan, emitted } = context;
  const clock = need(context, 'clock');
  const index = stepIndex(b, plan, field(clock.next, 'step'), totalSteps(b, plan, clock));
  const scores = (plan.probe?.taps ?? []).map(({ values }, i) => {
    const seen = values.flatMap(tap => emitted.taken.get(tap) ?? []);
    return scoreOf(b, gate, b.concat(seen, 1), channels[i] ?? [], index);
  });
  const { value, changes } = changesOf(b, b.concat(scores, 1), channels.flat());
  emitted.measured = value;
  emitted.changes = changes;
}

/** What the tensor of one channel held when it was last computed, float32 [batch, 1, elements]. */
function keptBy(context: Context, taps: Taps, tap: Tap, state: StatePlan, at: number): Value {
  const { emitted } = context;
  const gate = emitted.gates.find(({ region }) => region.channel === tap.channel);
  if (gate === undefined) throw new Error('every channel has its gate');
  const inCompute = builder(context, gate.compute, 'indicator', 'measure');
  const inReuse = builder(context, gate.reuse, 'reuse', 'measure');
  const type = oneOf(state);
  const taken = emitted.taken.get(tap);
  const now = taken
    ? inCompute.op('Identity', [taken], { type })
    : sampled(context, gate, inCompute, taps, type);
  const before = heldBy(context, inReuse, state, at);
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
