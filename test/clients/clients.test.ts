import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { arch, platform } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  type CachedModel,
  compile,
  generate,
  type HostTensor,
  type Language,
  type Manifest,
  type Model,
  readModelFrom,
  writeClient,
  writeSplit,
} from '../../src/index.js';
import { bytesOf } from '../../src/runtime/bits.js';
import { Random } from '../../src/runtime/random.js';
import { fromNumbers, numbersOf } from '../../src/runtime/tensors.js';
import { defined, FIXTURES, type Fixture, read, TRAINED } from '../blocks/fixtures.js';
import { build, open, profileOf } from '../decisions/compiled.js';
import { cachedManifest, cachedModel } from '../runtime/models.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const HERE = fileURLToPath(new URL('.', import.meta.url));
const OUT = join(ROOT, 'out/clients');
const UPDATE = process.env['BWC_UPDATE'] !== undefined;
const PYTHON = process.env['BWC_PYTHON'] ?? 'python3';
const hasPython = spawnSync(PYTHON, ['-c', 'import numpy, onnxruntime']).status === 0;
const COMPILER = process.env['CXX'] ?? 'c++';
const hasCompiler = spawnSync(COMPILER, ['--version']).status === 0;
/** Where ONNX Runtime's C++ header is: Debian's libonnxruntime-dev, or the folder named by BWC_ORT_INCLUDE. */
const HEADERS = [
  process.env['BWC_ORT_INCLUDE'],
  '/usr/include/onnxruntime',
  '/usr/local/include/onnxruntime',
].find(folder => folder !== undefined && existsSync(join(folder, 'onnxruntime_cxx_api.h')));
const LIBRARY = join(
  dirname(createRequire(import.meta.url).resolve('onnxruntime-node/package.json')),
  `bin/napi-v6/${platform()}/${arch()}/libonnxruntime.so.1`,
);

const STEPS = 30;
const trained = defined(TRAINED[0]);
const FILES: Readonly<Record<Language, string>> = { ts: 'ts', python: 'py', cpp: 'hpp' };

mkdirSync(OUT, { recursive: true });

/** A compiled form of the trained model: its files, and what a client is written of. */
interface Form {
  readonly title: string;
  /** Name of the client's file, and of its namespace. */
  readonly name: string;
  readonly paths: readonly string[];
  readonly model: Model;
  readonly manifest: Manifest;
}

/** One model with an `If`, and two without. */
const FORMS: Form[] = [];
const TITLES = ['one model', 'two models'] as const;
const formOf = (title: string): Form => defined(FORMS.find(form => form.title === title));

async function addForms(): Promise<void> {
  const { bytes, model, manifest } = build(trained, { steps: STEPS });
  const path = join(OUT, `${trained.family}.onnx`);
  writeFileSync(path, bytes);
  FORMS.push({ title: 'one model', name: 'tiny_video_dit', paths: [path], model, manifest });
  const compiled = compile(read(trained), { steps: STEPS, emit: 'split' });
  const output = join(OUT, `${trained.family}.split.onnx`);
  const { files, manifest: whole } = await writeSplit(compiled, output);
  FORMS.push({
    title: 'two models',
    name: 'tiny_video_dit_split',
    paths: [files.compute, files.reuse],
    model: compiled.model,
    manifest: whole,
  });
}

async function clientOfForm({ name, model, manifest }: Form, language: Language): Promise<string> {
  const file = `${name.replaceAll('_', '-').replace('-split', '.split')}.onnx`;
  const path = join(OUT, `${name}.${FILES[language]}`);
  writeFileSync(path, await writeClient(model, manifest, language, { file }));
  return path;
}

async function clientOf(fixture: Fixture, language: Language): Promise<string> {
  const { model, manifest } = build(fixture, { steps: STEPS });
  const text = await writeClient(model, manifest, language, { file: `${fixture.family}.onnx` });
  const path = join(OUT, `${fixture.family.replaceAll('-', '_')}.${FILES[language]}`);
  writeFileSync(path, text);
  return path;
}

