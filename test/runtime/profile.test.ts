import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { Refusal } from '../../src/diagnostics/index.js';
import { loadProfile, parseProfile, prepareFeeds } from '../../src/runtime/index.js';
import { writeNpy } from '../../src/runtime/npy.js';
import { fromNumbers } from '../../src/runtime/tensors.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'bwc-test-'));
afterAll(() => rmSync(folder, { recursive: true }));

type Json = Record<string, unknown>;

const good = () => ({
  sampler: { kind: 'flow-euler', steps: 4 } as Json,
  inputs: {
    x: { role: 'latent', type: 'float32', shape: [1, 4, 2, 2], init: 'normal' },
    t: { role: 'timestep', type: 'int64', shape: [2] },
    y: { role: 'condition', type: 'int64', shape: [2], values: [3] },
    text: { role: 'condition', type: 'float16', shape: [1, 3], random: 'normal', seed: 5, scale: 2 },
    mask: { role: 'condition', type: 'bool', shape: [1, 2], values: [[true, false]] },
    g: { role: 'guidance', type: 'float32', shape: [1], values: [3.5] },
  } as Record<string, Json>,
  prediction: { output: 'v' } as Json,
  seeds: [1] as unknown,
});

const model = {
  path: 'model.onnx',
  inputs: [
    { name: 'x', type: 'float32' as const, shape: ['batch', 4, 2, undefined] },
    { name: 't', type: 'int64' as const, shape: ['n'] },
    { name: 'y', type: 'int64' as const, shape: ['n'] },
    { name: 'text', type: 'float16' as const, shape: [1, 3] },
    { name: 'mask', type: 'bool' as const, shape: [1, 2] },
    { name: 'g', type: 'float32' as const, shape: [1] },
  ],
  outputs: [{ name: 'v', type: 'float32' as const, shape: ['batch', 4, 2, 2] }],
};

const refusal = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    if (error instanceof Refusal) return error.message;
    throw error;
  }
  return 'accepted';
};

describe('a run profile', () => {
  it('fills in what is left out', () => {
    const { sampler, path } = parseProfile(good(), 'p.json');
    expect(path).toBe('p.json');
    expect(sampler).toEqual({
      kind: 'flow-euler',
      steps: 4,
      from: 1,
      to: 0,
      timestepScale: 1000,
      shift: 1,
      flip: false,
      sign: 1,
    });
  });

  const fixtures = readdirSync(join(ROOT, 'fixtures'), { recursive: true, encoding: 'utf8' });
  it.each(fixtures.filter(name => name.endsWith('.profile.json')))('is read from %s', name => {
    expect(loadProfile(join(ROOT, 'fixtures', name)).sampler.steps).toBe(30);
  });

  it('is documented with examples that hold', () => {
    const page = readFileSync(join(ROOT, 'docs/run-profile.md'), 'utf8');
    const examples = [...page.matchAll(/```json\n(.*?)```/gs)].map(match => match[1] ?? '');
    expect(examples.length).toBeGreaterThan(1);
    for (const example of examples) {
      expect(refusal(() => parseProfile(JSON.parse(example), 'docs/run-profile.md'))).toBe('accepted');
    }
  });

  it.each<[string, (p: ReturnType<typeof good>) => void, string]>([
    ['an unknown sampler', p => Object.assign(p.sampler, { kind: 'heun' }), 'sampler.kind: '],
    ['no steps', p => Object.assign(p.sampler, { steps: 0 }), 'sampler.steps: '],
    ['a misspelt field', p => Object.assign(p.sampler, { shfit: 3 }), 'sampler: Unrecognized key: "shfit"'],
    ['an unknown type', p => Object.assign(p.inputs['x'] ?? {}, { type: 'float8' }), 'inputs.x.type: '],
    [
      'two latents',
      p => Object.assign(p.inputs['g'] ?? {}, { role: 'latent' }),
      'exactly one input must be the latent, not x and g',
    ],
    ['no timestep', p => delete p.inputs['t'], 'inputs: exactly one input must be the timestep, not none'],
    [
      'two sources',
      p => Object.assign(p.inputs['y'] ?? {}, { random: 'uniform' }),
      'inputs.y: give exactly one of values, random, file, not values and random',
    ],
    [
      'no source',
      p => delete p.inputs['y']?.['values'],
      'inputs.y: give exactly one of values, random, file',
    ],
    [
      'a timestep with values',
      p => Object.assign(p.inputs['t'] ?? {}, { values: [1] }),
      'inputs.t.values: the sampler gives',
    ],
    [
      'a condition from the seed',
      p =>
        Object.assign(p, {
          inputs: { ...p.inputs, y: { ...p.inputs['y'], values: undefined, init: 'normal' } },
        }),
      'inputs.y.init: only the latent',
    ],
    [
      'a wrong number of values',
      p => Object.assign(p.inputs['mask'] ?? {}, { values: [1, 0, 1] }),
      'inputs.mask.values: 3 values for shape [1, 2]',
    ],
    [
      'a key without a file',
      p => Object.assign(p.inputs['y'] ?? {}, { key: 'a' }),
      'inputs.y.key: a key needs a file',
    ],
    [
      'the wrong kind of prediction',
      p => Object.assign(p.prediction, { kind: 'epsilon' }),
      'prediction.kind: the sampler takes velocity, not epsilon',
    ],
    ['no seeds', p => Object.assign(p, { seeds: [] }), 'seeds: '],
    [
      'axes of another rank',
      p => Object.assign(p, { display: { output: 'latent', axes: ['height', 'width'], range: [0, 1] } }),
      'display.axes: 2 axes for a latent of rank 4',
    ],
    [
      'a range upside down',
      p =>
        Object.assign(p, {
          display: { output: 'latent', axes: ['batch', 'channel', 'height', 'width'], range: [1, 0] },
        }),
      'display.range: ',
    ],
  ])('with %s is refused by its field', (_, spoil, message) => {
    const profile = good();
    spoil(profile);
    const text = refusal(() => parseProfile(profile, 'p.json'));
    expect(text).toContain('BWC402: run profile p.json: ');
    expect(text).toContain(message);
  });

  it('must be there and be JSON', () => {
    expect(refusal(() => loadProfile(join(folder, 'none.json')))).toContain('BWC101');
    writeFileSync(join(folder, 'bad.json'), '{"sampler":');
    expect(refusal(() => loadProfile(join(folder, 'bad.json')))).toContain('not JSON');
  });
});

