import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { compile } from '../../src/compile.js';
import { allNodes, Node, structurallyEqual } from '../../src/ir/index.js';
import type { Method } from '../../src/methods/index.js';
import { externalLocations, readModel, readModelFrom, toBytes, writeSharing } from '../../src/onnx/index.js';
import { prepare } from '../../src/passes/index.js';
import { strip } from '../../src/passes/strip.js';
import { manifestSchema } from '../../src/plan/index.js';
import { CachedModel, type HostTensor, SplitSession, type Tensors } from '../../src/runtime/index.js';
import { type SplitFiles, writeSplit } from '../../src/serve/index.js';
import { defined, FIXTURES, type Fixture, read } from '../blocks/fixtures.js';
import { build, completed, open } from '../decisions/compiled.js';
import { eager, feedsOf, originalSteps, pairsOf, STRUCTURES, TRIED } from './cases.js';

const folder = mkdtempSync(join(tmpdir(), 'bwc-split-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Decided by measurement, by schedule with two memories, and by the step's own data in two ways. */
const FOUR = ['bwcache', 'taylorseer', 'first-block-cache', 'teacache'];

const structures = FIXTURES.filter(fixture => STRUCTURES.has(fixture.title));
const trained = defined(structures.find(fixture => fixture.title === 'tiny-video-dit.dynamo'));

const STEPS = 6;

const tried = (name: string): Method => defined(TRIED.find(method => method.name === name));

const optionsOf = (fixture: Fixture, name: string) =>
  completed(fixture, { method: tried(name), steps: STEPS, set: eager(tried(name)) });

/** Writes a fixture's split, as the command line does. */
async function split(fixture: Fixture, method: string): Promise<SplitFiles> {
  const compiled = compile(read(fixture), { ...optionsOf(fixture, method), emit: 'split' });
  return (await writeSplit(compiled, join(folder, `${fixture.title}.${method}.onnx`))).files;
}

/** Names, shapes and bits. */
function digest(tensors: Tensors): string {
  const hash = createHash('sha256');
  for (const [name, { type, dims, data }] of tensors) {
    hash.update(`${name} ${type} ${dims.join(',')} `);
    hash.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  return hash.digest('hex');
}

interface Pair {
  readonly both: readonly [CachedModel, CachedModel];
  /** Feeds both one step; all outputs, states and signals must have the same bits. Tells whether it was computed. */
  readonly step: (feeds: Tensors) => Promise<string>;
  readonly run: (feeds: readonly Tensors[]) => Promise<string>;
}

/** The `If` form and the two models, as they are written. */
async function pairOf(fixture: Fixture, method: string): Promise<Pair> {
  const single = await open(build(fixture, optionsOf(fixture, method)), { level: 'disabled' });
  const files = await split(fixture, method);
  const double = await CachedModel.open(files.manifest, { threads: 1, level: 'disabled' });
  const step = async (feeds: Tensors): Promise<string> => {
    const [a, b] = [await single.run(feeds), await double.run(feeds)];
    expect(b.signals).toEqual(a.signals);
    expect(digest(b.outputs)).toBe(digest(a.outputs));
    expect(digest(double.save())).toBe(digest(single.save()));
    return a.signals?.computed ? 'C' : '.';
  };
  const run = async (feeds: readonly Tensors[]): Promise<string> => {
    let done = '';
    for (const each of feeds) done += await step(each);
    return done;
  };
  return { both: [single, double], step, run };
}

const closed = async ({ both }: Pair): Promise<void> => {
  for (const model of both) await model.close();
};

describe.each(structures)('two models of $title', fixture => {
  it.each(FOUR)('%s: every step has the bits of the If form', async method => {
    const pair = await pairOf(fixture, method);
    const feeds = feedsOf(await originalSteps(fixture, {}));
    const first = await pair.run(feeds);
    expect(first).toMatch(/^C.*\./);
    expect(await pair.run(feeds), 'a new generation is noticed').toBe(first);
    await pair.run(feeds.slice(0, 3));
    expect(await pair.run(feeds), 'behind one that was broken off').toBe(first);
    for (const model of pair.both) model.reset();
    expect(await pair.run(feeds), 'from fresh state').toBe(first);

    const saved = pair.both.map(model => model.save());
    for (const model of pair.both) model.setKnobs({ force: 1 });
    expect(await pair.run(feeds)).toBe('C'.repeat(STEPS));
    for (const model of pair.both) model.setKnobs({ force: 0 });
    expect(await pair.run(feeds)).toBe(first);
    for (const [i, model] of pair.both.entries()) model.restore(defined(saved[1 - i]));
    await pair.run(feeds.slice(2));

    for (const model of pair.both) model.setKnobs({ threshold: -1 });
    expect(await pair.run(feeds)).toBe('C'.repeat(STEPS));
    await pair.run(feeds.slice(0, 3));
    for (const model of pair.both) model.setKnobs({ threshold: 0, reset: 1 });
    expect(await pair.run(feeds.slice(3))).toBe('CCC');
    for (const model of pair.both) model.setKnobs({ reset: 0, steps: 2 * STEPS });
    await pair.run(feeds);
    await closed(pair);
  });
});

describe('two models', () => {
  const splittable = TRIED.filter(({ name }) => !FOUR.includes(name)).map(({ name }) => ({ name }));

  it.each(splittable)('$name: has the bits of the If form, or says why it cannot', async ({ name }) => {
    const { plan } = build(trained, optionsOf(trained, name));
    if (plan.channels > 1) {
      await expect(split(trained, name)).rejects.toThrow('BWC241');
      return;
    }
    const pair = await pairOf(trained, name);
    const feeds = feedsOf(await originalSteps(trained, {}, pairsOf(tried(name))));
    const first = await pair.run(feeds);
    expect(first).toContain('.');
    expect(await pair.run(feeds)).toBe(first);
    await closed(pair);
  });

  it('serves other sizes from one step to the next', async () => {
    const dit = defined(FIXTURES.find(fixture => fixture.title === 'dit.dynamo'));
    for (const method of FOUR) {
      const pair = await pairOf(dit, method);
      const one = feedsOf(await originalSteps(dit, {}));
      const two = feedsOf(await originalSteps(dit, {}, { batch: 2 }));
      const alone = await pair.run(one);
      expect(await pair.run(two)).toMatch(/^C/);
      expect(await pair.run(one)).toBe(alone);
      await pair.run([...one.slice(0, 3), ...two.slice(3)]);
      await closed(pair);
    }
  });

  it('a spoiled state is computed', async () => {
    const pair = await pairOf(trained, 'taylorseer');
    const feeds = feedsOf(await originalSteps(trained, {}));
    await pair.run(feeds.slice(0, 3));
    for (const model of pair.both) {
      const state = [...model.save()].map(([name, tensor]) => {
        if (!(tensor.data instanceof Float32Array)) throw new Error(`${name} is ${tensor.type}`);
        return [name, { ...tensor, data: tensor.data.slice().fill(Number.NaN) }] as const;
      });
      model.restore(new Map(state));
    }
    expect(await pair.run(feeds.slice(3))).toMatch(/^C/);
    await closed(pair);
  });

  it('streams do not know each other', async () => {
    const files = await split(trained, 'bwcache');
    const feeds = feedsOf(await originalSteps(trained, {}));
    const alone = await CachedModel.open(files.compute, { threads: 1 });
    const expected = [];
    for (const each of feeds) expected.push(await alone.run(each));
    const [a, b] = [alone.stream(), alone.stream()];
    const results: [unknown, unknown][] = [];
    for (const each of feeds) results.push([await a.run(each), await b.run(each)]);
    expect(results).toEqual(expected.map(result => [result, result]));
    await alone.close();
  });

  it('the reuse model runs only where it may do, and neither runs twice where the state knows', async () => {
    const files = await split(trained, 'bwcache');
    const manifest = manifestSchema.parse(
      JSON.parse(readModel(files.reuse).metadata.get('bwc.manifest') ?? ''),
    );
    const session = await SplitSession.open(files.reuse, manifest, { threads: 1 });
    const steps = await originalSteps(trained, {});
    const extra = new Map<string, HostTensor>();
    for (const { input, shape } of [...manifest.state, ...manifest.knobs]) {
      const dims = shape.map(dim => (typeof dim === 'number' ? dim : 0));
      const size = dims.reduce((x, y) => x * y, 1);
      extra.set(input, { type: 'float32', dims, data: new Float32Array(size) });
    }
    let computed = 0;
    for (const { feeds } of steps) {
      const results = await session.execute(new Map([...feeds, ...extra]));
      computed += Number(defined(results.get('bwc.signal.computed')).data[0]);
      for (const { input, output } of manifest.state) extra.set(input, defined(results.get(output)));
    }
    expect(computed).toBeGreaterThan(0);
    expect(computed).toBeLessThan(STEPS);
    expect(session.runs).toEqual({ compute: computed, reuse: STEPS - computed });
    await session.close();
  });
});

describe.each(structures)('the files of $title', fixture => {
  it.each(FOUR)('%s: no If of ours, weights once, none of the blocks in the reuse model', async method => {
    const files = await split(fixture, method);
    const [compute, reuse] = [readModel(files.compute), readModel(files.reuse)];
    for (const model of [compute, reuse]) {
      const ifs = [...allNodes(model.graph)].filter(node => node.op === 'If' && node.name.startsWith('bwc/'));
      expect(ifs).toEqual([]);
      expect(() => compile(model)).toThrow('BWC206');
    }
    expect(() => strip(reuse)).toThrow('BWC242');
    expect([...externalLocations(compute)]).toEqual([`${fixture.title}.${method}.onnx.data`]);
    const places = (model: typeof compute): Map<string, number> =>
      new Map(
        [...model.graph.initializers].flatMap(({ name, initializer }) =>
          initializer?.external ? [[name, initializer.external.offset]] : [],
        ),
      );
    const [all, few] = [places(compute), places(reuse)];
    for (const [name, offset] of few) expect(all.get(name), name).toBe(offset);

    const { model, plan } = build(fixture, optionsOf(fixture, method));
    const kept = new Set(
      plan.regions.flatMap(region => region.exits.flatMap(exit => exit.addends?.add ?? [])),
    );
    const skipped = plan.regions.flatMap(region => region.nodes.filter(node => !kept.has(node)));
    const made = new Set([...allNodes(reuse.graph)].map(node => node.outputs[0]?.name));
    expect(skipped.length).toBeGreaterThan(10);
    expect(skipped.flatMap(node => node.outputs[0]?.name ?? []).filter(name => made.has(name))).toEqual([]);
    const weights = [...model.graph.initializers].filter(
      value =>
        !value.isGraphInput &&
        [...value.users].every(user => user instanceof Node && user.graph?.name === 'bwc_compute'),
    );
    expect(weights.length).toBeGreaterThan(10);
    const held = new Set([...reuse.graph.initializers].map(value => value.name));
    expect(weights.map(value => value.name).filter(name => held.has(name))).toEqual([]);
  });

  it.each(FOUR)('%s: the compute model is stripped to the original', method => {
    const compiled = compile(read(fixture), { ...optionsOf(fixture, method), emit: 'split' });
    const compute = readModelFrom(toBytes(defined(compiled.split).compute));
    const original = read(fixture);
    prepare(original);
    strip(compute);
    expect(structurallyEqual(compute, original)).toEqual([]);
  });
});

describe('the weights of two models', () => {
  const written = async (source: string, output: string, how?: 'copy' | 'embed'): Promise<string[]> => {
    const compiled = compile(readModel(source), { ...optionsOf(trained, 'bwcache'), emit: 'split' });
    mkdirSync(dirname(output), { recursive: true });
    const { files } = await writeSplit(compiled, output, how);
    const model = await CachedModel.open(files.manifest, { threads: 1 });
    const [first] = feedsOf(await originalSteps(trained, {}));
    expect((await model.run(defined(first))).signals?.computed).toBe(true);
    await model.close();
    return [files.compute, files.reuse].flatMap(path => [...externalLocations(readModel(path))]);
  };
  const twice = (name: string): string[] => [name, name];

  it('stay in the original’s file, are copied once, or are written once', async () => {
    const source = join(folder, 'weights/source.onnx');
    mkdirSync(dirname(source), { recursive: true });
    await writeSharing([{ model: read(trained), path: source }], source);
    expect([...externalLocations(readModel(source))]).toEqual(['source.onnx.data']);
    expect(await written(source, join(folder, 'weights/a.onnx'))).toEqual(twice('source.onnx.data'));
    expect(readdirSync(join(folder, 'weights')).filter(name => name.endsWith('.data'))).toEqual([
      'source.onnx.data',
    ]);
    await expect(written(source, join(folder, 'elsewhere/a.onnx'))).rejects.toThrow('BWC110');
    expect(readdirSync(join(folder, 'elsewhere'))).toEqual([]);
    expect(await written(source, join(folder, 'copied/a.onnx'), 'copy')).toEqual(twice('source.onnx.data'));
    expect(await written(source, join(folder, 'weights/b.onnx'), 'copy')).toEqual(twice('b.onnx.data'));
    expect(await written(source, join(folder, 'embedded/a.onnx'), 'embed')).toEqual(twice('a.onnx.data'));
  });
});

describe('a plan for two models', () => {
  it('is refused where two models cannot carry it out', () => {
    const run = (options: Parameters<typeof compile>[1]) => () =>
      compile(read(trained), { ...options, emit: 'split', steps: STEPS });
    expect(run({ stateDefaults: true })).toThrow('BWC351');
    expect(run({ method: 'taylorseer', set: { interval: 1 } })).toThrow('BWC243');
  });
});
