import { type Builder, tensorType, type Value } from '../../ir/index.js';
import type { TestedDecision } from '../../methods/index.js';
import { field } from '../keep-time.js';
import { lookupFlags } from '../lookup.js';
import { need, stateOf } from '../pass.js';
import { blend } from '../reuse.js';
import { compareIf, type Sample, sampleShape } from '../sampling.js';
import type { DecisionRule } from './rule.js';

/** How far a first step counts as off, which is compared with nothing: thresholds below reuse nothing at all. */
const UNTRIED = 0.01;

/** Of what stands in for a computed step. */
const METRIC = { kind: 'relative-l1', denominator: 'newer' } as const;

/** The table, while what would have stood in for the last computed step was near it. */
export const tested: DecisionRule<TestedDecision> = {
  start: ({ reuse }, { b, clock, index, threshold }) => ({
    less: [[field(clock.fields, 'error'), threshold()]],
    row: lookupFlags(b, reuse, index(), 'row'),
  }),
  measured: (_, { clock }) => clock.trusted,
  test(_, { b, context, gate: { region, features } }) {
    const flat = (at: Builder, value: Value): Value => {
      const { type } = value;
      const float = type?.kind === 'tensor' && type.elem === 'float32' ? value : at.cast(value, 'float32');
      return at.op('Reshape', [float, sampleShape(context.plan, at, 1, -1)]);
    };
    const samples = region.exits.map((_exit, i): Sample => {
      const [state] = region.features[i] ?? [];
      const now = features[i];
      if (state === undefined || now === undefined) throw new Error('every exit has its state');
      return { state, now: flat(b, now), before: stateOf(context, state) };
    });
    const { measure } = need(context, 'forecast');
    return compareIf(context, b, 'measure', measure, samples, METRIC, (at, sample, i) => {
      const { elem } = region.exits[i]?.declared ?? sample.state.type;
      return { ...sample, before: flat(at, blend(context, at, region, i, tensorType(elem))) };
    });
  },
  end(_, { b, clock, value, reused }) {
    const tried = b.op('Where', [clock.trusted, value, b.f32(UNTRIED)]);
    const before = field(clock.fields, 'error');
    return new Map([['error', b.op('Where', [b.cast(reused, 'bool'), before, tried], { name: 'error' })]]);
  },
};
