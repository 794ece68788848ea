import { type Calibration, type Change, UNIT } from '../methods/calibration.js';
import type { Schedule } from '../methods/schedules/index.js';
import { pairs } from './table.js';
import { decimal, plural, type Screen } from './text.js';

/** What `bwc calibrate --json` tells of a calibration. */
export interface CalibrationFacts {
  readonly model: string;
  readonly steps: number;
  readonly seeds: readonly number[];
  readonly blocks: number;
  readonly reuses: Calibration['reuses'];
  /** Mean over blocks and samples of mean|now - before| / mean|before|, by step; the first has none. */
  readonly change: readonly number[];
  /** Over how many steps scales and shifts can be fitted. */
  readonly fits: number | null;
  /** What was searched for and run. */
  readonly schedules: readonly ScheduleFacts[];
}

interface ScheduleFacts {
  readonly computed: number;
  /** Mean fidelity in decibel, and its standard error where generations were held out to judge it. */
  readonly psnr: number;
  readonly error: number | null;
  readonly from: Schedule['predicted']['from'];
  readonly strip: string;
}

export function calibrationFacts(calibration: Calibration): CalibrationFacts {
  const { model, sampler, samples, blocks, reuses } = calibration;
  const streams = blocks.map(block => block.streams[0]).filter(stream => stream !== undefined);
  return {
    model,
    steps: sampler.steps,
    seeds: samples.map(sample => sample.seed),
    blocks: blocks.length,
    reuses,
    change: Array.from({ length: sampler.steps - 1 }, (_, i) => meanChange(streams, i + 1, samples.length)),
    fits: calibration.sketch.fits?.lags ?? null,
    schedules: (calibration.schedules ?? []).map(({ compute, predicted }) => ({
      computed: compute.filter(computed => computed).length,
      psnr: predicted.psnr,
      error: predicted.error ?? null,
      from: predicted.from,
      strip: compute.map(computed => (computed ? '#' : '.')).join(''),
    })),
  };
}

function meanChange(streams: readonly Change[], step: number, samples: number): number {
  const sum = streams.reduce((all, { older }) => all + (older[step]?.[0] ?? 0), 0);
  return Number(((sum * UNIT) / Math.max(1, samples * streams.length)).toPrecision(6));
}

/** `bwc calibrate` for people. */
export function calibrationReport(facts: CalibrationFacts, output: string, screen: Screen): string {
  const { seeds, steps, blocks, change, fits, schedules } = facts;
  const least = Math.min(...change);
  const most = Math.max(...change);
  const title = `${plural(seeds.length, 'generation')} of ${steps} steps, ${plural(blocks, 'block')}`;
  const range = `${decimal(least, 3)} (step ${change.indexOf(least) + 1}) to ${decimal(most, 3)} (step ${change.indexOf(most) + 1})`;
  return [
    `${screen.paint('bold', title)}\n`,
    pairs(
      [
        ['written', output],
        ...(change.length > 0
          ? ([
              ['change', `${sparkline(change)}  of the blocks from step to step`],
              ['range', range],
            ] as const)
          : []),
        ...(fits === null
          ? []
          : ([['fits', `scales and shifts over up to ${plural(fits, 'step')}`]] as const)),
        ...schedules.map(
          ({ computed, psnr, error, strip }) =>
            [
              `${decimal(steps / computed, 2)} ×`,
              `${strip}  ${decimal(psnr, 1)}${error === null ? '' : ` ± ${decimal(error, 1)}`} dB`,
            ] as const,
        ),
      ],
      screen,
    ),
  ].join('');
}

const BARS = '▁▂▃▄▅▆▇█';

/** One bar a number, from the smallest to the largest. */
function sparkline(numbers: readonly number[]): string {
  const [low, high] = [Math.min(...numbers), Math.max(...numbers)];
  const scale = high > low ? (BARS.length - 1) / (high - low) : 0;
  return numbers.map(x => BARS[Math.round((x - low) * scale)] ?? '').join('');
}
