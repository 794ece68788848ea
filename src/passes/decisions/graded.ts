import type { GradedDecision } from '../../methods/index.js';
import { field } from '../keep-time.js';
import { need } from '../pass.js';
import { TINY } from '../sampling.js';
import type { DecisionRule } from './rule.js';

/** Above every range. */
const NEVER = 1e6;

/** What changed between two steps that compute all channels picks the channels that reuse until the next such. */
export const graded: DecisionRule<GradedDecision> = {
  start({ interval, ranges }, { b, clock, threshold }) {
    const grade = field(clock.fields, 'grade');
    const below = (ends: readonly number[]) => b.cast(b.op('Less', [grade, b.f32(...ends)]), 'float32');
    const row = b.op('Sub', [below(ranges.map(r => r.to)), below(ranges.map(r => r.from))], { name: 'row' });
    return {
      less: [
        [0, threshold()],
        [field(clock.fields, 'since'), interval - 1.5],
      ],
      row,
    };
  },
  measured(_, { b, clock, reused }) {
    const most = b.reduce('ReduceMax', reused, [0], true);
    return b.op('And', [b.op('Less', [most, b.f32(0.5)]), clock.trusted], { name: 'measure' });
  },
  end(_, { b, context, clock, value, threshold }) {
    const { may, measure } = need(context, 'forecast');
    const part = b.reduce('ReduceMax', may, [0], true, { name: 'part' });
    const since = b.op('Add', [field(clock.fields, 'since'), b.f32(1)]);
    const change = b.op('Div', [value, since], { name: 'change' });
    const grade = b.op('Div', [change, b.op('Max', [threshold(), b.f32(TINY)])]);
    const first = b.op('Where', [clock.trusted, field(clock.fields, 'grade'), b.f32(NEVER)]);
    return new Map([
      ['since', b.op('Mul', [since, part], { name: 'since' })],
      ['grade', b.op('Where', [measure, grade, first], { name: 'grade' })],
    ]);
  },
};
