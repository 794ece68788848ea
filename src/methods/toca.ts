import { z } from 'zod';
import { everyNth } from './every-nth.js';
import { eachBranch } from './facts.js';
import { defineMethod, shared } from './method.js';

/** ToCa: arXiv 2410.05317. */
export const toca = defineMethod({
  name: 'toca',
  title: 'Token-wise Caching',
  source: 'arXiv 2410.05317',
  summary:
    'Computes one step in a few. In between every attention is replaced by what it gave last, and the feed-forwards are ' +
    'computed for a few tokens only: those that weigh much in the stream, and those that have waited long. More of them ' +
    'in front blocks and late steps.',
  options: z.object({
    interval: shared.interval(3),
    ratio: z.coerce
      .number()
      .min(0)
      .max(1)
      .default(0.07)
      .describe('share of the tokens computed in between, on average over modules'),
    modules: z.coerce
      .number()
      .min(0)
      .default(2.5)
      .describe('times that for feed-forwards, as attention computes none'),
    layers: z.coerce
      .number()
      .min(0)
      .max(1)
      .default(0.8)
      .describe('how much more of it in front blocks, and less in back ones'),
    steps: z.coerce
      .number()
      .min(0)
      .max(1)
      .default(0.4)
      .describe('how much more of it in late steps, and less in early ones'),
    age: z.coerce
      .number()
      .min(0)
      .default(0.25)
      .describe('weight of the steps that a token has waited, by interval'),
    warmup: shared.warmup(0),
    tail: shared.tail(0),
  }),
  design: (o, facts) => {
    const { steps, blocks } = facts;
    const share = (block: number, step: number): number => {
      const layer = 1 + o.layers - (2 * o.layers * block) / Math.max(1, blocks.length - 1);
      const late = 1 + o.steps - (2 * o.steps * (steps - 1 - step)) / steps;
      return Math.min(1, o.ratio * o.modules * layer * late);
    };
    return {
      regions: eachBranch(facts, { of: 'output' }, () => 0).map(region => {
        const { span } = region;
        if (span.kind !== 'branch' || blocks[span.block]?.branches[span.branch]?.kind !== 'feed-forward')
          return region;
        const shares = Array.from({ length: steps }, (_, step) => share(span.block, step));
        return { ...region, reuse: { of: 'output', refresh: { share: shares, age: o.age / o.interval } } };
      }),
      decision: { kind: 'schedule', reuse: [everyNth(steps, o.interval)] },
      guards: { warmup: o.warmup, tail: o.tail },
    };
  },
});