/** A compiled model whose names are none in any language. */
function awkward(): { model: Model; manifest: Manifest } {
  const names: Readonly<Record<string, string>> = { x: 'a.b', t: 'class', v: 'out */ "put"\n' };
  const model = readModelFrom(cachedModel());
  for (const value of [...model.graph.inputs, ...model.graph.outputs])
    value.name = names[value.name] ?? value.name;
  const manifest = cachedManifest();
  const renamed = (name: string): string => names[name] ?? name;
  const [pair] = manifest.state;
  return {
    model,
    manifest: {
      ...manifest,
      inputs: manifest.inputs.map(renamed),
      outputs: manifest.outputs.map(renamed),
      roles: { latent: 'a.b', timestep: null, prediction: renamed('v') },
      state: [...manifest.state, { ...defined(pair), holds: 'a */ comment """ \u2028 that ends' }],
      knobs: manifest.knobs.map(knob => ({
        ...knob,
        fields: knob.fields.map(f => ({ ...f, doc: '*/ """\n' })),
      })),
    },
  };
}

async function awkwardClient(language: Language): Promise<string> {
  const { model, manifest } = awkward();
  const path = join(OUT, `awkward.${FILES[language]}`);
  writeFileSync(path, await writeClient(model, manifest, language, { file: '2 "odd" names.onnx' }));
  return path;
}

/** The TypeScript compiler at its strictest; the program goes to `built`. */
function typecheck(files: readonly string[]): void {
  const strict = ['strict', 'noUncheckedIndexedAccess', 'exactOptionalPropertyTypes', 'noUnusedLocals'];
  const more = [
    'noUnusedParameters',
    'noImplicitReturns',
    'verbatimModuleSyntax',
    'erasableSyntaxOnly',
    'skipLibCheck',
  ];
  const options = ['--ignoreConfig', ...[...strict, ...more].map(name => `--${name}`)];
  const target = ['--module', 'nodenext', '--target', 'es2023', '--types', 'node'];
  const result = spawnSync(
    join(ROOT, 'node_modules/.bin/tsc'),
    [...options, ...target, '--rootDir', OUT, '--outDir', join(OUT, 'built'), ...files],
    { cwd: ROOT, encoding: 'utf8' },
  );
  expect(result.stdout).toBe('');
  expect(result.status).toBe(0);
}

interface Guided {
  readonly decisions: string;
  readonly latent: HostTensor;
}

const start = fromNumbers(
  'float32',
  [1, 1, 8, 16, 16],
  (random => Array.from({ length: 8 * 16 * 16 }, () => random.normal()))(new Random(7)),
);

const deltaOf = (step: number): number => 1 - (step + 1) / STEPS - (1 - step / STEPS);
const timestepOf = (step: number): number => (1 - step / STEPS) * 1000;

/** Rectified flow with guidance 2, in float64. */
function update(
  step: number,
  x: ArrayLike<number>,
  cond: ArrayLike<number>,
  uncond: ArrayLike<number>,
): Float32Array {
  return Float32Array.from(x, (v, i) => {
    const [c = 0, u = 0] = [cond[i], uncond[i]];
    return v + deltaOf(step) * (u + 2 * (c - u));
  });
}

/** The guided generation by our own runtime. */
async function guided(cond: CachedModel): Promise<Guided> {
  const uncond = cond.stream();
  let latent = start;
  let decisions = '';
  for (let step = 0; step < STEPS; step++) {
    const feeds = (label: number): Map<string, HostTensor> =>
      new Map([
        ['x', latent],
        ['t', fromNumbers('float32', [1], [timestepOf(step)])],
        ['y', fromNumbers('int64', [1], [label])],
      ]);
    const [one, other] = [await cond.run(feeds(3)), await uncond.run(feeds(4))];
    decisions += one.signals?.computed ? 'C' : '.';
    const [c, u] = [one, other].map(({ outputs }) => numbersOf(defined(outputs.get('velocity'))));
    latent = { ...latent, data: update(step, numbersOf(latent), defined(c), defined(u)) };
  }
  return { decisions, latent };
}

let reference: Guided;
beforeAll(async () => {
  rmSync(OUT, { recursive: true });
  mkdirSync(OUT, { recursive: true });
  await addForms();
  const model = await open(build(trained, { steps: STEPS }));
  reference = await guided(model);
  await model.close();
  expect(new Set(reference.decisions)).toEqual(new Set(['C', '.']));
});

