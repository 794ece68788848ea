import type { CachedModel, DenoiseStep, WorkerModel } from 'bwc';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { defined, TRAINED } from '../blocks/fixtures.js';
import { build, profileOf } from '../decisions/compiled.js';

// A thread starts from a file, so the built package is what is tested here.
const { CachedModel: Cached, generate, packState, unpackState, WorkerModel: Worker } = await import('bwc');

const STEPS = 6;
const fixture = defined(TRAINED[0]);
const profile = profileOf(fixture, { steps: STEPS });
const { bytes, manifest } = build(fixture, { steps: STEPS, set: { threshold: 100, interval: 2, tail: 0 } });
const options = { threads: 1, manifest };

let direct: CachedModel;
let worker: WorkerModel;
beforeAll(async () => {
  direct = await Cached.open(bytes, options);
  worker = await Worker.open(bytes, options);
});
afterAll(() => Promise.all([direct.close(), worker.close()]));

const RUNS = 30;

/** How often the event loop turns until the work is done. */
async function turnsDuring(work: Promise<unknown>): Promise<number> {
  let [turns, running] = [0, true];
  const turn = (): void => {
    turns++;
    if (running) setImmediate(turn);
  };
  setImmediate(turn);
  await work;
  running = false;
  return turns;
}

const told = (steps: readonly DenoiseStep[]): unknown =>
  steps.map(({ outputs, signals, latent }) => ({ outputs, signals, latent }));

describe('a model in a worker thread', () => {
  it('leaves the event loop free, which the Node binding does not', async () => {
    const feeds = defined((await generate(direct, profile, 100, { steps: 1 }))[0]).feeds;
    // Many runs, since on a busy machine this thread may not have its turn during one.
    const runs = async (model: CachedModel | WorkerModel): Promise<void> => {
      for (let i = 0; i < RUNS; i++) await model.run(feeds);
    };
    // The binding runs inside one turn of the loop; another one or two belong to its promises.
    const blocked = await turnsDuring(runs(direct));
    expect(blocked).toBeLessThanOrEqual(3 * RUNS);
    expect(await turnsDuring(runs(worker))).toBeGreaterThan(10 * blocked);
    const loading = Worker.open(bytes, options);
    expect(await turnsDuring(loading)).toBeGreaterThan((10 * blocked) / RUNS);
    await (await loading).close();
  });

  it('does what a model in this thread does, stream by stream', async () => {
    expect({ ...worker.manifest }).toEqual(direct.manifest);
    expect([worker.inputs, worker.outputs, worker.threaded]).toEqual([direct.inputs, direct.outputs, true]);
    worker.reset();
    direct.reset();
    const [a, b] = [worker, worker.stream()];
    const [first, second] = await Promise.all([generate(a, profile, 100), generate(b, profile, 101)]);
    expect(told(first)).toEqual(told(await generate(direct, profile, 100)));
    expect(told(second)).toEqual(told(await generate(direct.stream(), profile, 101)));
    expect(first.map(step => step.signals?.computed)).toContain(false);
  });

  it('saves, restores and sets knobs in the order it is asked', async () => {
    const stream = worker.stream();
    const steps = await generate(direct.stream(), profile, 100);
    const run = async (step: DenoiseStep | undefined): Promise<unknown> =>
      (await stream.run(defined(step).feeds)).outputs;
    const early = [run(steps[0]), run(steps[1])];
    const saved = await stream.save();
    const late = await Promise.all([run(steps[2]), run(steps[3])]);
    stream.reset();
    stream.restore(unpackState(packState(saved), manifest));
    expect(await Promise.all([run(steps[2]), run(steps[3])])).toEqual(late);
    expect(await Promise.all([...early, ...late])).toEqual(steps.slice(0, 4).map(step => step.outputs));
    await stream.setKnobs({ force: 1 });
    expect((await stream.run(defined(steps[4]).feeds)).signals?.computed).toBe(true);
    await stream.close();
  });

  it('refuses with the codes of a model in this thread', async () => {
    await expect(Worker.open('missing.onnx')).rejects.toMatchObject({ diagnostic: { code: 'BWC101' } });
    await expect(Worker.open(bytes, { ...options, provider: 'coreml' })).rejects.toThrow('BWC405');
    await expect(worker.run(new Map())).rejects.toThrow('BWC403');
    await expect(worker.setKnobs({ speed: 1 })).rejects.toThrow('BWC303');
  });

  it('says so when it was closed', async () => {
    const model = await Worker.open(bytes, options);
    await Promise.all([model.close(), model.close()]);
    await expect(model.run(new Map())).rejects.toThrow('BWC422');
    await expect(model.save()).rejects.toThrow('BWC422');
  });
});
