import { blockRun, defineMethod, reuseOf, shared } from 'bwc';
import { z } from 'zod';

/** Skips the front half of the blocks at every other step. */
export default defineMethod({
  name: 'front-half',
  title: 'The front half',
  source: 'docs/guides/own-method.md',
  summary: 'Computes the first half of the blocks at one step in a few, and the second half always.',
  options: z.object({
    interval: shared.interval(2),
    warmup: shared.warmup(2),
    tail: shared.tail(1),
    order: shared.order(1),
  }),
  design: (o, facts) => ({
    regions: blockRun(facts, 0, Math.floor(facts.blocks.length / 2), reuseOf('residual', o.order)),
    decision: {
      kind: 'schedule',
      reuse: [Array.from({ length: facts.steps }, (_, step) => step % o.interval !== 0)],
    },
    guards: { warmup: o.warmup, tail: o.tail },
  }),
});
