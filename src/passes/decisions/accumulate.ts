import type { AccumulateDecision } from '../../methods/index.js';
import { field } from '../keep-time.js';
import { need } from '../pass.js';
import { horner } from './horner.js';
import type { DecisionRule } from './rule.js';

/** Changes since the previous step are added up, through a polynomial where there is one. */
export const accumulate: DecisionRule<AccumulateDecision> = {
  start: (_, { threshold }) => ({ less: [[0, threshold()]] }),
  level({ polynomial }, { b, clock, value }) {
    const change = polynomial === undefined ? value : horner(b, polynomial, value);
    return b.op('Add', [field(clock.fields, 'total'), change], { name: 'total' });
  },
  everyStep: () => true,
  end: (_, { b, context, reused }) =>
    new Map([['total', b.op('Where', [b.cast(reused, 'bool'), need(context, 'level'), b.f32(0)])]]),
};
