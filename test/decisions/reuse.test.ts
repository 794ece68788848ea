import { describe, expect, it } from 'vitest';
import type { Model, Value } from '../../src/ir/index.js';
import { denoise, type HostTensor, numbersOf, type Tensors } from '../../src/runtime/index.js';
import { defined, FIXTURES, type Fixture, TRAINED } from '../blocks/fixtures.js';
import { type Built, build, open, profileOf } from './compiled.js';
import { Epilogue } from './epilogue.js';
import { trainedEntry as entryOf } from './places.js';
import { blockOutputs, type Picked, Recorder, valuesByName } from './record.js';

const STEPS = 6;

/** Fires at the second step, whatever the features do, and reuses two steps in a row. */
const ALWAYS = { threshold: 100, interval: 2, tail: 0 };

/** With optimisations off both sides do the same arithmetic in the same order, so bits can be compared. */
const LEVEL = { level: 'disabled' } as const;

const lastBlock = (fixture: Fixture): Picked => {
  const all = blockOutputs(fixture);
  return model => [defined(all(model).at(-1))];
};

const named = (...names: readonly string[]): Picked => {
  return model => names.map(name => defined(valuesByName(model).get(name), name));
};

const trainedEntry: Picked = model => [entryOf(model)];

async function runSteps(
  fixture: Fixture,
  built: Built,
  each: (reused: boolean, feeds: Tensors, output: HostTensor) => Promise<void>,
): Promise<void> {
  const model = await open(built, LEVEL);
  let text = '';
  for await (const { feeds, outputs, signals } of denoise(model, profileOf(fixture, { steps: STEPS }), 100)) {
    const reused = signals?.computed === false;
    text += reused ? '.' : 'C';
    await each(reused, feeds, defined(outputs.get(fixture.truth.prediction)));
  }
  expect(text).toBe('CC..C.');
  await model.close();
}

const bits = (tensor: HostTensor): Buffer =>
  Buffer.from(tensor.data.buffer, tensor.data.byteOffset, tensor.data.byteLength);

/** Each operation rounded to float32, as the graph does it. */
function map2(a: HostTensor, b: HostTensor, f: (x: number, y: number) => number): HostTensor {
  const [x, y] = [numbersOf(a), numbersOf(b)];
  expect(a.dims).toEqual(b.dims);
  return { type: 'float32', dims: a.dims, data: Float32Array.from(x, (v, i) => f(v, y[i] ?? Number.NaN)) };
}

describe.each(FIXTURES)('$title', fixture => {
  it('gives with reuse=output what its epilogue makes of the cached features', async () => {
    const built = build(fixture, { method: 'bwcache', steps: STEPS, set: { ...ALWAYS, reuse: 'output' } });
    const recorder = await Recorder.open(fixture, lastBlock(fixture), LEVEL);
    const epilogue = await Epilogue.open(fixture, lastBlock(fixture), LEVEL);
    let kept: HostTensor | undefined;
    await runSteps(fixture, built, async (reused, feeds, output) => {
      if (reused) {
        const expected = await epilogue.run(feeds, defined(kept));
        expect(bits(output).equals(bits(expected))).toBe(true);
      } else [kept] = await recorder.run(feeds);
    });
    await Promise.all([recorder.close(), epilogue.close()]);
  });

  it('gives with reuse=residual what its epilogue makes of the fresh input and the cached residual', async () => {
    const built = build(fixture, { method: 'bwcache', steps: STEPS, set: { ...ALWAYS, reuse: 'residual' } });
    const [region] = built.manifest.regions;
    const leaves = named(defined(region?.leaves[0]));
    const enters = TRAINED.includes(fixture) ? trainedEntry : named(defined(region?.enters[0]));
    const both = (model: Model): readonly Value[] => [...enters(model), ...leaves(model)];
    const recorder = await Recorder.open(fixture, both, LEVEL);
    const epilogue = await Epilogue.open(fixture, leaves, LEVEL);
    let residual: HostTensor | undefined;
    await runSteps(fixture, built, async (reused, feeds, output) => {
      const [entry, exit] = await recorder.run(feeds);
      if (reused) {
        const stand = map2(defined(entry), defined(residual), (x, r) => Math.fround(x + r));
        expect(bits(output).equals(bits(await epilogue.run(feeds, stand)))).toBe(true);
      } else residual = map2(defined(exit), defined(entry), (y, x) => Math.fround(y - x));
    });
    await Promise.all([recorder.close(), epilogue.close()]);
  });
});

describe.each(TRAINED)('$title at the default level', fixture => {
  it.each(['bwcache', 'bwcache-code'])('%s stays as close as other rounding allows', async method => {
    const built = build(fixture, { method, steps: STEPS, set: { ...ALWAYS, reuse: 'output' } });
    const [exact, usual] = [await open(built, LEVEL), await open(built)];
    const profile = profileOf(fixture, { steps: STEPS });
    const fused = denoise(usual, profile, 100);
    for await (const { outputs } of denoise(exact, profile, 100)) {
      const other = await fused.next();
      const a = numbersOf(defined(outputs.get(fixture.truth.prediction)));
      const b = numbersOf(defined(other.value?.outputs.get(fixture.truth.prediction)));
      const norm = Math.hypot(...a);
      expect(Math.hypot(...a.map((x, i) => x - (b[i] ?? Number.NaN)))).toBeLessThanOrEqual(1e-5 * norm);
    }
    await Promise.all([exact.close(), usual.close()]);
  });
});
