import { z } from 'zod';
import { eachBranch } from './facts.js';
import { defineMethod, reuseOf, shared, tokenSampling } from './method.js';

const rate = (fallback: number, when: string) =>
  z.coerce
    .number()
    .int()
    .positive()
    .default(fallback)
    .describe(`steps from one computed one to the next where ${when}`);

/** QuantCache's hierarchical latent caching: arXiv 2503.06545. Quantised graphs stay as they are. */
export const quantcache = defineMethod({
  name: 'quantcache',
  title: 'QuantCache (latent caching)',
  source: 'arXiv 2503.06545',
  summary:
    'For quantised models, and any other. At a computed step the attention of a middle block is compared with the last ' +
    'computed step, by the steps between; three levels of change give three lengths of reuse for every attention and ' +
    'feed-forward. The paper does not publish its two levels.',
  options: z.object({
    threshold: z.coerce.number().min(0).default(1).describe('scales both levels; 0 never reuses'),
    low: z.coerce.number().positive().default(0.1).describe('change below which the longest reuse follows'),
    high: z.coerce.number().positive().default(0.25).describe('change from which the shortest follows'),
    longest: rate(4, 'the change is low'),
    middle: rate(3, 'it lies between'),
    shortest: rate(1, 'it is high'),
    warmup: shared.warmup(1),
    tail: shared.tail(1),
    order: shared.order(0),
    tokens: shared.tokens,
    share: shared.share,
    samples: shared.samples,
  }),
  design: (o, facts) => ({
    regions: eachBranch(facts, reuseOf('output', o.order), () => 0),
    decision: {
      kind: 'countdown',
      probe: {
        tensor: 'attention-output',
        blocks: [Math.floor(facts.blocks.length / 2)],
        tokens: tokenSampling(o.tokens, o.share, o.samples),
      },
      metric: { kind: 'relative-l1', denominator: 'older' },
      codebook: [
        { below: o.low, rate: o.longest },
        { below: o.high, rate: o.middle },
        { below: Number.MAX_VALUE, rate: o.shortest },
      ],
      threshold: o.threshold,
    },
    guards: { warmup: o.warmup, tail: o.tail },
  }),
});
