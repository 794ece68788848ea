import { z } from 'zod';
import { stack } from './facts.js';
import { defineMethod, grid, reuseOf, shared, tokenSampling } from './method.js';

/** SeaCache: arXiv 2602.18993. */
export const seacache = defineMethod({
  name: 'seacache',
  title: 'Spectral-Evolution-Aware Cache',
  source: 'arXiv 2602.18993',
  summary:
    'Compares the modulated input of the first block with the step before, as TeaCache does, but filtered along the axes of ' +
    'picture or video: frequencies that are noise at this timestep count little. The relative L1 adds up; while the sum is ' +
    'below the threshold, all blocks are skipped and their residual is added to the fresh input. No polynomial is needed.',
  options: z.object({
    threshold: shared.threshold(0.2),
    power: z.coerce
      .number()
      .min(0)
      .default(0)
      .describe('the power by which a clean signal falls with frequency; 0 takes the number of axes, 2 or 3'),
    noise: z
      .enum(['flow', 'vp'])
      .default('flow')
      .describe('how the timestep tells the noise: rectified flow, or variance preserving (DDPM, DDIM)'),
    clean: z.coerce.number().default(0).describe('timestep without noise'),
    full: z.coerce
      .number()
      .default(0)
      .describe("timestep of noise alone; 0 takes that of the generation's first step"),
    grid: grid(
      'tokens along each axis, such as 32x32, where the model does not tell; it then serves that size only',
    ),
    warmup: shared.warmup(1),
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
      probe: {
        tensor: 'attention-input',
        blocks: [0],
        tokens: tokenSampling(o.tokens, o.share, o.samples),
        filter: {
          kind: 'wiener',
          ...(o.power > 0 && { power: o.power }),
          noise: { kind: o.noise, clean: o.clean, ...(o.full !== 0 && { full: o.full }) },
          ...(o.grid !== undefined && { grid: o.grid }),
        },
      },
      metric: { kind: 'relative-l1', denominator: 'older' },
      threshold: o.threshold,
    },
    guards: { warmup: o.warmup, tail: o.tail, most: o.most },
    wanted: o.wanted,
  }),
});
