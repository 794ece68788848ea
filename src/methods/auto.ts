import { z } from 'zod';
import { calibrationOf, stretched } from './calibrated.js';
import { stack } from './facts.js';
import { defineMethod } from './method.js';
import { searchSchedule, type Target } from './schedules/index.js';

/** The best table that the calibration promises for a target: no paper's method, but the search over all of this kind. */
export const auto = defineMethod({
  name: 'auto',
  title: 'Searched schedule',
  source: 'bwc',
  calibration: 'required',
  summary:
    'Searches, on the calibration alone, which steps to compute and how to make the others from the last computed ' +
    'residuals, so that the final result is as near to the original as the target allows. Both go into a table. ' +
    'Schedules that `bwc calibrate --refine` found by running them go first.',
  options: z.object({
    target: z
      .string()
      .regex(/^(speedup|work|psnr)=\d+(\.\d+)?$/, 'speedup=3, work=0.3 or psnr=40')
      .default('speedup=2')
      .describe('what is asked for: a speed-up of block work, a share of it, or a fidelity in decibel'),
    memory: z.coerce
      .number()
      .int()
      .min(1)
      .max(4)
      .default(3)
      .describe('computed residuals that are kept: 1 reuses, 2 draws lines, 3 parabolas'),
  }),
  design: (o, facts) => {
    const { steps } = facts;
    const schedule = searchSchedule(calibrationOf(facts, 'auto'), targetOf(o.target), { depth: o.memory });
    const rows = stretched(schedule.weights, steps).map(row =>
      Array.from({ length: schedule.depth }, (_, i) => row[i] ?? 0),
    );
    return {
      regions: stack(facts, { of: 'residual', weights: { kind: 'table', rows } }),
      decision: { kind: 'schedule', reuse: [stretched(schedule.compute, steps).map(x => !x)] },
    };
  },
});

function targetOf(text: string): Target {
  const [kind, value] = text.split('=');
  return { kind: kind === 'work' || kind === 'psnr' ? kind : 'speedup', value: Number(value) };
}
