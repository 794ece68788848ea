import { describe, expect, it } from 'vitest';
import { solve } from '../../src/methods/schedules/extrapolate.js';
import {
  atTimesteps,
  bac,
  bestUpdates,
  blockCaching,
  fitPolynomial,
  lagrange,
  leMiCa,
  magCache,
  magRatios,
  minimaxPath,
  outcomeError,
  scaleShift,
  smoothCache,
  teaCacheFit,
} from '../../src/methods/schedules/index.js';
import { defined } from '../blocks/fixtures.js';
import { strip, synthetic } from './synthetic.js';

describe('SmoothCache', () => {
  const still = { l1: () => 0 };

  it('takes the longest skip within alpha, kind by kind', () => {
    const calibration = synthetic({
      steps: 8,
      samples: 3,
      blocks: [
        { attention: { l1: (_, lag) => 0.1 * lag }, forward: still },
        { attention: { l1: (_, lag) => 0.3 * lag }, forward: still },
      ],
    });
    const at = (alpha: number): ReadonlyMap<string, readonly boolean[]> =>
      smoothCache(calibration, { alpha });
    // The mean over both layers is 0.2 per step.
    expect(strip(at(0.19).get('self-attention'))).toBe('########');
    expect(strip(at(0.2).get('self-attention'))).toBe('#.#.#.##');
    expect(strip(at(0.41).get('self-attention'))).toBe('#..#..##');
    expect(strip(at(0.19).get('feed-forward'))).toBe('#...#..#');
  });

  it('looks at the end of a skip alone', () => {
    const early = { l1: (step: number, lag: number) => (lag === 1 && step < 3 ? 1 : 0.1) };
    const calibration = synthetic({ steps: 5, blocks: [{ attention: early, forward: still }] });
    expect(strip(smoothCache(calibration, { alpha: 0.2 }).get('self-attention'))).toBe('#...#');
  });
});

describe('Block Caching', () => {
  it('computes when changes have added up, block by block', () => {
    const rates = [0.4, 0.4, 0.4, 0.1, 0.1, 0.1, 0.1];
    const calibration = synthetic({
      steps: 8,
      blocks: [{ attention: { l1: () => 0.3 }, forward: { l1: s => rates[s - 1] ?? 0 } }],
    });
    const [tables] = blockCaching(calibration, { delta: 0.5 });
    expect(strip(tables?.block)).toBe('#.#..#..');
    expect(strip(tables?.branches[0])).toBe('#.#.#.#.');
    expect(strip(tables?.branches[1])).toBe('#.#..#..');
  });

  it('fits a scale and a shift to what the last computed step gave, channel by channel', () => {
    const { samples, ...calibration } = synthetic({ steps: 5, samples: 2 });
    // Of two tokens: the second channel stands still, the third only moves.
    const given = [
      [1, 3, 5],
      [-1, 3, 7],
    ].map(token => (step: number) => [(1 + step) * defined(token[0]) + step, 3, defined(token[2]) + step]);
    const mean = (a: number, b: number | undefined): number[] =>
      [0, 1, 2].map(c => {
        const products = given.map(at => defined(at(a)[c]) * (b === undefined ? 1 : defined(at(b)[c])));
        return 1e9 * products.reduce((x, y) => x + y, 0);
      });
    const steps = [0, 1, 2, 3, 4];
    const moments = {
      mean: steps.map(s => mean(s, undefined)),
      square: steps.map(s => mean(s, s)),
      product: steps.map(s => [1, 2].slice(0, s).map(lag => mean(s, s - lag))),
    };
    const table = [true, true, false, false, false];
    const { scale, shift } = scaleShift({ ...calibration, samples }, moments, table);
    const close = (...numbers: number[]): unknown[] => numbers.map(x => expect.closeTo(x, 5));
    expect(scale).toEqual([[], [], close(3 / 2, 1, 1), close(2, 1, 1), []]);
    expect(shift).toEqual([[], [], close(2 - 3 / 2, 0, 1), close(3 - 2, 0, 2), []]);
  });
});

const constant = (ratio: number): number[] => Array.from({ length: 10 }, () => ratio);

describe('MagCache', () => {
  it('adds up how far the product of ratios is from 1', () => {
    const options = { delta: 0.12, maxSkip: 4, retention: 0.2 };
    // Errors .05, .05 + .0975, so every second step; the first fifth is computed.
    expect(strip(magCache(constant(0.95), options))).toBe('##.#.#.#.#');
    expect(strip(magCache(constant(1), options))).toBe('##....#...');
    expect(strip(magCache(constant(1), { ...options, delta: 0, retention: 0 }))).toBe('#....#....');
  });

  it('takes its ratios from all samples', () => {
    const calibration = synthetic({ steps: 4, samples: 2, ratio: step => 1 - step / 10 });
    expect(magRatios(calibration)).toEqual([1, 0.9, 0.8, 0.7].map(x => expect.closeTo(x)));
  });
});

