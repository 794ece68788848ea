import type { Value } from '../../ir/index.js';
import type { CountdownDecision, Motion } from '../../methods/index.js';
import { field } from '../keep-time.js';
import { motionOf } from '../motion.js';
import { need } from '../pass.js';
import type { DecisionRule, End, Pair } from './rule.js';

/** Above every motion. */
const HUGE = 1e30;

/** Lets a number that should be whole be whole in spite of float32. */
const ROUNDING = 1e-3;

/** Reuses as many steps as the last measurement looked up, less the one that is computed. */
export const countdown: DecisionRule<CountdownDecision> = {
  start({ motion }, { clock }) {
    const due: Pair = [field(clock.fields, 'run'), field(clock.fields, 'left')];
    // A motion that is not a number is below nothing.
    return { less: motion ? [due, [field(clock.fields, 'motion'), HUGE]] : [due] };
  },
  measured: (_, { clock }) => clock.trusted,
  behind({ motion }, { b, context, samples }) {
    return motion && motionOf(b, samples, context.plan.probe?.taps ?? [], motion.usual);
  },
  end({ codebook, motion }, end) {
    const { b, clock, value, reused, threshold } = end;
    const gap = b.op('Add', [field(clock.fields, 'run'), b.f32(1)]);
    const perStep = b.op('Div', [value, gap], { name: 'change' });
    const moved = motion && movedBy(motion, end, gap);
    const change = moved ? b.op('Mul', [perStep, moved.factor], { name: 'regularised' }) : perStep;
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
    const again = b.cast(reused, 'bool');
    const since = (name: string, now: Value): Value =>
      b.op('Where', [again, field(clock.fields, name), now], { name });
    const next = new Map([['left', since('left', fresh)]]);
    if (moved) next.set('motion', since('motion', moved.motion));
    return next;
  },
};

/** Motion by what is usual, 1 where it is not looked at; and what it and its change make of a change. */
function movedBy(
  { usual, power, gradient, within: [from, to] }: Motion,
  { b, context, clock, steps, next }: End,
  gap: Value,
): { readonly motion: Value; readonly factor: Value } {
  const step = field(next, 'step');
  const share = (part: number, by: number): Value =>
    b.op('Add', [b.op('Mul', [steps(), b.f32(part)]), b.f32(by)]);
  const inside = b.op('And', [
    b.op('Less', [share(from, -ROUNDING), step]),
    b.op('Less', [step, share(to, ROUNDING)]),
  ]);
  // A first step was compared with nothing.
  const looked = b.op('And', [inside, clock.trusted]);
  const scaled = b.op('Pow', [b.op('Mul', [need(context, 'behind'), b.f32(1 / usual)]), b.f32(power)]);
  const motion = b.op('Where', [looked, scaled, b.f32(1)], { name: 'motion' });
  const turn = b.op('Abs', [b.op('Sub', [motion, field(clock.fields, 'motion')])]);
  const slope = b.op('Div', [b.op('Mul', [turn, b.f32(gradient)]), gap]);
  return { motion, factor: b.op('Add', [motion, slope], { name: 'factor' }) };
}
