import { describe, expect, it } from 'vitest';
import { METHODS } from '../../src/methods/index.js';
import { TRAINED } from '../blocks/fixtures.js';
import { build, open } from '../decisions/compiled.js';
import { type Done, feed, feedsOf, known, originalSteps } from './cases.js';

const fixture = TRAINED.filter(f => f.exporter === 'dynamo');
const cases = fixture.flatMap(f => METHODS.map(method => ({ title: method.name, fixture: f, method })));

describe.each(cases)('$title', ({ fixture, method }) => {
  const run = async (steps: number, length: number, knobs: Record<string, number>): Promise<Done> => {
    const set = known(method, { threshold: 100, interval: 1 / 3, tail: 0.5 });
    const model = await open(build(fixture, { method: method.name, steps, set }));
    model.setKnobs(knobs);
    const recorded = await originalSteps(fixture, {}, { steps: length });
    const done = await feed(model, feedsOf(recorded));
    await model.close();
    return done;
  };

  it('takes the number of steps at run time, as if compiled for it', async () => {
    const compiled = await run(12, 12, {});
    const knob = await run(6, 12, { steps: 12 });
    expect(knob).toEqual(compiled);
    expect((await run(6, 12, {})).decisions).not.toBe(compiled.decisions);
  });

  it('takes the threshold at run time, as if compiled for it', async () => {
    const at = async (threshold: number, knobs: Record<string, number>): Promise<Done> => {
      const model = await open(build(fixture, { method: method.name, steps: 12, set: { threshold } }));
      model.setKnobs(knobs);
      const done = await feed(model, feedsOf(await originalSteps(fixture, {}, { steps: 12 })));
      await model.close();
      return done;
    };
    const loose = await at(0.5, {});
    expect(await at(0.1, { threshold: 0.5 })).toEqual(loose);
    expect(await at(0, { threshold: 0.5 })).toEqual(loose);
    expect((await at(0.1, {})).decisions).not.toBe(loose.decisions);
  });

  it('computes a step that is forced, and keeps time', async () => {
    const model = await open(
      build(fixture, {
        method: method.name,
        steps: 6,
        set: known(method, { threshold: 100, interval: 2, tail: 0 }),
      }),
    );
    const feeds = feedsOf(await originalSteps(fixture, {}));
    await feed(model, feeds.slice(0, 2));
    model.setKnobs({ force: 1 });
    expect((await feed(model, feeds.slice(2, 3))).decisions).toBe('C');
    model.setKnobs({ force: 0 });
    expect((await feed(model, feeds.slice(3))).decisions).toBe('..C');
    await model.close();
  });

  it('refuses a knob that it does not have', async () => {
    const model = await open(build(fixture, { method: method.name, steps: 6 }));
    expect(() => model.setKnobs({ nothing: 1 })).toThrow('BWC303');
    await model.close();
  });
});
