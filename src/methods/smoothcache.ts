import { z } from 'zod';
import { calibrationOf, reuseFrom } from './calibrated.js';
import { eachBranch } from './facts.js';
import { defineMethod, reuseOf, shared } from './method.js';
import { smoothCache } from './schedules/index.js';

/** SmoothCache: arXiv 2411.10510. */
export const smoothcache = defineMethod({
  name: 'smoothcache',
  title: 'SmoothCache',
  source: 'arXiv 2411.10510',
  calibration: 'required',
  summary:
    'Measures once how far the output of each kind of branch (attention, cross-attention, feed-forward) moves over one ' +
    'to three steps, and skips as far as the error stays below alpha: one schedule for each kind, shared by all blocks.',
  options: z.object({
    alpha: shared.limit(0.18, 'largest error that is accepted'),
    lookback: z.coerce.number().int().min(1).max(8).default(3).describe('most steps reused in a row'),
    order: shared.order(0),
  }),
  presets: {
    'dit-xl': { alpha: 0.18 },
    'open-sora': { alpha: 0.03 },
    'stable-audio': { alpha: 0.15 },
  },
  design: (o, facts) => {
    const tables = [...smoothCache(calibrationOf(facts, 'smoothcache'), o)];
    return {
      regions: eachBranch(facts, reuseOf('output', o.order), ({ kind }) => {
        const at = tables.findIndex(([name]) => name === kind);
        return at < 0 ? undefined : at;
      }),
      decision: { kind: 'schedule', reuse: tables.map(([, table]) => reuseFrom(table, facts.steps)) },
    };
  },
});
