import { z } from 'zod';
import type { RegionDesign } from './design.js';
import { stepsOf } from './every-nth.js';
import { blockRun } from './facts.js';
import { defineMethod, reuseOf, shared, tokenSampling } from './method.js';

const share = (fallback: number, what: string) =>
  z.coerce.number().min(0).max(1).default(fallback).describe(what);

/** MixCache: arXiv 2508.12691, as far as its abstract tells. */
export const mixcache = defineMethod({
  name: 'mixcache',
  title: 'MixCache',
  source: 'arXiv 2508.12691',
  summary:
    'Between steps that compute everything, a step skips as much as the last change allows: all blocks where hardly anything changed, ' +
    'the middle blocks where more did, or, for models that are called with both halves of guidance in one batch, the ' +
    'unconditional half where it was more still. The paper tells its rule in the abstract only: thresholds are ours.',
  options: z.object({
    threshold: shared.threshold(0.1),
    interval: shared.interval(3),
    step: share(0.5, 'below so much of the threshold a step skips all blocks'),
    block: share(
      0.7,
      'with halves: below so much it skips the middle blocks, and above the unconditional half',
    ),
    edge: z.coerce
      .number()
      .positive()
      .default(0.2)
      .describe(
        'first and last blocks that are computed where the middle ones are skipped; below 1 a share of all',
      ),
    conditional: z
      .enum(['none', 'first', 'last'])
      .default('none')
      .describe(
        'the half of the batch that is conditional, if the model is called with pairs; diffusers puts it last',
      ),
    warmup: shared.warmup(1),
    tail: shared.tail(1),
    tokens: shared.tokens,
    share: shared.share,
    samples: shared.samples,
  }),
  design: (o, facts) => {
    const count = facts.blocks.length;
    const edge = Math.min(Math.floor((count - 1) / 2), Math.max(1, stepsOf(o.edge, count)));
    const reuse = reuseOf('residual', 0);
    const middle = Math.max(o.step, o.conditional === 'none' ? 1 : o.block);
    const halves: readonly RegionDesign[] =
      o.conditional === 'none'
        ? []
        : [{ span: { kind: 'half', computed: o.conditional }, channel: 2, reuse }];
    return {
      regions: [
        ...blockRun(facts, 0, edge, reuse, 0),
        ...blockRun(facts, edge, count - edge, reuse, 1),
        ...blockRun(facts, count - edge, count, reuse, 0),
        ...halves,
      ],
      keep: 'whole',
      decision: {
        kind: 'graded',
        probe: {
          tensor: 'block-output',
          blocks: [count - 1],
          tokens: tokenSampling(o.tokens, o.share, o.samples),
        },
        metric: { kind: 'relative-l1', denominator: 'older' },
        threshold: o.threshold,
        ranges: [
          { from: 0, to: o.step },
          { from: 0, to: middle },
          ...halves.map(() => ({ from: middle, to: 1 })),
        ],
        interval: o.interval,
      },
      guards: { warmup: o.warmup, tail: o.tail },
    };
  },
});
