import { describe, expect, it } from 'vitest';
import { calibrationSchema } from '../../src/methods/calibration.js';
import { atSteps, searchSchedule, unevenness } from '../../src/methods/schedules/index.js';
import { strip, synthetic } from './synthetic.js';

/** A residual that moves along a line in time, and one that bends. */
const along = (time: number): number[] => [1 + time, 2, 3 - time];
const bent = (time: number): number[] => [1, Math.sin(6 * time)];

const of = (steps: number, residual: (time: number) => number[]) =>
  synthetic({ steps, residual: step => residual(step / steps) });

describe('another number of steps', () => {
  it.each([8, 12, 13, 24, 40])('%i of 12: what lies on a line is what it would have been', steps => {
    const carried = atSteps(of(12, along), steps);
    const measured = of(steps, along);
    expect(carried.samples[0]?.residual).toEqual(
      measured.samples[0]?.residual.map(x => expect.closeTo(x, 6)),
    );
    expect(carried.sampler.timesteps).toEqual(measured.sampler.timesteps.map(t => expect.closeTo(t, 6)));
    expect(carried.sampler.take).toEqual(measured.sampler.take.map(x => expect.closeTo(x, 9)));
    expect(carried.sampler.keep).toEqual(measured.sampler.keep);
  });

  it('that is the same changes nothing but what was fitted to it', () => {
    const calibration = of(12, bent);
    expect(atSteps(calibration, 12)).toEqual(calibration);
    const schedule = searchSchedule(calibration, { kind: 'speedup', value: 3 });
    expect(atSteps({ ...calibration, schedules: [schedule] }, 12)).toEqual(calibration);
  });

  it('has schedules of its own', () => {
    const schedule = searchSchedule(atSteps(of(24, bent), 12), { kind: 'speedup', value: 3 });
    expect(schedule.compute).toHaveLength(12);
    expect(strip(schedule.compute).replaceAll('.', '')).toBe('####');
    const native = searchSchedule(of(12, bent), { kind: 'speedup', value: 3 });
    expect(strip(schedule.compute)).toBe(strip(native.compute));
  });

  it('is the better known the straighter residuals are', () => {
    expect(unevenness(of(12, along))).toBeLessThan(1e-6);
    expect(unevenness(of(24, bent))).toBeGreaterThan(1e-3);
    expect(unevenness(of(24, bent))).toBeLessThan(unevenness(of(12, bent)) / 3);
  });
});

it('a carried calibration of one step holds what it needs', () => {
  const { samples } = atSteps(of(12, bent), 1);
  expect(samples[0]?.residual).toHaveLength(1);
  expect(calibrationSchema.safeParse(of(1, bent)).success).toBe(true);
});
