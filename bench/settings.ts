import { METHODS } from '../src/methods/index.js';

export interface Setting {
  readonly method: string;
  readonly set: Readonly<Record<string, unknown>>;
  /** Whether it does without the calibration. */
  readonly unmeasured?: boolean;
}

/** Speed-ups that `auto` is asked for, and that fewer steps are compared at. */
export const SPEEDUPS: readonly number[] = [2, 2.5, 3, 4, 5, 6, 7, 10];

/** Several settings of a method, so that speeds overlap. */
const CHOSEN: readonly Setting[] = [
  { method: 'bwcache', set: {} },
  { method: 'bwcache', set: { threshold: 0.3 } },
  { method: 'bwcache-code', set: {} },
  { method: 'block-caching', set: { delta: 0.1 } },
  { method: 'block-caching', set: { delta: 0.2 } },
  ...SPEEDUPS.map(speedup => ({ method: 'auto', set: { target: `speedup=${speedup}` } })),
  ...SPEEDUPS.map(speedup => ({ method: 'auto', set: { target: `speedup=${speedup}` }, unmeasured: true })),
  { method: 'first-block-cache', set: { threshold: 0.1 } },
  { method: 'first-block-cache', set: { threshold: 0.2 } },
  { method: 'first-block-cache', set: { threshold: 0.2, order: 1 } },
  { method: 'dbcache', set: { threshold: 0.15 } },
  { method: 'teacache', set: { threshold: 0.2 } },
  { method: 'teacache', set: { threshold: 0.4 } },
  { method: 'flowcache', set: { threshold: 0.1 } },
  { method: 'easycache', set: { threshold: 0.1 } },
  { method: 'easycache', set: { threshold: 0.2 } },
  { method: 'adacache', set: { motion: 'no' } },
  { method: 'adacache', set: { motion: 'no', codebook: 'slow' } },
  { method: 'adacache', set: {} },
  { method: 'adacache', set: { usual: 0.22 } },
  { method: 'adacache', set: { usual: 0.22, codebook: 'slow' } },
  { method: 'taylorseer', set: { interval: 2 } },
  { method: 'taylorseer', set: { interval: 3 } },
  { method: 'taylorseer', set: { interval: 3, order: 2 } },
  { method: 'taylorseer', set: { interval: 5 } },
  { method: 'taylorseer', set: { interval: 3, region: 'branch' } },
  { method: 'fora', set: { interval: 2 } },
  { method: 'fora', set: { interval: 3 } },
  { method: 'pab', set: {} },
  { method: 'delta-dit', set: {} },
  { method: 'blockdance', set: {} },
  { method: 'skip-dit', set: {} },
  { method: 'magcache', set: {} },
  { method: 'magcache', set: { threshold: 0.24 } },
  { method: 'smoothcache', set: {} },
  { method: 'lemica', set: { budget: 0.5 } },
  { method: 'lemica', set: { budget: 0.33 } },
  { method: 'lemica', set: { budget: 0.33, order: 1 } },
  { method: 'bac', set: { updates: 0.5 } },
];

/** What `npm run frontier` compares: every method, those without chosen settings at their defaults. */
export const SETTINGS: readonly Setting[] = [
  ...CHOSEN,
  ...METHODS.filter(({ name }) => !CHOSEN.some(({ method }) => method === name)).map(({ name }) => ({
    method: name,
    set: {},
  })),
];
