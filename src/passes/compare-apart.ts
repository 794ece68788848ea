import { attr, type Builder, Graph, int, type TensorType, tensorType, type Value } from '../ir/index.js';
import { looksAtStep } from '../methods/index.js';
import type { StatePlan } from '../plan/index.js';
import { ruleOf } from './decisions/index.js';
import { builder, type Context, type Decided, need, stateOf } from './pass.js';
import { changeOf, metricOf, sample, together, UNMEASURED } from './sampling.js';
import { scoreOf } from './score.js';

/**
 * Samples what each channel is judged by, in front of what it skips. Where the step's own data decides, compares each with what
 * the state holds and decides there and then: a scalar for each channel has to come from the device.
 */
export function compareApart(context: Context): void {
  const { model, plan, emitted } = context;
  const { probe } = plan;
  if (probe === undefined) throw new Error('channels are judged by something');
  const b = builder(context, model.graph, 'indicator', 'compare');
  const seen = probe.taps.flatMap((taps, i) =>
    taps.values.map((tap, at): Seen => {
      const state = probe.references[i];
      const type = tensorType('float32', [plan.batch, 1, undefined]);
      const now = sample(context, b, { ...taps, values: [tap] }, type, probe, value => value);
      emitted.taken.set(tap, now);
      return { channel: tap.channel, now, state, at };
    }),
  );
  if (looksAtStep(plan.decision))
    decide(
      context,
      b,
      seen.sort((x, y) => x.channel - y.channel),
    );
  b.place();
}

/** What a channel is judged by now, and where the state holds what it was. */
interface Seen {
  readonly channel: number;
  readonly now: Value;
  readonly state: StatePlan | undefined;
  readonly at: number;
}

/** Type of what a group's state holds of one tensor. */
export function oneOf({ type }: StatePlan): TensorType {
  const [batch, , elements] = type.shape ?? [];
  return tensorType('float32', [batch, 1, elements]);
}

/** What a group's state holds of its tensor of that index, float32 [batch, 1, elements]. */
export function heldBy(context: Context, b: Builder, state: StatePlan, at: number): Value {
  return b.op('Gather', [stateOf(context, state), b.i64(at)], {
    type: oneOf(state),
    attributes: [int('axis', 1)],
  });
}

function decide(context: Context, b: Builder, seen: readonly Seen[]): void {
  const { plan, emitted } = context;
  const { limit } = ruleOf(plan.decision);
  const { may, threshold } = need(context, 'forecast');
  const apart = (plan.guards.most ?? 0) > 0;
  const allowed = apart
    ? b.split(
        may,
        seen.map(() => 1),
        'may',
      )
    : seen.map(() => may);
  const changes: Value[] = [];
  const before: Value[] = [];
  const reused = seen.map((channel, i): Value => {
    const change = judgeOne(context, b, channel);
    const worst = b.reduce('ReduceMax', b.op('Reshape', [change, b.i64(-1)]), [0], true, { name: 'change' });
    const bound = limit?.({ b, threshold, before }) ?? threshold();
    const below = b.cast(b.op('Less', [worst, bound], { name: 'below' }), 'float32');
    changes.push(change);
    before.push(worst);
    return b.op('Mul', [below, allowed[i] ?? may], { name: 'reused' });
  });
  emitted.decided = decidedApart(b, reused);
  emitted.measured = together(b, b.concat(changes, 1));
}

function decidedApart(b: Builder, reused: readonly Value[]): Decided {
  const reuse = reused.map(value => b.cast(value, 'bool'));
  const all = b.concat(reused, 0);
  return {
    reuse,
    computed: b.op('Not', [b.cast(all, 'bool')]),
    reused: b.reduce('ReduceMin', all, [0], true, { name: 'all_reused' }),
  };
}

/** What decides about one channel, float32 [batch, 1]. */
function judgeOne(context: Context, b: Builder, { now, state, at, channel }: Seen): Value {
  const { metric } = context.plan.probe ?? {};
  if (metric?.kind === 'learned-gate')
    return scoreOf(b, metric, now, [channel], need(context, 'forecast').index());
  if (state === undefined) throw new Error('what is compared has its state');
  return compareOne(context, b, now, state, at);
}

/** What one channel changed by since it was last computed, float32 [batch, 1]; large where the state is not of this generation. */
function compareOne(context: Context, b: Builder, now: Value, state: StatePlan, at: number): Value {
  const type = tensorType('float32', [undefined, 1]);
  const yes = new Graph('bwc_compare');
  const inYes = builder(context, yes, 'indicator/compare', 'compare');
  const held = heldBy(context, inYes, state, at);
  const change = changeOf(inYes, { now, before: held, state }, metricOf(context.plan));
  change.type = type;
  yes.addOutput(change);
  inYes.place();
  const no = new Graph('bwc_unmeasured');
  const inNo = builder(context, no, 'indicator/unmeasured', 'compare');
  const large = inNo.op('Reshape', [inNo.f32(UNMEASURED), inNo.i64(1, 1)], { type });
  no.addOutput(large);
  inNo.place();
  return b.op('If', [need(context, 'forecast').measure], {
    name: 'change',
    type,
    attributes: [attr.graph('then_branch', yes), attr.graph('else_branch', no)],
  });
}
