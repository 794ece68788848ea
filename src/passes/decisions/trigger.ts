import type { TriggerDecision } from '../../methods/index.js';
import { field } from '../keep-time.js';
import type { DecisionRule } from './rule.js';

/** Lets a half be rounded up in spite of float32. */
const ROUNDING = 1e-3;

/**
 * While armed: reuse `interval` steps, then compute one, and so on, up to the tail. Both are compared in whole steps
 * without rounding first: `run < round(x)` is `run + 1/2 <= x`, and `step < T - floor(y)` is `step < T - y`.
 */
export const trigger: DecisionRule<TriggerDecision> = {
  start({ interval, tail }, { b, clock, steps }) {
    const most =
      interval >= 1
        ? Math.round(interval)
        : b.op('Max', [b.op('Mul', [steps(), b.f32(interval)]), b.f32(1)], { name: 'interval' });
    const last =
      tail >= 1
        ? b.f32(Math.round(tail))
        : b.op('Mul', [b.op('Sub', [field(clock.fields, 'fired'), b.f32(1)]), b.f32(tail)], { name: 'tail' });
    return {
      less: [
        [0.5, field(clock.fields, 'armed')],
        [b.op('Add', [field(clock.fields, 'run'), b.f32(0.5 - ROUNDING)]), most],
        [field(clock.fields, 'step'), b.op('Sub', [steps(), last])],
      ],
    };
  },
  measured({ once }, { b, clock }) {
    return once
      ? b.op('Less', [field(clock.fields, 'armed'), clock.valid], { name: 'measure' })
      : clock.trusted;
  },
  end({ once }, { b, clock, value, reused, threshold, next }) {
    const fires = b.cast(b.op('Less', [value, threshold()], { name: 'fires' }), 'float32');
    const before = field(clock.fields, 'fired');
    const first = b.op('Mul', [fires, field(next, 'step')]);
    const fired = b.op('Where', [b.op('Greater', [before, b.f32(0)]), before, first], { name: 'fired' });
    const still = once ? field(clock.fields, 'armed') : reused;
    return new Map([
      ['fired', fired],
      ['armed', b.op('Add', [still, fires], { name: 'armed' })],
    ]);
  },
};
