import { z } from 'zod';
import { stepsOf } from './every-nth.js';
import { eachBlock } from './facts.js';
import { defineMethod, indices, reuseOf, shared, tokenSampling } from './method.js';

/** DBPrune, as in cache-dit. */
export const dbprune = defineMethod({
  name: 'dbprune',
  title: 'Dynamic Block Prune',
  source: 'cache-dit',
  summary:
    'Every block decides for itself: what enters it is compared with what entered when it was last computed, and while the ' +
    'relative L1 is below the threshold, what it added then is added again. Decided in front of each block, which costs a ' +
    'copy from the device for each, or a step ahead, which costs none.',
  options: z.object({
    decide: z
      .enum(['at-once', 'ahead'])
      .default('at-once')
      .describe(
        'in front of each block, from what enters it (a copy a block); or for the next step, from how fast that changes (none)',
      ),
    threshold: shared.threshold(0.08),
    front: z.coerce
      .number()
      .min(0)
      .default(0.15)
      .describe('first blocks, always computed; below 1 a share of all (8 of 57 in FLUX)'),
    back: z.coerce
      .number()
      .min(0)
      .default(0)
      .describe('last blocks, always computed; below 1 a share of all'),
    keep: indices('blocks that are always computed, such as 4,16-23'),
    relax: z.coerce
      .number()
      .min(0)
      .default(0)
      .describe(
        'times the mean change of the first blocks, where larger, is the threshold; 0 leaves it fixed',
      ),
    limit: z.coerce.number().min(1).default(2).describe('relax: by at most so many times the threshold'),
    warmup: shared.warmup(8),
    tail: shared.tail(0),
    most: shared.most(0),
    order: shared.order(0),
    tokens: shared.tokens,
    share: shared.share,
    samples: shared.samples,
  }),
  design: (o, facts) => {
    const count = facts.blocks.length;
    const end = count - stepsOf(o.back, count);
    const all = facts.blocks.map((_, i) => i);
    const blocks = all.filter(i => i >= stepsOf(o.front, count) && i < end && !o.keep.includes(i));
    return {
      regions: eachBlock(facts, reuseOf('residual', o.order), blocks),
      decision: {
        kind: o.decide === 'ahead' ? 'each-ahead' : 'each',
        probe: { tensor: 'block-input', blocks, tokens: tokenSampling(o.tokens, o.share, o.samples) },
        metric: { kind: 'relative-l1', denominator: 'older' },
        threshold: o.threshold,
        ...(o.relax > 0 && { relaxed: { ratio: o.relax, most: o.limit } }),
      },
      guards: { warmup: o.warmup, tail: o.tail, most: o.most },
    };
  },
});
