import { z } from 'zod';
import { blockRun } from './facts.js';
import { defineMethod, reuseOf, shared, tokenSampling } from './method.js';

/** First Block Cache, as in ParaAttention and diffusers (`first_block_cache.py`). */
export const firstBlockCache = defineMethod({
  name: 'first-block-cache',
  title: 'First Block Cache',
  source: 'ParaAttention; diffusers',
  summary:
    'Always computes the first block and compares what it adds with what it added at the last computed step. While the ' +
    'relative L1 is below the threshold, the other blocks are skipped and their residual is added to the first ' +
    "block's output.",
  options: z.object({
    threshold: shared.threshold(0.05),
    warmup: shared.warmup(0),
    tail: shared.tail(0),
    most: shared.most(0),
    wanted: shared.wanted,
    order: shared.order(0),
    tokens: shared.tokens,
    share: shared.share,
    samples: shared.samples,
  }),
  presets: {
    flux: { threshold: 0.08 },
    'hunyuan-video': { threshold: 0.06 },
    'wan-1.3b': { threshold: 0.03 },
    'wan-14b': { threshold: 0.06 },
    'qwen-image': { threshold: 0.2 },
  },
  design: (o, facts) => ({
    regions: blockRun(facts, 1, facts.blocks.length, reuseOf('residual', o.order)),
    decision: {
      kind: 'threshold',
      probe: { tensor: 'block-residual', blocks: [0], tokens: tokenSampling(o.tokens, o.share, o.samples) },
      metric: { kind: 'relative-l1', denominator: 'older' },
      threshold: o.threshold,
    },
    guards: { warmup: o.warmup, tail: o.tail, most: o.most },
    wanted: o.wanted,
  }),
});
