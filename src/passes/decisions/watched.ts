import type { WatchedDecision } from '../../methods/index.js';
import { field } from '../keep-time.js';
import { lookup, lookupFlags } from '../lookup.js';
import { need } from '../pass.js';
import type { DecisionRule } from './rule.js';

/** Smallest change that is expected: a table's zero does not divide. */
const LEAST = 1e-6;

/** The table, until the probe has changed by more than `threshold` times what was expected of the step. */
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
  level({ expected }, { b, context, value }) {
    const table = expected.map(x => Math.max(x, LEAST));
    const most = lookup(b, table, need(context, 'forecast').index(), 'expected');
    return b.op('Div', [value, most], { name: 'surprise' });
  },
  everyStep: () => true,
  end(_, { b, context, clock, threshold }) {
    // A first step is compared with nothing, and cannot depart.
    const calm = b.op('Less', [need(context, 'level'), threshold()], { name: 'calm' });
    const calmOrFirst = b.op('Or', [calm, b.op('Not', [clock.trusted])]);
    const before = field(clock.fields, 'departed');
    return new Map([['departed', b.op('Where', [calmOrFirst, before, b.f32(1)], { name: 'departed' })]]);
  },
};
