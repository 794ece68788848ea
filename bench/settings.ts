import { METHODS } from '../src/methods/index.js';

export interface Setting {
  readonly method: string;
  readonly set: Readonly<Record<string, unknown>>;
  /** Whether it does without the calibration. */
  readonly unmeasured?: boolean;
}

const SPEEDUPS: readonly number[] = [2, 2.5, 3, 4, 5, 6, 7, 10];

/** With fewer computed steps runs go so far from calibrated ones that `auto` computes the rest. */
const LEAST = 4;

/** Speed-ups that `auto` is asked for, and that fewer steps are compared at, of so many steps. */
export const speedupsOf = (steps: number): readonly number[] =>
  SPEEDUPS.filter(speedup => Math.floor(steps / speedup + 1e-9) >= LEAST);

/** Several settings of a method, so that speeds overlap. */
const chosen = (speedups: readonly number[]): readonly Setting[] => [
  { method: 'bwcache', set: {} },
  { method: 'bwcache', set: { threshold: 0.3 } },
  { method: 'bwcache-code', set: {} },
  { method: 'block-caching', set: { delta: 0.1 } },
  { method: 'block-caching', set: { delta: 0.2 } },
  ...speedups.map(speedup => ({ method: 'auto', set: { target: `speedup=${speedup}` } })),
  ...speedups.map(speedup => ({ method: 'auto', set: { target: `speedup=${speedup}` }, unmeasured: true })),
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

/** What `npm run frontier` compares with so many steps: every method, those without chosen settings at their defaults. */
export function settingsOf(steps: number): readonly Setting[] {
  const some = chosen(speedupsOf(steps));
  const others = METHODS.filter(({ name }) => !some.some(({ method }) => method === name));
  return [...some, ...others.map(({ name }) => ({ method: name, set: {} }))];
}
