import { z } from 'zod';
import { everyNth, shareOf } from './every-nth.js';
import { blockRun } from './facts.js';
import { defineMethod, reuseOf, shared } from './method.js';

/** Skip-DiT's caching: arXiv 2411.17616. Made for models with long skips; works on any. */
export const skipDit = defineMethod({
  name: 'skip-dit',
  title: 'Skip-DiT',
  source: 'arXiv 2411.17616',
  summary:
    'Computes the first and the last blocks at every step and the others one step in a few; between, the last blocks read ' +
    'what the others returned when last computed. Where long skips join first and last blocks, the fresh features of ' +
    'the first still reach the last.',
  options: z.object({
    interval: shared.interval(2),
    outer: z.coerce
      .number()
      .int()
      .positive()
      .default(1)
      .describe('blocks at either end that are always computed'),
    from: z.coerce.number().min(0).max(1).default(0.3).describe('share of the steps before reuse begins'),
    to: z.coerce.number().min(0).max(1).default(0.95).describe('share of the steps before it ends'),
    order: shared.order(0),
  }),
  design: (o, facts) => {
    const { steps } = facts;
    return {
      regions: blockRun(facts, o.outer, facts.blocks.length - o.outer, reuseOf('output', o.order)),
      decision: {
        kind: 'schedule',
        reuse: [everyNth(steps, o.interval, shareOf(o.from, steps), shareOf(o.to, steps))],
      },
    };
  },
});
