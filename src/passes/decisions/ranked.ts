import { type Builder, Tensor, type Value } from '../../ir/index.js';
import type { RankedDecision } from '../../methods/index.js';
import { field } from '../keep-time.js';
import { need } from '../pass.js';
import { aged } from './age.js';
import { horner } from './horner.js';
import type { DecisionRule, Pair } from './rule.js';

/**
 * Between two steps that compute all channels, those that were flagged rest. A channel's rank is the number of channels of
 * its group that changed more: counted, so that equal ones are equal, and that flags need no scattering.
 */
export const ranked: DecisionRule<RankedDecision> = {
  start({ interval }, { clock }) {
    const within: Pair = [field(clock.fields, 'since'), interval - 1.5];
    return { less: [within], row: field(clock.fields, 'rests') };
  },
  measured: (_, { b, clock, reused }) => {
    const most = b.reduce('ReduceMax', reused, [0], true);
    return b.op('And', [b.op('Less', [most, b.f32(0.5)]), clock.trusted], { name: 'measure' });
  },
  compared(_, { b, clock, sample: { now, before, state }, channels }) {
    const gaps = b.op('Add', [b.op('Gather', [field(clock.fields, 'age'), b.i64(...channels)]), b.f32(1)]);
    const shaped = b.op('Reshape', [gaps, b.i64(1, -1, 1)], { name: 'gap' });
    const slope = b.op('Div', [b.op('Sub', [now, before]), shaped]);
    return { now: b.op('Add', [now, slope], { name: 'predicted' }), before: now, state };
  },
  end({ groups, share }, { b, context, clock, steps }) {
    const computed = b.cast(need(context, 'decided').computed, 'float32');
    const all = b.reduce('ReduceMin', computed, [0], true, { name: 'all_computed' });
    const done = b.op('Div', [field(clock.fields, 'step'), steps()]);
    const part = horner(b, share, b.op('Sub', [b.f32(1), done], { name: 'to_come' }));
    const fresh = b.cast(
      b.op('Less', [limits(b, groups, part), ranks(b, groups, need(context, 'changes'))]),
      'float32',
    );
    const { measure } = need(context, 'forecast');
    return new Map([
      ['since', aged(b, clock, 'since', all)],
      ['age', aged(b, clock, 'age', computed)],
      ['rests', b.op('Where', [measure, fresh, field(clock.fields, 'rests')], { name: 'rests' })],
    ]);
  },
};

/** The highest rank of each channel that is computed. */
function limits(b: Builder, groups: readonly number[], share: Value): Value {
  const sizes = groups.map(group => groups.filter(other => other === group).length);
  return b.op('Mul', [vector(b, sizes, [groups.length]), share], { name: 'limit' });
}

/** For each channel how many of its group have a larger value: float32 [channels]. */
function ranks(b: Builder, groups: readonly number[], values: Value): Value {
  const [row, column] = [b.i64(1, -1), b.i64(-1, 1)].map(shape => b.op('Reshape', [values, shape]));
  const larger = b.cast(b.op('Less', [column, row]), 'float32');
  const same = vector(
    b,
    groups.flatMap(group => groups.map(other => Number(group === other))),
    [groups.length, groups.length],
  );
  return b.reduce('ReduceSum', b.op('Mul', [larger, same]), [1], false, { name: 'rank' });
}

function vector(b: Builder, numbers: readonly number[], dims: readonly number[]): Value {
  return b.constant(Tensor.of('float32', numbers, dims), `${dims.join('x')} ${numbers.join(' ')}`, 'groups');
}