describe('every client', () => {
  it.each(['ts', 'python', 'cpp'] as const)('%s reads as it should', async language => {
    const manifest = cachedManifest();
    const text = await writeClient(readModelFrom(cachedModel()), manifest, language, { file: 'small.onnx' });
    const golden = join(HERE, 'golden', `small.${FILES[language]}.txt`);
    if (UPDATE) writeFileSync(golden, text);
    expect(text).toBe(readFileSync(golden, 'utf8'));
  });

  it('is refused for what its language cannot take', async () => {
    const model = readModelFrom(cachedModel('none', true));
    const manifest = { ...cachedManifest(), stateDefaults: true };
    await expect(writeClient(model, manifest, 'ts', { file: '' })).rejects.toThrow('BWC322');
    await expect(writeClient(model, manifest, 'python', { file: '' })).resolves.toContain('class Stream');
    const half = readModelFrom(cachedModel());
    const [latent] = half.graph.inputs;
    defined(latent).type = { kind: 'tensor', elem: 'bfloat16', shape: ['batch', 4] };
    await expect(writeClient(half, cachedManifest(), 'ts', { file: '' })).rejects.toThrow(
      /BWC321.*x has type bfloat16/,
    );
    await expect(writeClient(half, cachedManifest(), 'python', { file: '' })).rejects.toThrow('BWC321');
    await expect(writeClient(half, cachedManifest(), 'cpp', { file: '' })).resolves.toContain(
      'Ort::BFloat16_t',
    );
  });
});

interface GeneratedTs {
  readonly Model: {
    open(...paths: unknown[]): Promise<{ stream(): GeneratedStream; release(): Promise<void> }>;
  };
  denoise(this: void, model: unknown, generation: object): Promise<{ data: Float32Array }>;
}

interface GeneratedStream {
  step(
    inputs: object,
  ): Promise<{ outputs: { velocity: { data: Float32Array } }; signals: { computed: boolean } }>;
  set(knobs: object): void;
  reset(): void;
  save(): Record<string, { data: Float32Array; dims: number[] }>;
  restore(state: object): void;
}

describe('TypeScript', () => {
  beforeAll(async () => {
    const dynamo = FIXTURES.filter(
      fixture => fixture.exporter === 'dynamo' && fixture.family !== trained.family,
    );
    const clients = await Promise.all(dynamo.map(fixture => clientOf(fixture, 'ts')));
    const ours = await Promise.all(FORMS.map(form => clientOfForm(form, 'ts')));
    // For every fixture and for odd names.
    typecheck([...ours, ...clients, await awkwardClient('ts')]);
  }, 120_000);

  it.each(TITLES)('type-checks at its strictest, and generates as our runtime does: %s', async title => {
    const { name, paths } = formOf(title);
    const built = pathToFileURL(join(OUT, `built/${name}.js`)).href;
    const { Model, denoise } = (await import(built)) as GeneratedTs;
    const { Tensor } = await import('onnxruntime-common');
    const model = await Model.open(...paths, { intraOpNumThreads: 1, logSeverityLevel: 4 });
    const decisions: string[] = [];
    const label = (y: number): object => ({ y: new Tensor('int64', [BigInt(y)], [1]) });
    const result = await denoise(model, {
      latent: new Tensor('float32', start.data as Float32Array, start.dims),
      timesteps: Array.from({ length: STEPS }, (_, step) => new Tensor('float32', [timestepOf(step)], [1])),
      conditions: label(3),
      negative: label(4),
      update: (step: number, ...tensors: { data: Float32Array; dims: number[] }[]) => {
        const [x, cond, uncond] = tensors.map(tensor => tensor.data);
        const next = update(step, defined(x), defined(cond), defined(uncond));
        return new Tensor('float32', next, start.dims);
      },
      onStep: (_: number, signals: { computed: boolean }) => decisions.push(signals.computed ? 'C' : '.'),
    });
    expect(decisions.join('')).toBe(reference.decisions);
    expect(Buffer.from(result.data.buffer)).toEqual(bytesOf(reference.latent));

    const stream = model.stream();
    const inputs = (step: number): object => ({
      x: new Tensor('float32', start.data as Float32Array, start.dims),
      t: new Tensor('float32', [timestepOf(step)], [1]),
      ...label(3),
    });
    for (let step = 0; step < 5; step++) await stream.step(inputs(step));
    const saved = stream.save();
    const sixth = (await stream.step(inputs(5))).outputs.velocity.data;
    stream.reset();
    expect((await stream.step(inputs(5))).signals.computed).toBe(true);
    stream.restore(saved);
    expect((await stream.step(inputs(5))).outputs.velocity.data).toEqual(sixth);
    stream.set({ force: 1 });
    expect((await stream.step(inputs(6))).signals.computed).toBe(true);
    // A copy of the tensors, as one that was saved elsewhere.
    const copied = Object.fromEntries(
      Object.entries(saved).map(([at, { data, dims }]) => [at, new Tensor('float32', data.slice(), dims)]),
    );
    stream.set({});
    stream.restore(copied);
    expect((await stream.step(inputs(5))).outputs.velocity.data).toEqual(sixth);
    await model.release();
  });
});

