import { Buffer } from 'node:buffer';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import {
  CachedModel,
  denoise,
  generate,
  loadProfile,
  numbersOf,
  openModel,
  type StepResult,
  type Tensors,
} from '../../src/runtime/index.js';
import { fromNumbers, type HostTensor, zeros } from '../../src/runtime/tensors.js';
import {
  bytesOf,
  cachedManifest,
  cachedModel,
  FLOAT,
  graph,
  manifest,
  node,
  originalModel,
  profile,
  value,
} from './models.js';

const FIXTURE = fileURLToPath(new URL('../../fixtures/tiny-video-dit/', import.meta.url));

const first = (result: StepResult, name: string): number | undefined => {
  const tensor = result.outputs.get(name);
  return tensor && numbersOf(tensor)[0];
};

describe('a session', () => {
  it('gives metadata and runs', async () => {
    const model = await openModel(originalModel(), { level: 'disabled' });
    expect(model.inputs).toEqual([
      { name: 'x', type: 'float32', shape: ['batch', 4] },
      { name: 't', type: 'float32', shape: [1] },
    ]);
    expect(model.outputs.map(port => port.name)).toEqual(['v']);
    const feeds = new Map([
      ['x', fromNumbers('float32', [1, 4], [1, 2, 3, 4])],
      ['t', fromNumbers('float32', [1], [500])],
    ]);
    const { outputs } = await model.run(feeds);
    expect(outputs.get('v')).toEqual(fromNumbers('float32', [1, 4], [1, 1.5, 2, 2.5]));
    await model.close();
  });

  it('carries float16 as bits, scalars and empty tensors', async () => {
    const model = await openModel(
      bytesOf(
        graph(
          'main',
          [node('Identity', ['h'], ['h2']), node('Identity', ['s'], ['s2']), node('Identity', ['e'], ['e2'])],
          [value('h2', 10, ['n']), value('s2', 7, []), value('e2', FLOAT, ['m', 3])],
          [value('h', 10, ['n']), value('s', 7, []), value('e', FLOAT, ['m', 3])],
        ),
      ),
    );
    const feeds = new Map<string, HostTensor>([
      ['h', fromNumbers('float16', [2], [1, -2])],
      ['s', fromNumbers('int64', [], [5])],
      ['e', zeros('float32', [0, 3])],
    ]);
    const { outputs } = await model.run(feeds);
    expect([...outputs.values()]).toEqual([...feeds.values()]);
  });

  it('refuses with codes', async () => {
    await expect(openModel(Buffer.from('no model'))).rejects.toThrow('BWC403');
    await expect(openModel('missing.onnx')).rejects.toThrow('BWC403');
    await expect(openModel(originalModel(), { provider: 'coreml' })).rejects.toThrow('BWC405');
    const model = await openModel(originalModel());
    await expect(model.run(new Map())).rejects.toThrow('BWC403');
    await expect(CachedModel.open(originalModel())).rejects.toThrow('BWC207');
  });
});

