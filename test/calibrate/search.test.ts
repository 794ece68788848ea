import { describe, expect, it } from 'vitest';
import { scheduleSchema, searchFrontier, searchSchedule } from '../../src/methods/schedules/index.js';
import { strip, synthetic } from './synthetic.js';

/** Residuals that move along a line: two of them give all. */
const line = synthetic({ steps: 12, residual: step => [1 + step, 2, 3 - step] });

/** Residuals that leap once. */
const leap = synthetic({ steps: 12, residual: step => (step < 7 ? [1, 0] : [0, 1]) });

const count = (table: readonly boolean[]): number => table.filter(computed => computed).length;

describe('the search', () => {
  it('extrapolates what moves along a line from two steps', () => {
    const schedule = searchSchedule(line, { kind: 'speedup', value: 6 });
    expect(count(schedule.compute)).toBe(2);
    expect(schedule.predicted.psnr).toBeGreaterThan(50);
    const at = schedule.compute.lastIndexOf(true);
    const first = schedule.compute.indexOf(true);
    for (let step = at + 1; step < 12; step++) {
      const [newer = 0, older = 0] = schedule.weights[step] ?? [];
      const along = (step - first) / (at - first);
      if (step === at + 1) expect(newer + older).toBeCloseTo(1, 1);
      expect(Math.abs(newer - along)).toBeLessThan(0.5 + along);
    }
  });

  it('computes where the residual leaps', () => {
    const schedule = searchSchedule(leap, { kind: 'work', value: 2 / 12 });
    expect(strip(schedule.compute)).toBe('#......#....');
    expect(schedule.predicted.psnr).toBeGreaterThan(80);
    expect(schedule.weights.map(row => row.length)).toEqual([0, 1, 1, 1, 1, 1, 1, 0, 2, 2, 2, 2]);
    expect(schedule.weights[8]).toEqual([1, 0].map(w => expect.closeTo(w, 2)));
  });

  it('takes back what it did wrong before', () => {
    const schedule = searchSchedule(synthetic({ steps: 4, residual: step => [1, step < 2 ? 0 : 4] }), {
      kind: 'speedup',
      value: 4,
    });
    // Only the first component can be helped by scaling; a weight of 1 would do for each step by itself.
    expect(strip(schedule.compute)).toBe('#...');
    expect(schedule.weights.slice(1).map(([w]) => w)).toEqual([1, 1, 1].map(w => expect.closeTo(w, 2)));
  });

  it('keeps to the target', () => {
    for (const value of [1, 1.5, 2, 3, 7, 100]) {
      const { compute, predicted, steps } = searchSchedule(leap, { kind: 'speedup', value });
      expect(count(compute)).toBeLessThanOrEqual(Math.max(1, 12 / value));
      expect(predicted.work).toBeCloseTo(count(compute) / steps);
      expect(compute[0]).toBe(true);
    }
    const enough = searchSchedule(leap, { kind: 'psnr', value: 80 });
    expect(count(enough.compute)).toBe(2);
    expect(count(searchSchedule(leap, { kind: 'psnr', value: 1000 }).compute)).toBe(11);
  });

  it('takes off what products promised too much of schedules that were run', () => {
    const promised = searchFrontier(leap, 8);
    const ran = [4, 8].map((computed, i) => {
      const schedule = promised.find(({ compute }) => count(compute) === computed);
      if (schedule === undefined) throw new Error(`no schedule of ${computed} steps`);
      return { ...schedule, products: { promised: 100, psnr: [70, 90][i] ?? 0 } };
    });
    const known = { ...leap, schedules: ran };
    for (const [computed, over] of [
      [2, 30],
      [5, 25],
      [6, 20],
    ] as const) {
      const target = { kind: 'work', value: computed / 12 } as const;
      const { predicted } = searchSchedule(known, target);
      expect(predicted.psnr).toBeCloseTo(searchSchedule(leap, target).predicted.psnr - over, 6);
      expect(predicted.from).toBe('corrected');
    }
    expect(searchSchedule(known, { kind: 'work', value: 4 / 12 })).toBe(ran[0]);
  });

  it('gives a schedule that can be written down, for each number of steps', () => {
    const frontier = searchFrontier(leap, 6, { depth: 2, longest: 5 });
    expect(frontier.map(({ compute }) => count(compute))).toEqual([2, 3, 4, 5, 6]);
    for (const schedule of frontier) {
      expect(scheduleSchema.parse(JSON.parse(JSON.stringify(schedule)))).toEqual(schedule);
      expect(Math.max(...schedule.weights.map(row => row.length))).toBeLessThanOrEqual(2);
      expect(strip(schedule.compute)).not.toMatch(/\.{6}/);
    }
  });
});
