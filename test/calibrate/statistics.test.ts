import { describe, expect, it } from 'vitest';
import { chooseRows } from '../../src/calibrate/sketch.js';
import {
  addChange,
  addMoments,
  ChangeMeter,
  Gram,
  MomentMeter,
  normRatio,
  relativeL1,
} from '../../src/calibrate/statistics.js';

const sketch = (...values: number[]): Float64Array => Float64Array.from(values);

describe('a change meter', () => {
  const meter = new ChangeMeter(2);
  for (const values of [
    [3, 4, 0, 1],
    [6, 8, 0, 2],
    [0, 0, 0, 2],
  ])
    meter.add(sketch(...values));
  const { older, newer, angle, size, ratio } = meter.change;

  it('compares each step with those before it', () => {
    expect(older).toEqual([[], [1e7], [0.875e7, 1e7]]);
    expect(newer).toEqual([[], [0.5e7], [7e7, 4e7]]);
    expect(angle[1]).toEqual([0]);
    expect(angle[2]?.[0]).toBe(Math.round(1e7 * (1 - 4 / (2 * Math.sqrt(104)))));
  });

  it('tells sizes and ratios of norms token by token', () => {
    expect(size[0]).toBe(Math.round(1e7 * Math.sqrt(26 / 4)));
    expect(ratio).toEqual([0, 2e7, 0.5e7]);
    expect(normRatio(sketch(3, 4, 1, 0), sketch(0, 0, 0, 2), 2)).toBe(0.75);
  });

  it('keeps eight steps', () => {
    const long = new ChangeMeter(1);
    for (let step = 0; step < 12; step++) long.add(sketch(step + 1));
    expect(long.change.older.map(row => row.length)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 8, 8, 8]);
    expect(long.change.older[11]?.[7]).toBe(Math.round(1e7 * (8 / 4)));
  });

  it('adds up', () => {
    const one = addChange(meter.change, meter.change);
    expect(one.newer).toEqual([[], [1e7], [14e7, 8e7]]);
    expect(one.ratio).toEqual([0, 4e7, 1e7]);
  });
});

describe('a moment meter', () => {
  const meter = new MomentMeter(2, 2);
  for (const values of [
    [1, 2, 3, 0],
    [2, 0, 0, 4],
    [1, 1, 1, -1],
    [4, 0, 0, 0],
  ])
    meter.add(sketch(...values));
  const units = (...numbers: number[]): number[] => numbers.map(x => 1e9 * x);

  it('takes means over the tokens, a channel each', () => {
    const { mean, square, product } = meter.moments;
    expect([mean[0], mean[1]]).toEqual([units(2, 1), units(1, 2)]);
    expect([square[0], square[1]]).toEqual([units(5, 2), units(2, 8)]);
    expect(product.map(rows => rows.length)).toEqual([0, 1, 2, 2]);
    expect(product[2]).toEqual([units(1, -2), units(2, 1)]);
  });

  it('adds up', () => {
    const { mean, product } = addMoments(meter.moments, meter.moments);
    expect(mean[0]).toEqual([4e9, 2e9]);
    expect(product[2]?.[1]).toEqual([4e9, 2e9]);
  });
});

it('relative L1 of nothing is nothing, and has an end', () => {
  expect(relativeL1(sketch(0, 0), sketch(0, 0))).toBe(0);
  expect(relativeL1(sketch(1, 0), sketch(0, 0))).toBe(1000);
  expect(relativeL1(sketch(1, 0), sketch(-1, 3))).toBe(1.25);
});

it('a Gram matrix holds mean products of all steps, over all parts', () => {
  const gram = new Gram();
  gram.add([sketch(1, 2), sketch(1)]);
  gram.add([sketch(0, 3), sketch(-3)]);
  gram.add([sketch(1, 1), sketch(1)]);
  expect(gram.triangle()).toEqual([2, 1, 6, 4 / 3, 0, 1]);
});

describe('a sketch', () => {
  it('takes all rows where they fit', () => {
    expect(chooseRows(16, 4, 64)).toBeUndefined();
  });

  it('takes the same rows everywhere, ascending and without repetition', () => {
    const rows = chooseRows(1000, 64, 2048);
    expect(rows).toHaveLength(32);
    expect(rows).toEqual([...new Set(rows)].sort((a, b) => a - b));
    expect(rows).toEqual(chooseRows(1000, 64, 2048));
    expect(Math.max(...(rows ?? []))).toBeLessThan(1000);
    expect(chooseRows(3, 4096, 2048)).toHaveLength(1);
  });
});
