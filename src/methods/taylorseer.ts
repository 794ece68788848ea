import { z } from 'zod';
import { everyNth } from './every-nth.js';
import { eachBranch, stack } from './facts.js';
import { defineMethod, reuseOf, shared } from './method.js';

/** TaylorSeer: arXiv 2503.06923. */
export const taylorseer = defineMethod({
  name: 'taylorseer',
  title: 'TaylorSeer',
  source: 'arXiv 2503.06923',
  summary:
    'Computes one step in a few and predicts the others: what the blocks add is expanded in a Taylor series whose ' +
    'derivatives are finite differences of the computed steps.',
  options: z.object({
    interval: shared.interval(5),
    order: shared.order(1),
    warmup: shared.warmup(3),
    tail: shared.tail(0),
    region: z
      .enum(['stack', 'branch'])
      .default('stack')
      .describe(
        'what is predicted: the residual of all blocks, or (as in the paper) every attention and feed-forward',
      ),
  }),
  presets: {
    'dit-xl': { interval: 3, order: 3, region: 'branch' },
  },
  design: (o, facts) => ({
    regions:
      o.region === 'stack'
        ? stack(facts, reuseOf('residual', o.order))
        : eachBranch(facts, reuseOf('output', o.order), () => 0),
    decision: { kind: 'schedule', reuse: [everyNth(facts.steps, o.interval, Math.max(0, o.warmup - 1))] },
    guards: { warmup: o.warmup, tail: o.tail },
  }),
});
