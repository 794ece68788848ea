import type { Value } from '../../ir/index.js';
import { type EachAheadDecision, RELAXED_BY } from '../../methods/index.js';
import { field } from '../keep-time.js';
import { need } from '../pass.js';
import { aged } from './age.js';
import { relax } from './each.js';
import type { DecisionRule } from './rule.js';

/** What a channel's change will be is told by what it was per step; a channel that was computed is as new as its step. */
export const eachAhead: DecisionRule<EachAheadDecision> = {
  start({ relaxed }, { b, clock, threshold }) {
    const levels = field(clock.fields, 'level');
    const first = (): Value => b.op('Slice', [levels, b.i64(0), b.i64(RELAXED_BY)]);
    const limit = relaxed
      ? relax(b, relaxed, threshold(), b.reduce('ReduceMean', first(), [0], true))
      : threshold();
    const row = b.cast(b.op('Less', [levels, limit], { name: 'below' }), 'float32');
    return { less: [[0, threshold()]], row };
  },
  end({ metric }, { b, context, clock }) {
    const computed = b.cast(need(context, 'decided').computed, 'float32');
    const change = need(context, 'changes');
    const age = aged(b, clock, 'age', computed);
    if (metric.kind === 'learned-gate')
      return new Map([
        ['age', age],
        ['level', change],
      ]);
    const elapsed = b.op('Add', [field(clock.fields, 'age'), b.f32(1)], { name: 'elapsed' });
    const reused = b.op('Sub', [b.f32(1), computed]);
    const level = b.op('Add', [b.op('Div', [change, elapsed]), b.op('Mul', [change, reused])], {
      name: 'level',
    });
    return new Map([
      ['age', age],
      ['level', level],
    ]);
  },
};
