import { z } from 'zod';
import { type Diagnostic, diagnostic } from '../diagnostics/index.js';
import { calibrationOf, stretched } from './calibrated.js';
import type { Calibration } from './calibration.js';
import type { Course, Design } from './design.js';
import { type ModelFacts, stack } from './facts.js';
import { defineMethod, shared, tokenSampling } from './method.js';
import { atSteps, type Schedule, searchSchedule, type Target, unevenness } from './schedules/index.js';

/** The best table that the calibration promises for a target: no paper's method, but the search over all of this kind. */
export const auto = defineMethod({
  name: 'auto',
  title: 'Searched schedule',
  source: 'bwc',
  calibration: 'for the best schedule',
  summary:
    'Searches, on the calibration alone, which steps to compute and how to make the others from the last computed ' +
    'residuals, so that the final result is as near to the original as the target allows. Both go into a table. ' +
    'Schedules that `bwc calibrate --refine` found by running them go first. What enters the blocks is watched: once it ' +
    'changes far more than it ever did while calibrating, the rest of the generation is computed. Without a calibration ' +
    'computed steps are spread evenly. Those between follow straight lines, and what a line was off, as the next computed step tells, ' +
    'is made up for behind it.',
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
      .max(8)
      .default(4)
      .describe(
        'computed steps that are kept of: 1 reuses, 2 draws lines, 3 parabolas; refined schedules have their own',
      ),
    threshold: z.coerce
      .number()
      .min(0)
      .optional()
      .describe(
        'how many times more than ever seen the input may change before the rest is computed, 1.5 by default; without a ' +
          'calibration how far reuse may be off at a computed step for the next to be reused, 0.5 by default; 0 never reuses',
      ),
    watch: z
      .enum(['yes', 'input', 'no'])
      .default('yes')
      .describe(
        'whether it is watched if the input changes as measured, and if the latent goes where the predictions send it; ' +
          'the input alone; or nothing, which saves a copy from the device',
      ),
    tokens: shared.tokens,
    share: shared.share,
    samples: shared.samples,
  }),
  design: (o, facts) => {
    const { steps, calibration } = facts;
    const target = targetOf(o.target);
    if (calibration === undefined) return unmeasured(facts, target, o.threshold);
    const carried = calibration.sampler.steps !== steps;
    const known = carried ? atSteps(calibration, steps) : calibration;
    const schedule = searchSchedule(known, target, { depth: o.memory });
    const reuse = [schedule.compute.map(x => !x)];
    const rows = schedule.weights.map(row => Array.from({ length: schedule.depth }, (_, i) => row[i] ?? 0));
    const weights = { kind: 'table', rows } as const;
    return {
      regions:
        schedule.region === 'model'
          ? [{ span: { kind: 'model' }, reuse: { of: 'output', weights } }]
          : stack(facts, { of: 'residual', weights }),
      decision:
        o.watch === 'no'
          ? { kind: 'schedule', reuse }
          : {
              kind: 'watched',
              reuse,
              probe: {
                tensor: 'stack-entry',
                blocks: [0],
                tokens: tokenSampling(o.tokens, o.share, o.samples),
              },
              metric: { kind: 'relative-l1', denominator: 'older' },
              expected: largestChanges(calibration, steps),
              threshold: o.threshold ?? SURPRISE,
              // The sampler's numbers of other steps are not known exactly.
              ...(o.watch === 'yes' && !carried && { course: courseOf(calibration) }),
            },
      notes: [
        chosen(schedule),
        ...(carried ? [carriedOver(calibration, steps)] : []),
        ...(steps <= FEW ? [diagnostic('BWC316', { method: 'auto', steps })] : []),
      ],
    };
  },
});

/** How many times more than ever seen the input may change. */
const SURPRISE = 1.5;

/** Steps of models that were made for a few. */
const FEW = 8;

