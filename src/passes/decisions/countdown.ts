import type { CountdownDecision } from '../../methods/index.js';
import { field } from '../keep-time.js';
import type { DecisionRule } from './rule.js';

/** Reuses as many steps as the last measurement looked up, less the one that is computed. */
export const countdown: DecisionRule<CountdownDecision> = {
  start(_, { clock }) {
    return { less: [[field(clock.fields, 'run'), field(clock.fields, 'left')]] };
  },
  measured: (_, { clock }) => clock.trusted,
  end({ codebook }, { b, clock, value, reused, threshold }) {
    const gap = b.op('Add', [field(clock.fields, 'run'), b.f32(1)]);
    const change = b.op('Div', [value, gap], { name: 'change' });
    const bounds = codebook.slice(0, -1).map(entry => entry.below);
    const last = codebook.at(-1)?.rate ?? 1;
    const drops = codebook.slice(0, -1).map((entry, i) => entry.rate - (codebook[i + 1]?.rate ?? last));
    let rate = b.f32(last - 1);
    if (bounds.length > 0) {
      const below = b.cast(b.op('Less', [change, b.op('Mul', [b.f32(...bounds), threshold()])]), 'float32');
      const extra = b.reduce('ReduceSum', b.op('Mul', [below, b.f32(...drops)]), [0], true);
      rate = b.op('Add', [extra, rate], { name: 'rate' });
    }
    // A first step was compared with nothing.
    const on = b.cast(b.op('And', [b.op('Less', [b.f32(0), threshold()]), clock.trusted]), 'float32');
    const fresh = b.op('Mul', [rate, on]);
    const kept = field(clock.fields, 'left');
    return new Map([['left', b.op('Where', [b.cast(reused, 'bool'), kept, fresh], { name: 'left' })]]);
  },
};