describe('feeds', () => {
  it('have the types, shapes and values of the profile', () => {
    const feeds = prepareFeeds(parseProfile(good(), 'p.json'), model);
    const start = feeds.start(1);
    expect(start).toHaveLength(16);
    expect(feeds.start(1)).toEqual(start);
    expect(feeds.start(2)).not.toEqual(start);
    const at = feeds.at(start, 499.6);
    expect(at.get('x')).toEqual({ type: 'float32', dims: [1, 4, 2, 2], data: start });
    expect(at.get('t')).toEqual({ type: 'int64', dims: [2], data: BigInt64Array.of(500n, 500n) });
    expect(at.get('y')?.data).toEqual(BigInt64Array.of(3n, 3n));
    expect(at.get('mask')?.data).toEqual(Uint8Array.of(1, 0));
    expect(at.get('text')?.data).toBeInstanceOf(Uint16Array);
    expect(at.get('g')?.data).toEqual(Float32Array.of(3.5));
  });

  it('come from files beside the profile, in the type asked for', () => {
    const profile = good();
    profile.inputs['text'] = { role: 'condition', type: 'float16', shape: [1, 3], file: 'text.npy' };
    writeFileSync(join(folder, 'text.npy'), writeNpy(fromNumbers('float32', [1, 3], [1, 2, -1])));
    const path = join(folder, 'p.json');
    const { constants } = prepareFeeds(parseProfile(profile, path), model);
    expect(constants.get('text')).toEqual(fromNumbers('float16', [1, 3], [1, 2, -1]));
    profile.inputs['text'] = { ...profile.inputs['text'], file: 'none.npy' };
    expect(refusal(() => prepareFeeds(parseProfile(profile, path), model))).toContain(
      'inputs.text.file: none.npy: ENOENT',
    );
    profile.inputs['text'] = { ...profile.inputs['text'], file: 'text.npy', shape: [3] };
    expect(
      refusal(() =>
        prepareFeeds(parseProfile(profile, path), {
          ...model,
          inputs: model.inputs.map(port => (port.name === 'text' ? { ...port, shape: [3] } : port)),
        }),
      ),
    ).toContain('text.npy has shape [1, 3], not [3]');
  });

  it.each<[string, (p: ReturnType<typeof good>) => void, string]>([
    ['says nothing of an input', p => delete p.inputs['g'], 'it says nothing of input g'],
    [
      'names an input too many',
      p => Object.assign(p.inputs, { z: { ...p.inputs['g'] } }),
      'the model has no input z, only x, t, y, text, mask, g',
    ],
    [
      'has another type',
      p => Object.assign(p.inputs['y'] ?? {}, { type: 'int32' }),
      'input y has type int64, not int32',
    ],
    [
      'has another shape',
      p => Object.assign(p.inputs['x'] ?? {}, { shape: [1, 3, 2, 2] }),
      'input x has shape [batch, 4, 2, ?], not [1, 3, 2, 2]',
    ],
    [
      'has another output',
      p => Object.assign(p.prediction, { output: 'w' }),
      'the model has no output w, only v',
    ],
  ])('are refused when the profile %s', (_, spoil, message) => {
    const profile = good();
    spoil(profile);
    const text = refusal(() => prepareFeeds(parseProfile(profile, 'p.json'), model));
    expect(text).toContain('BWC404: the run profile does not fit model.onnx: ');
    expect(text).toContain(message);
  });
});
