import { z } from 'zod';
import { calibrationOf, reuseFrom, stretched } from './calibrated.js';
import { stack } from './facts.js';
import { defineMethod, list, reuseOf, shared } from './method.js';
import { magCache, magRatios } from './schedules/index.js';

/** MagCache: arXiv 2506.09045. */
export const magcache = defineMethod({
  name: 'magcache',
  title: 'Magnitude-aware Cache',
  source: 'arXiv 2506.09045',
  calibration: 'unless `ratios` are given',
  summary:
    'The norm of what all blocks add falls from step to step in the same way for every prompt. The ratios, measured ' +
    'once, tell how far a reused residual is off; the errors add up, and while their sum is below the threshold the ' +
    'blocks are skipped. It never looks at data, so the compiler folds the whole decision into a table.',
  options: z.object({
    threshold: shared.limit(0.12, 'error that may add up'),
    most: shared.most(4),
    retention: z.coerce.number().min(0).max(1).default(0.2).describe('share of the steps computed first'),
    ratios: list('own ratios of norms by step, separated by commas; of the calibration without any'),
    order: shared.order(0),
  }),
  presets: {
    flux: { threshold: 0.24, most: 5, retention: 0.1 },
    'wan-1.3b': { threshold: 0.12, most: 4 },
    'wan-14b': { threshold: 0.24, most: 6 },
    'hunyuan-video': { threshold: 0.24, most: 6 },
    'qwen-image': { threshold: 0.06, most: 2 },
    'open-sora': { threshold: 0.12, most: 3 },
  },
  design: (o, facts) => {
    const ratios = o.ratios.length > 0 ? o.ratios : magRatios(calibrationOf(facts, 'magcache'));
    const settings = { delta: o.threshold, maxSkip: o.most, retention: o.retention };
    // The ratio from step to step is nearer to 1 where steps are nearer to each other.
    const longer = ratios.length / facts.steps;
    const table = magCache(
      stretched(ratios, facts.steps).map(ratio => ratio ** longer),
      settings,
    );
    return {
      regions: stack(facts, reuseOf('residual', o.order)),
      decision: { kind: 'schedule', reuse: [reuseFrom(table, facts.steps)] },
    };
  },
});
