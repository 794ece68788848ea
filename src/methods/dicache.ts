import { z } from 'zod';
import { stepsOf } from './every-nth.js';
import { stack } from './facts.js';
import { defineMethod, shared, tokenSampling } from './method.js';

/** DiCache: arXiv 2508.17356. */
export const dicache = defineMethod({
  name: 'dicache',
  title: 'DiCache',
  source: 'arXiv 2508.17356',
  summary:
    'Always computes the first block, compares what it returns with the step before, and adds up the relative L1; while the ' +
    'sum is below the threshold, all blocks are skipped. The residual that stands in goes on along the line through the ' +
    'last two computed ones, as far as the residual of the first block has gone along its own.',
  options: z.object({
    threshold: shared.threshold(0.1),
    depth: z.coerce
      .number()
      .positive()
      .default(1)
      .describe('first blocks, always computed; below 1 a share of all'),
    farthest: z.coerce
      .number()
      .min(1)
      .default(1.5)
      .describe('how far along the line: 1 is the last computed step, and the least'),
    warmup: shared.warmup(0.2),
    tail: shared.tail(1),
    most: shared.most(0),
    wanted: shared.wanted,
    tokens: shared.tokens,
    share: shared.share,
    samples: shared.samples,
  }),
  design: (o, facts) => {
    const count = facts.blocks.length;
    const blocks = [Math.min(count - 2, Math.max(1, stepsOf(o.depth, count)) - 1)];
    const tokens = tokenSampling(o.tokens, o.share, o.samples);
    const probe = { tensor: 'front-residual', blocks, tokens } as const;
    return {
      regions: stack(facts, {
        of: 'residual',
        weights: { kind: 'projected', probe, range: [1, o.farthest] },
      }),
      decision: {
        kind: 'accumulate',
        probe: { tensor: 'block-output', blocks, tokens },
        metric: { kind: 'relative-l1', denominator: 'older' },
        threshold: o.threshold,
      },
      guards: { warmup: o.warmup, tail: o.tail, most: o.most },
      wanted: o.wanted,
    };
  },
});
