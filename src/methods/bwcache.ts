import { z } from 'zod';
import { stack } from './facts.js';
import { defineMethod, shared, tokenSampling } from './method.js';

/** BWCache as its paper has it: arXiv 2509.13789, equations 5 to 8. */
export const bwcache = defineMethod({
  name: 'bwcache',
  title: 'Block-wise caching',
  source: 'arXiv 2509.13789',
  summary:
    'Compares the output of every block with what it was when last computed. While the mean relative L1 is below the ' +
    'threshold, the block features are reused for a few steps, then one step is computed and compared again. The last ' +
    'steps, half as many as came before the first reuse, are computed.',
  options: z.object({
    threshold: shared.threshold(0.15),
    interval: z.coerce
      .number()
      .positive()
      .default(0.1)
      .describe('steps reused in a row; below 1 a share of all steps'),
    tail: z.coerce
      .number()
      .min(0)
      .default(0.5)
      .describe('steps computed at the end; below 1 a share of the trigger step'),
    reuse: z
      .enum(['output', 'residual'])
      .default('output')
      .describe('block features as cached, or their residual on the fresh input'),
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
        tensor: 'block-output',
        blocks: o.blocks,
        tokens: tokenSampling(o.tokens, o.share, o.samples),
      },
      metric: { kind: 'relative-l1', denominator: 'older' },
      threshold: o.threshold,
      once: false,
      interval: o.interval,
      tail: o.tail,
    },
  }),
});
