import { z } from 'zod';
import { everyNth, shareOf, stepsOf } from './every-nth.js';
import { blockRun } from './facts.js';
import { defineMethod, reuseOf, shared } from './method.js';

/** BlockDance: arXiv 2503.15927. */
export const blockdance = defineMethod({
  name: 'blockdance',
  title: 'BlockDance',
  source: 'arXiv 2503.15927',
  summary:
    'Late in a generation the structure is settled: the first blocks are skipped and the last ones go on from what the ' +
    'former returned when last computed. One step in a few is computed in full.',
  options: z.object({
    interval: shared.interval(2),
    depth: z.coerce
      .number()
      .positive()
      .default(0.7)
      .describe('first blocks that are skipped; below 1 a share of all (20 of 28 in PixArt)'),
    from: z.coerce.number().min(0).max(1).default(0.4).describe('share of the steps before reuse begins'),
    to: z.coerce.number().min(0).max(1).default(0.95).describe('share of the steps before it ends'),
    order: shared.order(0),
  }),
  design: (o, facts) => {
    const { steps } = facts;
    const depth = Math.min(facts.blocks.length - 1, stepsOf(o.depth, facts.blocks.length));
    return {
      regions: blockRun(facts, 0, depth, reuseOf('output', o.order)),
      decision: {
        kind: 'schedule',
        reuse: [everyNth(steps, o.interval, shareOf(o.from, steps), shareOf(o.to, steps))],
      },
    };
  },
});