describe.skipIf(!hasPython)('Python', () => {
  it.each(TITLES)('generates what Node generates; saves, restores and forces: %s', async title => {
    const form = formOf(title);
    const model = await open(build(trained, { steps: STEPS }));
    const steps = await generate(model, profileOf(trained, { steps: STEPS }), 100);
    await model.close();
    const described = (tensors: ReadonlyMap<string, HostTensor>): object =>
      Object.fromEntries(
        [...tensors].map(([name, t]) => [name, { ...t, data: bytesOf(t).toString('base64') }]),
      );
    const task = {
      client: await clientOfForm(form, 'python'),
      models: form.paths,
      steps: steps.map(({ feeds, outputs }) => ({ feeds: described(feeds), outputs: described(outputs) })),
      names: ['x', 't', 'velocity'],
    };
    const input = JSON.stringify(task);
    const run = spawnSync(PYTHON, [join(HERE, 'run.py')], { input, encoding: 'utf8', maxBuffer: 2 ** 28 });
    expect(run.stderr).toBe('');
    const { difference, ...rest } = JSON.parse(run.stdout) as { difference: number };
    const decisions = steps.map(step => (step.signals?.computed ? 'C' : '.')).join('');
    expect(rest).toEqual({
      decisions,
      'in place': ['bwc.state.features'],
      resumes: true,
      forced: [true, true],
      loops: true,
    });
    expect(difference).toBeLessThanOrEqual(1e-6);
  });

  it('is valid with odd names', async () => {
    execFileSync(PYTHON, [await awkwardClient('python')]);
  });
});

describe.skipIf(!hasCompiler)('C++', () => {
  const flags = ['-std=c++17', '-Wall', '-Wextra', '-Werror', `-I${OUT}`];
  const compile = (...args: readonly string[]): void => {
    const result = spawnSync(COMPILER, [...flags, ...args], { encoding: 'utf8' });
    expect(result.stderr).toBe('');
    expect(result.status).toBe(0);
  };

  it('compiles without a warning against the declarations that it uses, also with odd names', async () => {
    await Promise.all(FORMS.map(form => clientOfForm(form, 'cpp')));
    const minimal = `-I${join(HERE, 'minimal')}`;
    const odd = join(OUT, 'odd.cpp');
    writeFileSync(odd, `#include "${await awkwardClient('cpp')}"\n`);
    compile('-fsyntax-only', minimal, odd);
    // A template is only checked when it is used, as the program for the real header does.
    for (const more of [[], ['-DTWO_MODELS']])
      compile('-fsyntax-only', minimal, ...more, join(HERE, 'run.cpp'));
  });

  it.skipIf(HEADERS === undefined || !existsSync(LIBRARY)).each(TITLES)(
    'compiles against the real header and generates what Node generates, bit for bit: %s',
    async title => {
      const form = formOf(title);
      await clientOfForm(form, 'cpp');
      const program = join(OUT, form.name);
      // Links by path, and finds the library there when it runs.
      compile(
        ...(form.manifest.split ? ['-DTWO_MODELS'] : []),
        '-isystem',
        HEADERS ?? '',
        join(HERE, 'run.cpp'),
        LIBRARY,
        `-Wl,-rpath,${dirname(LIBRARY)}`,
        '-o',
        program,
      );
      const [noise, result] = [join(OUT, 'noise.bin'), join(OUT, 'result.bin')];
      writeFileSync(noise, bytesOf(start));
      const decisions = execFileSync(program, [noise, result, ...form.paths], { encoding: 'utf8' });
      expect(decisions.trim()).toBe(reference.decisions);
      const wanted = bytesOf(reference.latent);
      expect(readFileSync(result)).toEqual(Buffer.concat([wanted, wanted]));
    },
  );
});
