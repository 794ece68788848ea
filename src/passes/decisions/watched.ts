import type { Builder, Value } from '../../ir/index.js';
import type { Course, WatchedDecision } from '../../methods/index.js';
import { field } from '../keep-time.js';
import { lookup, lookupFlags } from '../lookup.js';
import { type Context, need, predictionIn } from '../pass.js';
import type { DecisionRule, Level } from './rule.js';

/** Smallest change that is expected: a table's zero does not divide. */
const LEAST = 1e-6;

/** By how much the latent's mean may be off its course, as a share of the latent's size: rounding alone is far below. */
const OFF_COURSE = 1e-5;

/** The table, until the probe has changed by more than `threshold` times what was expected of the step, or the latent is off its course. */
export const watched: DecisionRule<WatchedDecision> = {
  start({ reuse }, { b, clock, index, threshold }) {
    return {
      less: [
        [0, threshold()],
        [field(clock.fields, 'departed'), 0.5],
      ],
      row: lookupFlags(b, reuse, index(), 'row'),
    };
  },
  level({ expected, course }, level) {
    const { b, context, value } = level;
    const table = expected.map(x => Math.max(x, LEAST));
    const most = lookup(b, table, need(context, 'forecast').index(), 'expected');
    const surprise = b.op('Div', [value, most], { name: 'surprise' });
    return course ? b.op('Max', [surprise, offCourse(course, level)], { name: 'surprise' }) : surprise;
  },
  everyStep: () => true,
  end({ course }, { b, context, clock }) {
    // A first step is compared with nothing, and cannot depart.
    const departs = b.op('Sub', [clock.valid, need(context, 'below')]);
    const departed = b.op('Max', [field(clock.fields, 'departed'), departs], { name: 'departed' });
    return new Map([
      ['departed', departed],
      ...(course ? [['course', onCourse(course, b, context)] as const] : []),
    ]);
  },
};

/** How far the latent's mean is from where the last step sent it, by how far it may be: float32 [1]. */
function offCourse({ size }: Course, { b, context, clock }: Level): Value {
  const allowed = size.map(x => Math.max(OFF_COURSE * x, LEAST));
  const mean = meanOf(b, context.plan.latent);
  context.emitted.mean = mean;
  const off = b.op('Abs', [b.op('Sub', [mean, field(clock.fields, 'course')])]);
  const share = b.op('Div', [off, lookup(b, allowed, need(context, 'forecast').index(), 'allowed')]);
  // With another number of steps than compiled for the sampler goes in other strides.
  const asCompiled = b.cast(b.op('Less', [field(clock.knobs, 'steps'), b.f32(0.5)]), 'float32');
  return b.op('Mul', [share, asCompiled], { name: 'off' });
}

/** The mean that the latent has at the next step if the sampler does with the prediction what it did: float32 [1]. */
function onCourse({ keep, take }: Course, b: Builder, context: Context): Value {
  const { index } = need(context, 'forecast');
  const part = (table: readonly number[], mean: Value): Value =>
    b.op('Mul', [mean, lookup(b, table, index(), 'part')]);
  const predicted = meanOf(b, predictionIn(context));
  return b.op('Add', [part(keep, need(context, 'mean')), part(take, predicted)], { name: 'course' });
}

function meanOf(b: Builder, value: Value): Value {
  const float =
    value.type?.kind === 'tensor' && value.type.elem === 'float32' ? value : b.cast(value, 'float32');
  return b.reduce('ReduceMean', b.op('Reshape', [float, b.i64(-1)]), [0], true);
}
