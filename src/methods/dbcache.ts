import { z } from 'zod';
import { stepsOf } from './every-nth.js';
import { blockRun } from './facts.js';
import { defineMethod, reuseOf, shared, tokenSampling } from './method.js';

/** DBCache FnBn, as in cache-dit. */
export const dbcache = defineMethod({
  name: 'dbcache',
  title: 'Dual Block Cache (FnBn)',
  source: 'cache-dit',
  summary:
    'Always computes the first blocks, compares what they add together with the last computed step, and skips the middle ' +
    'blocks while the relative L1 is below the threshold. The last blocks are always computed, on top of the ' +
    'approximated stream.',
  options: z.object({
    front: z.coerce
      .number()
      .positive()
      .default(0.15)
      .describe('first blocks, always computed; below 1 a share of all (8 of 57 in FLUX)'),
    back: z.coerce
      .number()
      .min(0)
      .default(0)
      .describe('last blocks, always computed; below 1 a share of all'),
    threshold: shared.threshold(0.08),
    warmup: shared.warmup(8),
    tail: shared.tail(0),
    most: shared.most(0),
    wanted: shared.wanted,
    order: shared.order(0),
    mask: z
      .string()
      .regex(/^[01]*$/, 'a digit a step: 1 must be computed, 0 may be reused')
      .default('')
      .describe('a digit a step: 1 must be computed, 0 may be reused; empty masks nothing'),
    tokens: shared.tokens,
    share: shared.share,
    samples: shared.samples,
  }),
  design: (o, facts) => {
    const count = facts.blocks.length;
    const front = Math.max(1, stepsOf(o.front, count));
    const mask = Array.from({ length: facts.steps }, (_, s) => o.mask[s] !== '1');
    return {
      regions: blockRun(facts, front, count - stepsOf(o.back, count), reuseOf('residual', o.order)),
      decision: {
        kind: 'threshold',
        probe: {
          tensor: 'front-residual',
          blocks: [front - 1],
          tokens: tokenSampling(o.tokens, o.share, o.samples),
        },
        metric: { kind: 'relative-l1', denominator: 'older' },
        threshold: o.threshold,
      },
      guards: { warmup: o.warmup, tail: o.tail, most: o.most, ...(o.mask !== '' && { mask }) },
      wanted: o.wanted,
    };
  },
});
