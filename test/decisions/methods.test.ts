import { afterAll, describe, expect, it } from 'vitest';
import { findMethod, METHODS } from '../../src/methods/index.js';
import { denoise, numbersOf } from '../../src/runtime/index.js';
import { defined } from '../blocks/fixtures.js';
import { build, open, profileOf, uncalibrated } from './compiled.js';
import { calibrationOf } from './measured.js';
import { distance, Expansion, type Memory, minus } from './memory.js';
import type { Look, Told } from './references.js';
import type { Feature } from './rules.js';
import { type Ran, Spliced } from './spliced.js';
import { VARIANTS, type Variant } from './variants.js';

const STEPS = 30;
const SEEDS = [100];

/** Relative difference of a measured value from the plain one: sums in float32 against float64. */
const CLOSE = 1e-5;

/** Distance of a prediction from that of the original with plain arrays put in, by its norm. */
const NEAR = 1e-5;

const sessions = new Map<string, Promise<Spliced>>();

/** The original with switches, once for all variants that reuse at the same places and look at the same values. */
function spliced({ fixture, placed, looked, at }: Variant): Promise<Spliced> {
  const key = `${fixture.title} ${at}`;
  const known = sessions.get(key) ?? Spliced.open(fixture, placed, looked);
  sessions.set(key, known);
  return known;
}

afterAll(async () => {
  for (const session of sessions.values()) await (await session).close();
});

function letter({ reuse }: Told): string {
  if (reuse.every(x => x)) return '.';
  return reuse.some(x => x) ? 'p' : 'C';
}

/** What stands in for a place, from its memory, and what its memory learns when it is computed. */
type Memories = readonly (readonly Memory[])[];

describe.each(VARIANTS)('$method on $fixture.title, $title', variant => {
  const { fixture, method, set, order = 0, preset } = variant;

  it.each(SEEDS)('decides and gives what plain arrays say, seed %i', async seed => {
    const original = await spliced(variant);
    const named = variant.calibrated === false ? uncalibrated(findMethod(method)) : method;
    const calibration = variant.calibrated === true ? await calibrationOf(fixture, STEPS) : undefined;
    const model = await open(build(fixture, { method: named, steps: STEPS, set, preset, calibration }));
    const rule = await variant.reference({ steps: STEPS });
    let memories: Memories | undefined;
    let expected = '';
    let found = '';
    const steps = denoise(model, profileOf(fixture, { steps: STEPS, batch: variant.batch ?? 1 }), seed);
    for await (const { step, feeds, outputs, signals } of steps) {
      const known = memories;
      const runs = new Map<string, Promise<Ran>>();
      const run = (reuse: readonly boolean[]): Promise<Ran> => {
        const key = reuse
          .map(wanted => (wanted && known ? '.' : 'C'))
          .join('')
          .replace(/C+$/, '');
        const ran = runs.get(key) ?? runWhere(reuse);
        runs.set(key, ran);
        return ran;
      };
      const runWhere = async (reuse: readonly boolean[]): Promise<Ran> => {
        const stands: (readonly Feature[] | undefined)[] = [];
        for (const [i, wanted] of reuse.entries()) {
          const place = wanted ? known?.[i]?.map(async m => m.at(step, lookAtAll)) : undefined;
          stands.push(place && (await Promise.all(place)));
        }
        return original.run(feeds, stands);
      };
      const lookAtAll: Look = async () => (await run([])).looked;
      const look: Look = async (reuse = []) => {
        const ran = await run(reuse);
        return variant.seen?.(ran.looked, ran) ?? ran.looked;
      };
      const told = await rule.step(step, look);
      expected += letter(told);
      found += signals?.computed ? 'C' : signals?.partial ? 'p' : '.';
      expect(Math.abs((signals?.value ?? Number.NaN) - told.value), `value at ${step}`).toBeLessThanOrEqual(
        CLOSE * told.value,
      );
      const ran = await run(told.reuse);
      memories ??= ran.places.map((place, i) => place.map(() => variant.memory?.(i) ?? new Expansion(order)));
      for (const [i, place] of ran.places.entries()) {
        if (told.reuse[i] === true || (variant.keptWhole === true && told.reuse.includes(true))) continue;
        for (const [j, { exit, enters }] of place.entries())
          await memories[i]?.[j]?.computed(
            step,
            enters === undefined ? exit : minus(exit, enters),
            lookAtAll,
          );
      }
      const output = defined(outputs.get(fixture.truth.prediction));
      const prediction: Feature = { dims: output.dims, data: numbersOf(output) };
      expect(distance(prediction, ran.prediction), `prediction at ${step}, ${found}`).toBeLessThanOrEqual(
        NEAR,
      );
    }
    expect(found).toBe(expected);
    expect(found).toMatch(/^C.*[.p]/);
    await model.close();
  });
});

it('knows every method', () => {
  // The first two are in decisions.test.ts, the third in tokens.test.ts, the fourth in outside.test.ts.
  const known = new Set(['bwcache', 'bwcache-code', 'toca', 'flashblock', ...VARIANTS.map(v => v.method)]);
  expect([...known].sort()).toEqual(METHODS.map(m => m.name).sort());
});
