import { z } from 'zod';
import { eachBranch } from './facts.js';
import { defineMethod } from './method.js';

/** FasterCache's dynamic feature reuse: arXiv 2410.19355. */
export const fastercache = defineMethod({
  name: 'fastercache',
  title: 'FasterCache (dynamic feature reuse)',
  source: 'arXiv 2410.19355',
  summary:
    'From a share of the steps on, attention is computed at every other step. In between its output goes on from the last ' +
    'two computed ones, by a weight that rises over the steps. The part of FasterCache that shares work between the ' +
    'conditional and the unconditional half of a batch is cfg-cache.',
  options: z.object({
    interval: z.coerce.number().int().min(2).default(2).describe('one step in so many is computed'),
    from: z.coerce.number().min(0).max(1).default(0.24).describe('share of the steps before reuse begins'),
    weight: z.coerce
      .number()
      .min(0)
      .default(0.9)
      .describe('weight of the difference of the last two computed steps, at the last step'),
  }),
  design: (o, { steps, ...facts }) => {
    const start = Math.round(o.from * steps);
    const rows = Array.from({ length: steps }, (_, s) => {
      const w = (o.weight * Math.max(0, s - start)) / Math.max(1, steps - start);
      return [1 + w, -w];
    });
    const reuse = Array.from({ length: steps }, (_, s) => s >= start && (s - start) % o.interval !== 0);
    const attention = { of: 'output', weights: { kind: 'table', rows } } as const;
    return {
      regions: eachBranch({ steps, ...facts }, attention, ({ kind }) =>
        kind === 'feed-forward' ? undefined : 0,
      ),
      decision: { kind: 'schedule', reuse: [reuse] },
    };
  },
});
