import { type Builder, tensorType, type Value } from '../ir/index.js';
import { type History, PULL } from '../plan/index.js';
import { ruleOf } from './decisions/index.js';
import { totalSteps } from './forecast.js';
import { field } from './keep-time.js';
import {
  builder,
  type Context,
  need,
  type Pass,
  predictionIn,
  returnAs,
  signalOutput,
  stateOutput,
} from './pass.js';

/** Writes the control vector of the next step, and the signals that tell what this one did. */
export const conclude: Pass = {
  name: 'conclude',
  run(context) {
    const { model, plan } = context;
    const { graph } = model;
    const clock = need(context, 'clock');
    const { computed, reused } = need(context, 'decided');
    const value = need(context, 'measured');
    const b = builder(context, graph, 'conclude', 'conclude');
    const rule = ruleOf(plan.decision);

    const count = b.op('Add', [field(clock.fields, 'count'), b.op('Sub', [b.f32(1), reused])], {
      name: 'count',
    });
    count.type = tensorType('float32', [1]);
    const next = new Map<string, Value>([...clock.next, ['count', count]]);
    const since = b.op('Add', [field(clock.fields, 'run'), b.f32(1)]);
    next.set('run', b.op('Mul', [since, reused]));
    if (plan.wanted > 0) next.set(PULL, pulled(context, b));
    for (const history of plan.layout.histories) keepHistory(context, b, next, history);
    const whole = rule.measured !== undefined && plan.probe?.apart === undefined;
    next.set('value', whole ? value : checked(context, b, value));
    const { threshold } = need(context, 'forecast');
    const steps = (): Value => totalSteps(b, plan, clock);
    for (const [name, given] of rule.end({ b, context, clock, value, reused, threshold, steps, next })) {
      next.set(name, given);
    }

    const early = plan.layout.early.map(name => next.get(name) ?? field(clock.fields, name));
    if (clock.dims) early.push(clock.dims);
    const known = b.concat(early, 0, { name: 'known' });
    const measured = [...plan.layout.measured, ...plan.layout.vectors].map(name => field(next, name));
    const control = b.concat([known, ...measured], 0, { type: plan.control.type, name: 'control' });
    computed.type = tensorType('bool', [plan.channels]);
    const signals = [
      ['computed', computed],
      ['value', value],
      ['count', count],
    ] as const;
    b.place();
    returnAs(graph, stateOutput(plan.control.name), control);
    for (const [name, signal] of signals) {
      signal.name = signalOutput(name);
      model.names.reserve(signal.name);
      graph.addOutput(signal);
    }
  },
};

/** By how much a step moves the logarithm of the threshold, times what its answer is off the wanted share. */
const PACE = 0.7;

/** The threshold's next place: an integral of what its answers were off, whatever the guards made of them. */
function pulled(context: Context, b: Builder): Value {
  const { fields, trusted } = need(context, 'clock');
  const { threshold } = need(context, 'forecast');
  const reuses = b.cast(b.op('Less', [need(context, 'level'), threshold()]), 'float32');
  const off = b.op('Mul', [b.op('Sub', [b.f32(context.plan.wanted), reuses]), b.f32(PACE)]);
  const moved = b.op('Add', [field(fields, PULL), off]);
  // A first step is compared with nothing.
  return b.op('Where', [trusted, moved, b.f32(0)], { name: PULL });
}

/** Counts the computed steps of a channel; each moves the gaps between them one back and sets the last. */
function keepHistory(context: Context, b: Builder, next: Map<string, Value>, history: History): void {
  const { fields } = need(context, 'clock');
  const again = need(context, 'decided').reuse[history.channel];
  if (again === undefined) throw new Error(`no answer for channel ${history.channel}`);
  const since = b.op('Add', [field(fields, history.run), b.f32(1)]);
  history.gaps.forEach((name, age) => {
    const fresh = age === 0 ? since : field(fields, history.gaps[age - 1] ?? '');
    next.set(name, b.op('Where', [again, field(fields, name), fresh], { name: 'gap' }));
  });
  if (next.has(history.run)) return;
  const count = field(fields, history.count);
  next.set(history.run, b.op('Where', [again, since, b.f32(0)], { name: 'run' }));
  next.set(history.count, b.op('Where', [again, count, b.op('Add', [count, b.f32(1)])], { name: 'count' }));
}

/**
 * The value, or not a number when the prediction is not finite: what was not measured behind the gate could have gone
 * wrong unseen, and every later step would reuse it.
 */
function checked(context: Context, b: Builder, value: Value): Value {
  const found = predictionIn(context);
  const line = b.op('Reshape', [found, b.i64(-1)]);
  const float =
    found.type?.kind === 'tensor' && found.type.elem === 'float32' ? line : b.cast(line, 'float32');
  const nothing = b.reduce('ReduceSum', b.op('Mul', [float, b.f32(0)]), [0], true, { name: 'finite' });
  return b.op('Add', [value, nothing], { name: 'checked' });
}
