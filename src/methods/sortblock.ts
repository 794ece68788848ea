import { z } from 'zod';
import { eachBlock } from './facts.js';
import { defineMethod, reuseOf, shared, tokenSampling } from './method.js';

/** Share of the blocks that is computed, by the share of the steps to come: PaddleMIX's polynomial of the timestep, of 1000. */
const RATIO = [56.7621, -136.659, 116.246, -39.7725, 3.61, 0.56088];

/** Sortblock: arXiv 2508.00412, as in PaddleMIX. */
export const sortblock = defineMethod({
  name: 'sortblock',
  title: 'Sortblock',
  source: 'arXiv 2508.00412',
  summary:
    'Once in a few steps every block is computed and ranked by how well the straight line through what it added at its last ' +
    'two computed steps foretells the next. Until the next such step the worst of each kind are computed, a share that ' +
    'follows the generation, and the others are extrapolated.',
  options: z.object({
    interval: shared.interval(5),
    beta: z.coerce
      .number()
      .min(0)
      .max(1)
      .default(0.1)
      .describe(
        'scales the share of the blocks that is computed in between; 0 computes the worst of each kind',
      ),
    ratio: z
      .enum(['paper', 'constant'])
      .default('paper')
      .describe('the share over the generation: the published polynomial, or the same at every step'),
    warmup: shared.warmup(0.1),
    tail: shared.tail(0.05),
    order: shared.order(1),
    tokens: shared.tokens,
    share: shared.share,
    samples: shared.samples,
  }),
  design: (o, facts) => ({
    regions: eachBlock(facts, reuseOf('residual', o.order)),
    decision: {
      kind: 'ranked',
      probe: { tensor: 'block-residual', blocks: 1, tokens: tokenSampling(o.tokens, o.share, o.samples) },
      metric: { kind: 'cosine', denominator: 'older' },
      interval: o.interval,
      groups: facts.blocks.map(({ group }) => group),
      share: o.ratio === 'paper' ? RATIO.map(c => c * o.beta) : [o.beta],
    },
    guards: { warmup: o.warmup, tail: o.tail },
  }),
});
