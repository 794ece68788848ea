import { afterAll, describe, expect, it } from 'vitest';
import { METHODS } from '../../src/methods/index.js';
import { type CachedModel, generate } from '../../src/runtime/index.js';
import { defined, TRAINED } from '../blocks/fixtures.js';
import { build, open, profileOf } from '../decisions/compiled.js';

const STEPS = 30;
const fixture = defined(TRAINED[0]);

/** Share of the steps by which the reached share may miss the wanted one: what it takes to get there from far away. */
const OFF = 0.15;

const models: CachedModel[] = [];
afterAll(async () => {
  for (const model of models) await model.close();
});

describe.each(METHODS.filter(({ options }) => 'wanted' in options.shape))('$name', ({ name: method }) => {
  it.each([
    [0.05, 0.4],
    [0.5, 0.4],
    [0.15, 0.6],
  ])('from a threshold of %f reuses about the wanted share %f of the steps', async (threshold, wanted) => {
    const set = { threshold, wanted, warmup: 0, tail: 0 };
    const model = await open(build(fixture, { method, steps: STEPS, set }));
    models.push(model);
    const steps = await generate(model, profileOf(fixture, { steps: STEPS }), 100);
    const reused = steps.filter(({ signals }) => signals?.computed !== true).length / STEPS;
    expect(Math.abs(reused - wanted)).toBeLessThanOrEqual(OFF);
  });
});
