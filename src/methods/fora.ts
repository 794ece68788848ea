import { z } from 'zod';
import { everyNth } from './every-nth.js';
import { eachBranch } from './facts.js';
import { defineMethod, reuseOf, shared } from './method.js';

/** FORA: arXiv 2407.01425. */
export const fora = defineMethod({
  name: 'fora',
  title: 'Fast-Forward Caching',
  source: 'arXiv 2407.01425',
  summary:
    'Computes one step in a few. In between every attention and every feed-forward is replaced by what it gave last; ' +
    'norms, gates and residual additions stay fresh.',
  options: z.object({
    interval: shared.interval(3),
    warmup: shared.warmup(0),
    tail: shared.tail(0),
    order: shared.order(0),
  }),
  design: (o, facts) => ({
    regions: eachBranch(facts, reuseOf('output', o.order), () => 0),
    decision: { kind: 'schedule', reuse: [everyNth(facts.steps, o.interval)] },
    guards: { warmup: o.warmup, tail: o.tail },
  }),
});
