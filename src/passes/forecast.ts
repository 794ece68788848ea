import { assertNever, type Builder, type Value } from '../ir/index.js';
import type { TriggerDecision } from '../methods/index.js';
import type { Plan } from '../plan/index.js';
import { allLess, field } from './keep-time.js';
import { builder, type Clock, type Forecast, need, type Pass } from './pass.js';

/**
 * Decides what is known when a step starts: whether it reuses, and whether a computed step is worth measuring.
 */
export const forecast: Pass = {
  name: 'forecast',
  run(context) {
    const { model, plan } = context;
    const clock = need(context, 'clock');
    const b = builder(context, model.graph, 'forecast', 'forecast');
    const { decision } = plan;
    switch (decision.kind) {
      case 'trigger':
        context.emitted.forecast = trigger(b, plan, decision, clock);
        break;
      default:
        assertNever(decision.kind);
    }
    const after = clock.next.get('step')?.producer;
    const nodes = model.graph.nodes;
    b.place(nodes[(after ? nodes.indexOf(after) : -1) + 1]);
  },
};

/**
 * While armed: reuse `interval` steps, then compute one, and so on, up to the tail. Both are compared in whole steps
 * without rounding first: `run < round(x)` is `run + 1/2 <= x`, and `step < T - floor(y)` is `step < T - y`.
 */
function trigger(b: Builder, plan: Plan, decision: TriggerDecision, clock: Clock): Forecast {
  const steps = totalSteps(b, plan, clock);
  const interval =
    decision.interval >= 1
      ? Math.round(decision.interval)
      : b.op('Max', [b.op('Mul', [steps, b.f32(decision.interval)]), b.f32(1)], { name: 'interval' });
  const tail =
    decision.tail >= 1
      ? b.f32(Math.round(decision.tail))
      : b.op('Mul', [b.op('Sub', [field(clock.fields, 'fired'), b.f32(1)]), b.f32(decision.tail)], {
          name: 'tail',
        });
  const armed = field(clock.fields, 'armed');
  const may = allLess(
    b,
    [
      [0.5, armed],
      [b.op('Add', [field(clock.fields, 'run'), b.f32(0.5 - ROUNDING)]), interval],
      [field(clock.fields, 'step'), b.op('Sub', [steps, tail])],
      [field(clock.knobs, 'force'), 0.5],
    ],
    'may',
  );
  const reused = b.op('Mul', [may, clock.valid], { name: 'reused' });
  const measure = decision.once
    ? b.op('Less', [armed, clock.valid], { name: 'measure' })
    : b.cast(clock.valid, 'bool');
  return { reuse: b.cast(reused, 'bool'), reused, measure };
}

/** Lets a half be rounded up in spite of float32. */
const ROUNDING = 1e-3;

/** The number of denoising steps: as compiled, unless the knob says otherwise. */
function totalSteps(b: Builder, plan: Plan, clock: Clock): Value {
  const knob = field(clock.knobs, 'steps');
  return b.op('Where', [b.op('Greater', [knob, b.f32(0)]), knob, b.f32(plan.steps)], { name: 'steps' });
}
