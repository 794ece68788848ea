import { describe, expect, it } from 'vitest';
import { TRAINED } from '../blocks/fixtures.js';
import { build, open } from '../decisions/compiled.js';
import { type Done, eager, feed, feedsOf, known, originalSteps, pairsOf, TRIED } from './cases.js';

const fixture = TRAINED.filter(f => f.exporter === 'dynamo');
/** Steps of a generation that is stretched to its double. */
const LONG = 12;

const cases = fixture.flatMap(f => TRIED.map(method => ({ title: method.name, fixture: f, method })));

describe.each(cases)('$title', ({ fixture, method }) => {
  const run = async (
    steps: number,
    set: Readonly<Record<string, unknown>>,
    knobs: Record<string, number>,
  ): Promise<Done> => {
    const model = await open(build(fixture, { method, steps, set: known(method, set) }));
    model.setKnobs(knobs);
    const done = await feed(
      model,
      feedsOf(await originalSteps(fixture, {}, { steps: LONG, ...pairsOf(method) })),
    );
    await model.close();
    return done;
  };

  it('takes the number of steps at run time', async () => {
    const set = {
      ...eager(method),
      ...(method.options.safeParse({ interval: 1 / 3 }).success && { interval: 1 / 3, tail: 0.5 }),
    };
    const knob = await run(LONG / 2, set, { steps: LONG });
    const { decision } = build(fixture, { method, steps: LONG, set: known(method, set) }).plan;
    if ('reuse' in decision) {
      const short = (await run(LONG / 2, set, {})).decisions.slice(0, LONG / 2);
      expect(knob.decisions.slice(1)).toBe(short.replace(/./g, '$&$&').slice(1));
    } else expect(knob).toEqual(await run(LONG, set, {}));
  });

  // A table was made by its threshold when it was compiled.
  const { kind } = build(fixture, { method, steps: LONG }).plan.decision;
  it.runIf('threshold' in method.options.shape && kind !== 'schedule')(
    'takes the threshold at run time, as if compiled for it',
    async () => {
      const loose = await run(LONG, { threshold: 100 }, {});
      expect(loose.decisions).toMatch(/[.p]/);
      expect(await run(LONG, { threshold: 1e-6 }, { threshold: 100 })).toEqual(loose);
      expect(await run(LONG, { threshold: 0 }, { threshold: 100 })).toEqual(loose);
      expect((await run(LONG, { threshold: 1e-6 }, {})).decisions).toBe('C'.repeat(LONG));
    },
  );

  it('computes a step that is forced, and keeps time', async () => {
    const model = await open(
      build(fixture, {
        method,
        steps: 6,
        set: eager(method),
      }),
    );
    const feeds = feedsOf(await originalSteps(fixture, {}, pairsOf(method)));
    await feed(model, feeds.slice(0, 2));
    model.setKnobs({ force: 1 });
    expect((await feed(model, feeds.slice(2, 3))).decisions).toBe('C');
    model.setKnobs({ force: 0 });
    expect((await feed(model, feeds.slice(3))).decisions).toMatch(/[.p]/);
    await model.close();
  });

  it('refuses a knob that it does not have', async () => {
    const model = await open(build(fixture, { method, steps: 6 }));
    expect(() => model.setKnobs({ nothing: 1 })).toThrow('BWC303');
    await model.close();
  });
});
