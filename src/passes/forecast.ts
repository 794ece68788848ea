import { assertNever, type Builder, type Value } from '../ir/index.js';
import type { TriggerDecision } from '../methods/index.js';
import type { Plan } from '../plan/index.js';
import { field } from './keep-time.js';
import { builder, type Clock, need, type Pass } from './pass.js';

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

/** While armed: reuse `interval` steps, then compute one, and so on, up to the tail. */
function trigger(b: Builder, plan: Plan, decision: TriggerDecision, clock: Clock): { reuse: Value; measure: Value } {
  const steps = totalSteps(b, plan, clock);
  const fired = field(clock.fields, 'fired');
  const armed = b.op('Greater', [field(clock.fields, 'armed'), b.f32(0)], { name: 'armed' });
  const interval =
    decision.interval >= 1
      ? b.f32(Math.round(decision.interval))
      : b.op('Max', [b.op('Round', [b.op('Mul', [steps, b.f32(decision.interval)])]), b.f32(1)], { name: 'interval' });
  const tail =
    decision.tail >= 1
      ? b.f32(Math.round(decision.tail))
      : b.op('Floor', [b.op('Mul', [b.op('Sub', [fired, b.f32(1)]), b.f32(decision.tail)])], { name: 'tail' });
  const more = b.op('Less', [field(clock.fields, 'run'), interval], { name: 'more' });
  const early = b.op('Less', [field(clock.fields, 'step'), b.op('Sub', [steps, tail])], { name: 'before_tail' });
  const free = b.op('Equal', [field(clock.knobs, 'force'), b.f32(0)], { name: 'not_forced' });
  const reuse = b.op('And', [b.op('And', [armed, more]), b.op('And', [early, free])], { name: 'reuse' });
  const open = decision.once ? b.op('And', [clock.valid, b.op('Not', [armed])], { name: 'measure' }) : clock.valid;
  return { reuse, measure: open };
}

/** The number of denoising steps: as compiled, unless the knob says otherwise. */
function totalSteps(b: Builder, plan: Plan, clock: Clock): Value {
  const knob = field(clock.knobs, 'steps');
  return b.op('Where', [b.op('Greater', [knob, b.f32(0)]), knob, b.f32(plan.steps)], { name: 'steps' });
}
