import type { Builder, Value } from '../../ir/index.js';
import type { AccumulateDecision } from '../../methods/index.js';
import { field } from '../keep-time.js';
import { need } from '../pass.js';
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

/** The polynomial at x, highest degree first, in float32: coefficients reach 3e5 with alternating signs. */
function horner(b: Builder, coefficients: readonly number[], x: Value): Value {
  let sum: Value | undefined;
  for (const c of coefficients) {
    sum =
      sum === undefined ? b.f32(c) : b.op('Add', [b.op('Mul', [sum, x]), b.f32(c)], { name: 'polynomial' });
  }
  return sum ?? b.f32(0);
}
