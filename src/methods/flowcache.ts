import { z } from 'zod';
import { stack } from './facts.js';
import { defineMethod, reuseOf, shared, tokenSampling } from './method.js';

/** FlowCache: arXiv 2602.10825. One state a chunk. */
export const flowcache = defineMethod({
  name: 'flowcache',
  title: 'FlowCache',
  source: 'arXiv 2602.10825',
  summary:
    'For autoregressive video models, whose chunks are at different noise levels: the caller keeps one state a chunk, and ' +
    'each chunk decides for itself. Compares the embedded input with the step before and adds up the relative L1; ' +
    'while the sum is below the threshold, all blocks are skipped and their residual is added to the fresh input.',
  options: z.object({
    threshold: shared.threshold(0.015),
    warmup: shared.warmup(5),
    tail: shared.tail(1),
    most: shared.most(0),
    wanted: shared.wanted,
    order: shared.order(0),
    tokens: shared.tokens,
    share: shared.share,
    samples: shared.samples,
  }),
  design: (o, facts) => ({
    regions: stack(facts, reuseOf('residual', o.order)),
    decision: {
      kind: 'accumulate',
      probe: { tensor: 'stack-input', blocks: [0], tokens: tokenSampling(o.tokens, o.share, o.samples) },
      metric: { kind: 'relative-l1', denominator: 'older' },
      threshold: o.threshold,
    },
    guards: { warmup: o.warmup, tail: o.tail, most: o.most },
    wanted: o.wanted,
  }),
});