describe('a compiled model', () => {
  const counter = bytesOf(
    graph(
      'main',
      [
        node('Add', ['bwc.state.n', 'one'], ['bwc.state.n.next']),
        node('Add', ['x', 'bwc.state.n.next'], ['v']),
      ],
      [value('v', FLOAT, [1]), value('bwc.state.n.next', FLOAT, [1])],
      [value('x', FLOAT, [1]), value('bwc.state.n', FLOAT, [1])],
      { one: 1 },
    ),
  );
  const counterManifest = manifest({
    inputs: ['x'],
    state: [
      {
        input: 'bwc.state.n',
        output: 'bwc.state.n.next',
        type: 'float32',
        shape: [1],
        bytes: 4,
        inPlace: false,
        holds: 'a counter',
      },
    ],
  });
  const ten: Tensors = new Map([['x', fromNumbers('float32', [1], [10])]]);

  it('threads its state, which can be saved, restored and reset', async () => {
    const model = await CachedModel.open(counter, { manifest: counterManifest });
    expect(model.inputs.map(port => port.name)).toEqual(['x']);
    expect(model.threaded).toBe(true);
    const count = async (): Promise<number | undefined> => first(await model.run(ten), 'v');
    expect([await count(), await count()]).toEqual([11, 12]);
    const saved = model.save();
    expect([await count(), await count()]).toEqual([13, 14]);
    model.restore(saved);
    expect([await count(), await count()]).toEqual([13, 14]);
    model.restore(saved);
    expect(await count()).toBe(13);
    model.reset();
    expect(await count()).toBe(11);
    expect(model.stateBytes).toBe(4);
  });

  it('takes knobs by field name and gives signals', async () => {
    const model = await CachedModel.open(cachedModel(), { manifest: cachedManifest() });
    const decisions = async (): Promise<(boolean | undefined)[]> =>
      (await generate(model, profile(), 1)).map(step => step.signals?.computed);
    expect(await decisions()).toEqual([true, false, true, false, true, false, true]);
    model.setKnobs({ force: 1 });
    expect(await decisions()).toEqual(Array(7).fill(true));
    model.setKnobs({ force: 0 });
    const steps = await generate(model, profile(), 1);
    expect(steps.map(step => step.signals?.count)).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(steps[1]?.signals).toEqual({ computed: false, partial: false, work: 0, count: 2 });
    expect([...(steps[1]?.outputs.keys() ?? [])]).toEqual(['v']);
    expect(() => model.setKnobs({ speed: 1 })).toThrow('not a knob of this model (threshold, force)');
  });

  it('feeds state that has a default, and knows when it cannot', async () => {
    const withDefault = bytesOf(
      graph(
        'main',
        [
          node('Add', ['bwc.state.n', 'x'], ['bwc.state.n.next']),
          node('Identity', ['bwc.state.n.next'], ['v']),
        ],
        [value('v', FLOAT, [1]), value('bwc.state.n.next', FLOAT, [1])],
        [value('x', FLOAT, [1]), value('bwc.state.n', FLOAT, [1])],
        { 'bwc.state.n': 0 },
      ),
    );
    const twice = async (model: CachedModel) => [
      first(await model.run(ten), 'v'),
      first(await model.run(ten), 'v'),
    ];
    const fed = await CachedModel.open(withDefault, {
      manifest: { ...counterManifest, stateDefaults: true },
    });
    expect(fed.threaded).toBe(true);
    expect(await twice(fed)).toEqual([10, 20]);
    const asItIs = await CachedModel.open(withDefault, { manifest: counterManifest });
    expect(asItIs.threaded).toBe(false);
    expect(await twice(asItIs)).toEqual([10, 10]);
  });
});

describe('denoising', () => {
  it('follows the profile', async () => {
    const steps = [];
    for await (const step of denoise(await openModel(originalModel()), profile(), 1)) steps.push(step);
    expect(steps.map(step => step.step)).toEqual([0, 1, 2, 3, 4, 5, 6]);
    let x = numbersOf(steps[0]?.feeds.get('x') ?? zeros('float32', [4]));
    steps.forEach((step, i) => {
      const sigma = 1 - i / 7;
      expect(step.timestep).toBeCloseTo(1000 * sigma, 9);
      x = x.map(value => value - (value / 2 + sigma) / 7);
      for (const [k, value] of x.entries()) expect(numbersOf(step.latent)[k]).toBeCloseTo(value, 5);
    });
    expect(steps[0]?.signals).toBeUndefined();
  });

  it('takes the first channels of a prediction', async () => {
    const twice = graph(
      'main',
      [
        node('Neg', ['x'], ['y']),
        node('Concat', ['x', 'y'], ['v'], { axis: 1 }),
        node('Identity', ['t'], ['t2']),
      ],
      [value('v', FLOAT, ['batch', 8]), value('t2', FLOAT, [1])],
      [value('x', FLOAT, ['batch', 4]), value('t', FLOAT, [1])],
    );
    const model = await openModel(bytesOf(twice));
    const latent = { role: 'latent', type: 'float32', shape: [2, 4], values: [1, 2, 3, 4, 5, 6, 7, 8] };
    const inputs = { ...profile().inputs, x: latent };
    const [step] = await generate(model, profile({ inputs, prediction: { output: 'v', channels: 4 } }), 1);
    expect(step?.prediction).toEqual(fromNumbers('float32', [2, 4], latent.values));
    await expect(generate(model, profile({ inputs }), 1)).rejects.toThrow(
      'the prediction has shape [2, 8], the latent [2, 4]',
    );
  });

  it('drives the trained model', async () => {
    const model = await openModel(`${FIXTURE}tiny-video-dit.torchscript.onnx`);
    const trained = loadProfile(`${FIXTURE}tiny-video-dit.profile.json`);
    const steps = await generate(model, trained, 100, { steps: 3 });
    expect(steps.map(step => step.timestep)).toEqual([1000, (29 / 30) * 1000, (28 / 30) * 1000]);
    for (const step of steps) {
      expect(step.latent.dims).toEqual([1, 1, 8, 16, 16]);
      expect(numbersOf(step.latent).every(Number.isFinite)).toBe(true);
    }
    await model.close();
  });
});
