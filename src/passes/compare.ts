import type { Builder, Value } from '../ir/index.js';
import { compareApart } from './compare-apart.js';
import { ruleOf } from './decisions/index.js';
import { decidedBy } from './forecast.js';
import { builder, type Context, need, type Pass } from './pass.js';
import { compareIf, metricOf, type Sample, SCALAR, samplesOf } from './sampling.js';

/**
 * Where the step's own data has a say: looks at the probed tensors before anything is skipped, compares them with what
 * the state holds, and decides. The answer is the one scalar that has to come from the device.
 */
export const compare: Pass = {
  name: 'compare',
  run(context) {
    const { model, plan, emitted } = context;
    if (plan.probe?.apart === 'in-front') return compareApart(context);
    const rule = ruleOf(plan.decision);
    if (rule.level === undefined) return;
    const clock = need(context, 'clock');
    const { may, threshold } = need(context, 'forecast');
    const b = builder(context, model.graph, 'indicator', 'compare');
    const samples = samplesOf(context, b, value => value);
    const value = rule.compare?.({ b, context, clock, samples }) ?? plainly(context, samples, b);
    const level = rule.level({ b, context, clock, value });
    const below = b.cast(b.op('Less', [level, threshold()], { name: 'below' }), 'float32');
    emitted.measured = value;
    emitted.level = level;
    emitted.below = below;
    emitted.samples = samples;
    emitted.decided = decidedBy(b, b.op('Mul', [below, may], { name: 'reused' }), plan.channels);
    b.place();
  },
};

/** The metric of the plan, where the state belongs to this generation. */
function plainly(context: Context, samples: readonly Sample[], b: Builder): Value {
  const { measure } = need(context, 'forecast');
  const value = compareIf(context, b, 'compare', measure, samples, metricOf(context.plan));
  value.type = SCALAR;
  return value;
}
