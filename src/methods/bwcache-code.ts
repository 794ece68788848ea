import { z } from 'zod';
import { stack } from './facts.js';
import { defineMethod, shared, tokenSampling } from './method.js';

/** BWCache as its released code does it, which differs from the paper in probe and reuse. */
export const bwcacheCode = defineMethod({
  name: 'bwcache-code',
  title: 'Block-wise caching, as released',
  source: 'arXiv 2509.13789, code of the authors',
  summary:
    'Compares what the attention of every block reads (normalised and modulated) with the step before. The first step ' +
    'whose mean relative L1 is below the threshold fixes the rest of the run: reuse a few steps, compute one, and ' +
    'compute the last ones. The residual of all blocks together is added to the fresh input.',
  options: z.object({
    threshold: shared.threshold(0.15),
    interval: z.coerce
      .number()
      .positive()
      .default(3)
      .describe('steps reused in a row; below 1 a share of all steps'),
    tail: z.coerce
      .number()
      .min(0)
      .default(0.5)
      .describe('steps computed at the end; below 1 a share of the trigger step'),
    reuse: z
      .enum(['output', 'residual'])
      .default('residual')
      .describe('the residual on the fresh input, or features as cached'),
    blocks: shared.blocks,
    tokens: shared.tokens,
    share: shared.share,
    samples: shared.samples,
  }),
  design: (o, facts) => ({
    regions: stack(facts, { of: o.reuse }),
    decision: {
      kind: 'trigger',
      probe: {
        tensor: 'attention-input',
        blocks: o.blocks,
        tokens: tokenSampling(o.tokens, o.share, o.samples),
      },
      metric: { kind: 'relative-l1', denominator: 'older' },
      threshold: o.threshold,
      once: true,
      interval: o.interval,
      tail: o.tail,
    },
  }),
});