describe("TeaCache's polynomial", () => {
  it('is found again, with its quality', () => {
    const truth = (x: number): number => 3 * x ** 4 - 2 * x ** 2 + 0.5 * x + 0.1;
    const probe = (step: number): number => 0.05 + step / 40;
    const calibration = synthetic({ steps: 20, samples: 2, probe, exit: step => truth(probe(step)) });
    const fit = teaCacheFit(calibration);
    expect(fit.coefficients).toEqual([3, 0, -2, 0.5, 0.1].map(x => expect.closeTo(x, 6)));
    expect(fit.r2).toBeCloseTo(1, 9);
    expect(fit.pairs).toBe(38);
    expect(fit.range[1]).toBeCloseTo(0.525);
  });

  it('says when it explains nothing', () => {
    const noise = [1, -1, 1, -1, 1, -1, 1, -1];
    expect(fitPolynomial([1, 2, 3, 4, 5, 6, 7, 8], noise, 1).r2).toBeLessThan(0.1);
    expect(fitPolynomial([1, 2, 3], [2, 4, 6], 1).coefficients).toEqual([2, 0].map(x => expect.closeTo(x)));
  });

  it('has no more terms than there are inputs', () => {
    const { coefficients } = fitPolynomial([2, 2, 2], [1, 2, 3], 4);
    expect(coefficients).toEqual([0, 0, 0, 0, 2].map(x => expect.closeTo(x)));
  });
});

describe("LeMiCa's path", () => {
  it('has the least largest error, then the least second largest', () => {
    // Reusing from a to b costs the square of what is skipped, and much around step 4.
    const cost = (a: number, b: number): number => (b - a - 1) ** 2 + (a < 4 && b > 4 ? 10 : 0);
    expect(strip(minimaxPath(9, 3, cost))).toBe('#...#.#..');
    expect(strip(minimaxPath(4, 4, cost))).toBe('####');
    expect(strip(minimaxPath(4, 1, cost))).toBe('#...');
  });

  it('measures errors at the result', () => {
    const calibration = synthetic({ steps: 4, take: -0.25, residual: step => [step, -step] });
    // Steps 1 and 2 are off by 1 and 2 times [1, -1]: together 3 / 4.
    expect(outcomeError(calibration, 0, 3)).toBeCloseTo(0.75);
    expect(outcomeError(calibration, 2, 3)).toBe(0);
    expect(strip(leMiCa(calibration, 2))).toBe('#.#.');
  });
});

describe('BAC', () => {
  it('computes where consecutive steps are least alike', () => {
    const cosines = [0.9, 0.2, 0.9, 0.8, 0.1];
    expect(strip(bestUpdates(6, 3, step => cosines[step - 1] ?? 0))).toBe('#.#..#');
    expect(strip(bestUpdates(6, 1, () => 1))).toBe('#.....');
    expect(strip(bestUpdates(3, 3, () => 1))).toBe('###');
  });

  it('hands the updates of later feed-forwards to those that change most', () => {
    const leaps = (at: number, l1: number) => ({
      l1: () => l1,
      angle: (step: number) => (step === at ? 0.9 : 0),
    });
    const calibration = synthetic({
      steps: 6,
      blocks: [
        { attention: leaps(1, 1), forward: leaps(2, 0.5) },
        { attention: leaps(1, 1), forward: leaps(4, 0.1) },
      ],
    });
    const [first, second] = bac(calibration, { updates: 2, upstream: 1 });
    expect(first?.map(strip)).toEqual(['##....', '#.#.#.']);
    expect(second?.map(strip)).toEqual(['##....', '#...#.']);
  });
});

it('carries tables over to other steps by timestep', () => {
  expect(atTimesteps(['a', 'b', 'c'], [900, 600, 300], [1000, 800, 700, 440, 0])).toEqual([
    'a',
    'a',
    'b',
    'c',
    'c',
  ]);
});

describe('extrapolation', () => {
  it('goes through its nodes', () => {
    expect(lagrange([5], 9)).toEqual([1]);
    expect(lagrange([4, 2], 6)).toEqual([2, -1]);
    const square = lagrange([3, 2, 0], 5).reduce((sum, w, i) => sum + w * ([9, 4, 0][i] ?? 0), 0);
    expect(square).toBeCloseTo(25);
  });

  it('solves what can be solved', () => {
    const x = solve(
      [
        [4, 2, 1],
        [2, 5, 3],
        [1, 3, 6],
      ],
      [11, 21, 25],
    );
    expect(x).toEqual([1, 2, 3].map(v => expect.closeTo(v)));
    expect(
      solve(
        [
          [1, 1],
          [1, 1],
        ],
        [1, 1],
      ),
    ).toBeUndefined();
  });
});