/** What was chosen, what it promises, and what it was preferred to. */
function chosen({ compute, steps, region, depth, predicted, rejected = [] }: Schedule): Diagnostic {
  const error = predicted.error === undefined ? '' : ` ± ${predicted.error.toFixed(1)}`;
  const reached = `${predicted.psnr.toFixed(1)}${error} dB`;
  const promise = {
    'held-out': `In runs of generations that it was not fitted to it gave ${reached}.`,
    runs: `In runs of the generations that it was fitted to it gave ${reached}.`,
    corrected: `Inner products promise ${reached}, less what they promised too much of schedules that were run.`,
    products: `Inner products promise ${reached}, which errors that feed back make less.`,
  }[predicted.from];
  const others = rejected.map(other => {
    const how = other.compute.join() === compute.join() ? 'the same steps' : stripOf(other.compute);
    return `${how} with ${keptOf(other)} (${other.psnr.toFixed(1)} dB)`;
  });
  return diagnostic('BWC314', {
    method: 'auto',
    computed: compute.filter(computed => computed).length,
    steps,
    strip: stripOf(compute),
    promise,
    rejected:
      others.length === 0 ? '' : `With ${keptOf({ region, depth })} it did better than ${others.join(', ')}.`,
  });
}

function keptOf({ region, depth }: Pick<Schedule, 'region' | 'depth'>): string {
  return `${depth} ${region === 'model' ? 'prediction' : 'residual'}${depth === 1 ? '' : 's'}`;
}

function stripOf(compute: readonly boolean[]): string {
  return compute.map(computed => (computed ? '#' : '.')).join('');
}

function carriedOver(calibration: Calibration, steps: number): Diagnostic {
  const off = `${(100 * unevenness(calibration)).toPrecision(2)} %`;
  return diagnostic('BWC315', { from: calibration.sampler.steps, steps, off });
}

/** With fewer steps than this from a computed one to the next the last step is computed as well. */
const CLOSE = 4;

/** How far off reuse may have been at a computed step for the next steps to be reused. */
const OFF = 0.5;

/**
 * Without a calibration: computed steps spread evenly, and trapezoids between. Nothing makes up for what steps behind the last computed
 * one are off: where computed steps lie close, that is the last.
 */
function unmeasured(facts: ModelFacts, target: Target, threshold = OFF): Design {
  const { steps } = facts;
  if (target.kind === 'psnr') calibrationOf(facts, 'auto');
  const wanted = target.kind === 'work' ? steps * target.value : steps / target.value;
  const computed = Math.min(steps, Math.max(1, Math.floor(wanted + 1e-9)));
  const close = steps < computed * CLOSE;
  const gap = close ? (steps - 1) / Math.max(1, computed - 1) : steps / computed;
  const at = new Set(Array.from({ length: computed }, (_, i) => Math.round(i * gap)));
  const reuse = [Array.from({ length: steps }, (_, s) => !at.has(s))];
  return {
    regions: [{ span: { kind: 'model' }, reuse: { of: 'output', weights: { kind: 'trapezoid' } } }],
    decision: { kind: 'tested', reuse, threshold },
    notes: steps <= FEW ? [diagnostic('BWC316', { method: 'auto', steps })] : [],
  };
}

/** The largest change of what enters the blocks that any sample showed, by step. The first has none before it. */
function largestChanges({ samples, sampler }: Calibration, steps: number): readonly number[] {
  const byStep = Array.from({ length: sampler.steps }, (_, s) => {
    const at = Math.max(0, s - 1);
    return Math.max(...samples.map(({ probe, entry }) => ((probe[at] ?? 0) + (entry[at] ?? 0)) / 2));
  });
  const scale = Math.max(1, sampler.steps / steps);
  return stretched(byStep, steps).map(x => x * scale);
}

/** Where the sampler sends the latent, and how large that is: a mean over the samples. */
function courseOf({ sampler: { keep, take }, samples }: Calibration): Course {
  const size = keep.map((_, step) => samples.reduce((sum, one) => sum + (one.latentSize[step] ?? 0), 0));
  return { keep, take, size: size.map(x => x / samples.length) };
}

function targetOf(text: string): Target {
  const [kind, value] = text.split('=');
  return { kind: kind === 'work' || kind === 'psnr' ? kind : 'speedup', value: Number(value) };
}
