import { beforeAll, describe, expect, it } from 'vitest';
import { CachedModel, generate, openModel, packState, type Tensors, unpackState } from '../../src/index.js';
import { fromNumbers, type HostTensor } from '../../src/runtime/tensors.js';
import { defined, TRAINED } from '../blocks/fixtures.js';
import { type Done, feed, feedsOf } from '../contract/cases.js';
import { build, open, profileOf } from '../decisions/compiled.js';
import { cachedManifest, cachedModel } from './models.js';

const STEPS = 12;
const fixture = defined(TRAINED[0]);
const built = build(fixture, { steps: STEPS });

/** What two generations feed, and what the compiled model makes of each when it runs alone. */
let feeds: readonly (readonly Tensors[])[];
let alone: readonly Done[];

beforeAll(async () => {
  const original = await openModel(fixture.path, { threads: 1 });
  const steps = [100, 101].map(seed => generate(original, profileOf(fixture, { steps: STEPS }), seed));
  feeds = (await Promise.all(steps)).map(feedsOf);
  const model = await open(built);
  alone = await Promise.all(feeds.map(run => feed(model.stream(), run)));
  await Promise.all([original.close(), model.close()]);
});

/** Both generations, a step of each in turn. */
async function interleaved(...models: readonly CachedModel[]): Promise<Done[]> {
  const done: Done[] = models.map(() => ({ decisions: '', bytes: [], values: [] }));
  for (let step = 0; step < STEPS; step++) {
    for (const [i, model] of models.entries()) {
      const before = defined(done[i]);
      const { decisions, bytes, values } = await feed(model, [defined(feeds[i]?.[step])]);
      done[i] = {
        decisions: before.decisions + decisions,
        bytes: [...before.bytes, ...bytes],
        values: [...before.values, ...values],
      };
    }
  }
  return done;
}

describe('streams over one session', () => {
  it('do not influence each other', async () => {
    const cond = await open(built);
    expect(await interleaved(cond, cond.stream())).toEqual(alone);
    expect(alone.map(done => new Set(done.decisions))).toEqual(alone.map(() => new Set(['C', '.'])));
    await cond.close();
  });

  it('that share one state by mistake lose speed, and nothing else', async () => {
    const model = await open(built);
    const shared = await interleaved(model, model);
    expect(shared.map(done => done.decisions)).toEqual(Array(2).fill('C'.repeat(STEPS)));
    const forced = [model.stream(), model.stream()];
    for (const stream of forced) stream.setKnobs({ force: 1 });
    expect(shared.map(done => done.bytes)).toEqual((await interleaved(...forced)).map(done => done.bytes));
    await model.close();
  });

  it('have knobs of their own, and leave the session to the model that was opened', async () => {
    const model = await CachedModel.open(cachedModel(), { manifest: cachedManifest() });
    const forced = model.stream();
    forced.setKnobs({ force: 1 });
    const twice = Array(2).fill(
      new Map([
        ['x', fromNumbers('float32', [1, 4], [1, 2, 3, 4])],
        ['t', fromNumbers('float32', [1], [500])],
      ]),
    );
    expect((await feed(model, twice)).decisions).toBe('C.');
    expect((await feed(forced, twice)).decisions).toBe('CC');
    await forced.close();
    expect((await feed(model, twice)).decisions).toBe('C.');
    await model.close();
  });
});

describe('a saved state', () => {
  it('goes on in another session, bit for bit', async () => {
    const [run = []] = feeds;
    const before = await open(built);
    const start = await feed(before, run.slice(0, 5));
    const file = packState(before.save());
    await before.close();
    const after = await open(built);
    after.restore(unpackState(file, built.manifest));
    const rest = await feed(after, run.slice(5));
    await after.close();
    expect(start.decisions + rest.decisions).toBe(alone[0]?.decisions);
    expect([...start.bytes, ...rest.bytes]).toEqual(alone[0]?.bytes);
  });

  it('is refused by a model that it does not fit', () => {
    const { state } = cachedManifest();
    const of = (n: number): Map<string, HostTensor> =>
      new Map([
        ['bwc.state.n', fromNumbers('float32', [n], Array(n).fill(0))],
        ['bwc.state.t', fromNumbers('float32', [1], [0])],
        ['bwc.state.v', fromNumbers('float32', [2, 4], Array(8).fill(0))],
      ]);
    const unpack = (tensors: Tensors) => (): Tensors => unpackState(packState(tensors), { state });
    expect(unpack(of(1))()).toEqual(of(1));
    expect(unpack(of(2))).toThrow(/BWC421: .*bwc.state.n is float32\[2\], not float32\[1\]/);
    expect(unpack(new Map([...of(1)].slice(1)))).toThrow(/BWC421: .*it has no bwc.state.n/);
    expect(unpack(new Map([...of(1), ['x', fromNumbers('float32', [1], [0])]]))).toThrow('has no state x');
    expect(() => unpackState(Buffer.from('nothing'), { state })).toThrow(/BWC421: .*not a safetensors file/);
  });
});
