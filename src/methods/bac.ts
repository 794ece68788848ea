import { z } from 'zod';
import { calibrationOf, reuseFrom } from './calibrated.js';
import { stepsOf } from './every-nth.js';
import { eachBranch } from './facts.js';
import { defineMethod, reuseOf, shared } from './method.js';
import { bac as bacTables } from './schedules/index.js';

/** BAC: arXiv 2506.13456. */
export const bac = defineMethod({
  name: 'bac',
  title: 'Block-wise Adaptive Caching',
  source: 'arXiv 2506.13456',
  calibration: 'required',
  summary:
    'For diffusion policies, and any other DiT. Dynamic programming picks for each branch the steps to compute such that ' +
    'the runs between are most alike; the feed-forwards whose errors would bubble up into later blocks also compute ' +
    'whenever a later one does.',
  options: z.object({
    updates: z.coerce
      .number()
      .positive()
      .default(0.33)
      .describe('steps that each branch computes; below 1 a share of all'),
    upstream: z.coerce
      .number()
      .int()
      .min(0)
      .default(3)
      .describe('feed-forwards that take over what later ones update'),
    order: shared.order(0),
  }),
  design: (o, facts) => {
    const calibration = calibrationOf(facts, 'bac');
    const updates = Math.max(1, stepsOf(o.updates, calibration.sampler.steps));
    const tables = bacTables(calibration, { updates, upstream: o.upstream }).flat();
    return {
      regions: eachBranch(facts, reuseOf('output', o.order)),
      decision: { kind: 'schedule', reuse: tables.map(table => reuseFrom(table, facts.steps)) },
    };
  },
});
