import { describe, expect, it } from 'vitest';
import type { Method } from '../../src/methods/index.js';
import type { DenoiseStep, Level } from '../../src/runtime/index.js';
import { FIXTURES } from '../blocks/fixtures.js';
import { build, open } from '../decisions/compiled.js';
import {
  CASES,
  type Done,
  eager,
  FEW_CASES,
  feed,
  feedsOf,
  known,
  originalSteps,
  outputsOf,
  pairsOf,
  STEPS,
} from './cases.js';

const LEVELS: readonly Level[] = ['disabled', 'all'];

/** Steps compared: the first ones, with a measured and an unmeasured one among them, and two that each method reuses. */
const COMPARED = 4;

function expectOriginal(done: Done, steps: readonly DenoiseStep[]): void {
  expect(done.decisions).toBe('C'.repeat(steps.length));
  outputsOf(steps).forEach((bytes, i) => {
    expect(done.bytes[i]?.equals(bytes), `step ${i}`).toBe(true);
  });
}

describe.each(LEVELS)('optimisations: %s', level => {
  describe.each(FIXTURES)('$title', fixture => {
    const reference = async (method: Method): Promise<readonly DenoiseStep[]> =>
      (await originalSteps(fixture, { level }, pairsOf(method))).slice(0, COMPARED);
    const on = (cases: typeof CASES) => cases.filter(c => c.fixture === fixture).map(c => c.method);
    // Where nothing is fused, the structure says nothing that arithmetic does not.
    const methods = on(level === 'all' ? CASES : FEW_CASES);
    const never = on(FEW_CASES).filter(m => 'threshold' in m.options.shape);

    it.each(never)('$name never reuses at threshold 0, and gives the bits of the original', async method => {
      const steps = await reference(method);
      const model = await open(
        build(fixture, { method, steps: STEPS, set: known(method, { threshold: 0 }) }),
        { level },
      );
      expectOriginal(await feed(model, feedsOf(steps)), steps);
      await model.close();
    });

    it.each(methods)('$name gives them when forced, or kept from reusing, at run time', async method => {
      const steps = await reference(method);
      const model = await open(build(fixture, { method, steps: STEPS, set: eager(method) }), {
        level,
      });
      model.setKnobs({ force: 1 });
      expectOriginal(await feed(model, feedsOf(steps.slice(0, 2))), steps.slice(0, 2));
      model.setKnobs({ force: 0, threshold: -1 });
      expectOriginal(await feed(model, feedsOf(steps.slice(2))), steps.slice(2));
      model.reset();
      model.setKnobs({ threshold: 0 });
      const free = await feed(model, feedsOf(steps.slice(0, 3)));
      expect(free.decisions).toMatch(/^C.*[.p]/);
      await model.close();
    });
  });
});
