import { z } from 'zod';
import type { Bands } from './design.js';
import { stepsOf } from './every-nth.js';
import { defineMethod, grid, shared } from './method.js';

/** FasterCache's CFG-Cache: arXiv 2410.19355. */
export const cfgCache = defineMethod({
  name: 'cfg-cache',
  title: 'CFG-Cache (of FasterCache)',
  source: 'arXiv 2410.19355',
  summary:
    'For models that are called with both halves of classifier-free guidance in one batch. From a share of the steps on, the ' +
    'unconditional half is computed once in a few steps; in between it is the conditional one and the difference that there ' +
    'was, kept in low and in high frequencies: early on the low ones weigh more, late the high ones.',
  options: z.object({
    conditional: z
      .enum(['first', 'last'])
      .default('last')
      .describe(
        'the half of the batch that is computed at every step; the pipelines of diffusers put it last',
      ),
    interval: shared.interval(5),
    from: z.coerce.number().min(0).max(1).default(0.34).describe('share of the steps before reuse begins'),
    alpha: z.coerce
      .number()
      .min(0)
      .default(0.2)
      .describe('what the low, then the high frequencies weigh more'),
    turn: z.coerce
      .number()
      .min(0)
      .max(1)
      .default(0.6)
      .describe('share of the steps before the weight goes from low to high frequencies'),
    radius: z.coerce
      .number()
      .gt(0)
      .max(0.5)
      .default(0.2)
      .describe('low frequencies: those within so much of the shorter side'),
    grid: grid('rows and columns of tokens, such as 32x32, where the prediction has them in a line'),
    tail: shared.tail(0),
  }),
  design: (o, { steps }) => {
    const from = Math.max(1, stepsOf(o.from, steps));
    const turn = stepsOf(o.turn, steps);
    const bands: Bands = { radius: o.radius, ...(o.grid !== undefined && { grid: o.grid }) };
    const rows = Array.from({ length: steps }, (_, s) => (s < turn ? [1 + o.alpha, 1] : [1, 1 + o.alpha]));
    const reuse = Array.from({ length: steps }, (_, s) => s >= from && (s - from) % o.interval !== 0);
    return {
      regions: [
        {
          span: { kind: 'half', computed: o.conditional },
          reuse: { of: 'residual', bands, weights: { kind: 'table', rows } },
        },
      ],
      decision: { kind: 'schedule', reuse: [reuse] },
      guards: { tail: o.tail },
    };
  },
});
