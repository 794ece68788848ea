import type { Calibration } from '../calibration.js';
import { element } from './table.js';

/** What two neighbouring calibrated steps weigh in a step between them. */
interface Between {
  readonly from: number;
  readonly share: number;
}

/**
 * What a calibration tells of another number of steps. A step lies where the same share of the way is, hence at the same
 * noise; between calibrated steps residuals and predictions are drawn as straight lines, and so are their inner
 * products. Schedules of the calibrated number of steps are left out.
 */
export function atSteps(calibration: Calibration, steps: number): Calibration {
  const { sampler, samples, schedules: _, ...rest } = calibration;
  const places = Array.from({ length: steps }, (_x, step) =>
    placeOf((step * sampler.steps) / steps, sampler.steps),
  );
  const along = (x: readonly number[]): number[] => places.map(place => between(x, place));
  const longer = sampler.steps / steps;
  return {
    ...rest,
    sampler: {
      ...sampler,
      steps,
      timesteps: along(sampler.timesteps),
      keep: along(sampler.keep).map(x => Math.abs(x) ** longer),
      take: along(sampler.take).map(x => x * longer),
    },
    samples: samples.map(sample => ({
      ...sample,
      residual: productsAt(sample.residual, places),
      prediction: productsAt(sample.prediction, places),
    })),
  };
}

/**
 * How well straight lines stand in for residuals between calibrated steps, as a share of their size (root mean square):
 * each step is compared with the middle of its two neighbours, which lie twice as far apart as they need to.
 */
export function unevenness({ samples, sampler }: Calibration): number {
  let [off, all] = [0, 0];
  for (const { residual } of samples) {
    for (let step = 1; step + 1 < sampler.steps; step++) {
      const weights: readonly (readonly [number, number])[] = [
        [step, 1],
        [step - 1, -0.5],
        [step + 1, -0.5],
      ];
      for (const [a, x] of weights) for (const [b, y] of weights) off += x * y * element(residual, a, b);
      all += element(residual, step, step);
    }
  }
  return all > 0 ? Math.sqrt(Math.max(0, off) / all) : 0;
}

function placeOf(at: number, steps: number): Between {
  const from = Math.max(0, Math.min(Math.floor(at + 1e-9), steps - 2));
  return { from, share: steps === 1 ? 0 : at - from };
}

function between(x: readonly number[], { from, share }: Between): number {
  const here = x[from] ?? 0;
  return here + share * ((x[from + 1] ?? here) - here);
}

function productsAt(triangle: readonly number[], places: readonly Between[]): number[] {
  const at = (a: Between, b: Between): number => {
    const row = (step: number): number => {
      const near = element(triangle, step, b.from);
      return b.share === 0 ? near : near + b.share * (element(triangle, step, b.from + 1) - near);
    };
    const near = row(a.from);
    return a.share === 0 ? near : near + a.share * (row(a.from + 1) - near);
  };
  return places.flatMap((a, i) => places.slice(0, i + 1).map(b => at(a, b)));
}
