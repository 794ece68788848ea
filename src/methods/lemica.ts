import { z } from 'zod';
import { calibrationOf, reuseFrom } from './calibrated.js';
import { stack } from './facts.js';
import { defineMethod, reuseOf, shared } from './method.js';
import { leMiCa } from './schedules/index.js';

/** LeMiCa: arXiv 2511.00090. */
export const lemica = defineMethod({
  name: 'lemica',
  title: 'LeMiCa',
  source: 'arXiv 2511.00090',
  calibration: 'required',
  summary:
    'Knows what reusing a step until another does to the final result, and takes the way through the steps whose worst ' +
    'stretch is least bad. The schedule is a table.',
  options: z.object({
    budget: z.coerce
      .number()
      .positive()
      .default(0.5)
      .describe('steps that are computed; below 1 a share of all'),
    order: shared.order(0),
  }),
  design: (o, facts) => {
    const calibration = calibrationOf(facts, 'lemica');
    const { steps } = calibration.sampler;
    const computed = Math.min(
      steps,
      Math.max(1, Math.round(o.budget >= 1 ? (o.budget * steps) / facts.steps : o.budget * steps)),
    );
    return {
      regions: stack(facts, reuseOf('residual', o.order)),
      decision: { kind: 'schedule', reuse: [reuseFrom(leMiCa(calibration, computed), facts.steps)] },
    };
  },
});
