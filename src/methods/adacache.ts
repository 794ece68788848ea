import { z } from 'zod';
import { diagnostic } from '../diagnostics/index.js';
import { eachBranch } from './facts.js';
import { defineMethod, grid, reuseOf, shared, tokenSampling } from './method.js';

const CODEBOOKS = {
  fast: [
    { below: 0.08, rate: 6 },
    { below: 0.16, rate: 5 },
    { below: 0.24, rate: 4 },
    { below: 0.32, rate: 3 },
    { below: 0.4, rate: 2 },
    { below: 1, rate: 1 },
  ],
  slow: [
    { below: 0.08, rate: 3 },
    { below: 0.16, rate: 2 },
    { below: 0.24, rate: 1 },
  ],
  long: [
    { below: 0.03, rate: 12 },
    { below: 0.05, rate: 10 },
    { below: 0.07, rate: 8 },
    { below: 0.09, rate: 6 },
    { below: 0.11, rate: 4 },
    { below: 1, rate: 3 },
  ],
} as const;

/** Of the published code; the paper gives no numbers. */
const MOTION = { power: 8, gradient: 10, within: [0.1, 0.9] } as const;

/** AdaCache: arXiv 2411.02397. */
export const adacache = defineMethod({
  name: 'adacache',
  title: 'Adaptive Caching',
  source: 'arXiv 2411.02397',
  summary:
    'At a computed step the attention of a middle block is compared with the last computed step, by the steps between. The ' +
    'smaller the change, the longer a codebook lets every attention and feed-forward be reused before the next ' +
    'computed step. In videos the change counts the more, the further neighbouring frames lie apart.',
  options: z.object({
    threshold: z.coerce.number().min(0).default(1).describe('scales the codebook; 0 never reuses'),
    codebook: z
      .enum(['fast', 'slow', 'long'])
      .default('fast')
      .describe("the paper's, for 30 steps (fast, slow) or 100 (long)"),
    block: z.coerce
      .number()
      .min(0)
      .default(0.5)
      .describe('block that is looked at; below 1 a share of the depth'),
    motion: z
      .enum(['yes', 'no'])
      .default('yes')
      .describe('of a video: whether the change is scaled by how far its frames lie apart'),
    usual: z.coerce
      .number()
      .gt(0)
      .default(0.385)
      .describe('distance of frames, by their size, at which a change counts once'),
    grid: grid('frames, rows and columns of tokens, where the model does not tell'),
    warmup: shared.warmup(1),
    tail: shared.tail(2),
    order: shared.order(0),
    tokens: shared.tokens,
    share: z.coerce
      .number()
      .gt(0)
      .max(1)
      .default(1 / 4)
      .describe('strided: largest share of the tokens, of each frame in videos'),
    samples: z.coerce
      .number()
      .int()
      .positive()
      .default(16)
      .describe('strided: about the largest number of tokens a block, of each frame in videos'),
  }),
  design: (o, facts) => {
    const count = facts.blocks.length;
    const block = Math.min(count - 1, o.block < 1 ? Math.floor(o.block * count) : Math.round(o.block));
    const known = o.grid?.length === 3 || facts.blocks[block]?.frames === true;
    const moves = o.motion === 'yes' && known;
    return {
      regions: eachBranch(facts, reuseOf('output', o.order), () => 0),
      decision: {
        kind: 'countdown',
        probe: {
          tensor: 'attention-output',
          blocks: [block],
          tokens: tokenSampling(o.tokens, o.share, o.samples),
          ...(moves && { frames: o.grid ? { grid: o.grid } : {} }),
        },
        metric: { kind: 'relative-l1', denominator: 'older' },
        codebook: CODEBOOKS[o.codebook],
        threshold: o.threshold,
        ...(moves && { motion: { ...MOTION, usual: o.usual } }),
      },
      guards: { warmup: o.warmup, tail: o.tail },
      ...(o.motion === 'yes' && !known && { notes: [diagnostic('BWC319', { method: 'adacache' })] }),
    };
  },
});
