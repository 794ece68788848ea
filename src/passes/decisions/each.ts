import type { Builder, Value } from '../../ir/index.js';
import { type EachAheadDecision, type EachDecision, RELAXED_BY } from '../../methods/index.js';
import { need } from '../pass.js';
import { aged } from './age.js';
import type { DecisionRule } from './rule.js';

export const each: DecisionRule<EachDecision> = {
  start: (_, { threshold }) => ({ less: [[0, threshold()]] }),
  limit({ relaxed }, { b, threshold, before }) {
    const first = before.slice(0, RELAXED_BY);
    if (relaxed === undefined || first.length === 0) return threshold();
    const mean = b.reduce('ReduceMean', b.concat(first, 0), [0], true);
    return relax(b, relaxed, threshold(), mean);
  },
  end: (_, { b, context, clock }) =>
    new Map([['age', aged(b, clock, 'age', b.cast(need(context, 'decided').computed, 'float32'))]]),
};

/** The threshold, or what the mean change makes of it where that lies above, and not too far. */
export function relax(
  b: Builder,
  { ratio, most }: NonNullable<EachAheadDecision['relaxed']>,
  threshold: Value,
  mean: Value,
): Value {
  const wide = b.op('Mul', [mean, b.f32(ratio)]);
  const below = b.op('Less', [wide, b.op('Mul', [threshold, b.f32(most)])]);
  return b.op('Where', [below, b.op('Max', [wide, threshold]), threshold], { name: 'relaxed' });
}
