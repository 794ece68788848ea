import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { compile } from '../../src/compile.js';
import { METHODS } from '../../src/methods/index.js';
import { generate, openModel, type Tensors } from '../../src/runtime/index.js';
import { writeSplit } from '../../src/serve/index.js';
import { defined, FIXTURES, type Fixture, read, TRAINED } from '../blocks/fixtures.js';
import { eager, feedsOf, originalSteps, STEPS } from '../contract/cases.js';
import { build, completed, open, profileOf } from '../decisions/compiled.js';
import { folder, has, python, written } from './python.js';

const CHECKER = has('onnx.checker');
const RUNTIME = has('numpy, onnxruntime');

const described = (tensors: Tensors): Record<string, unknown> =>
  Object.fromEntries(
    [...tensors].map(([name, { type, dims, data }]) => {
      const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
      return [name, { type, dims, data: bytes.toString('base64') }];
    }),
  );

describe.skipIf(!CHECKER)('the checker of onnx', () => {
  it.each([false, true])('accepts every compiled model, state defaults: %s', stateDefaults => {
    const paths = FIXTURES.flatMap(fixture =>
      METHODS.map(({ name }) => {
        const built = build(fixture, { method: name, steps: 30, stateDefaults });
        return written(built, `${fixture.title}.${name}.${stateDefaults}`).model;
      }),
    );
    const problems = python('checker.py', paths) as Record<string, string | null>;
    expect(Object.keys(problems)).toEqual(paths);
    expect(Object.values(problems).filter(p => p !== null)).toEqual([]);
  });
});

/** Of each kind of decision one: other fixtures see these, the trained models all methods. */
const EVERYWHERE: ReadonlySet<string> = new Set(['bwcache', 'taylorseer', 'first-block-cache', 'teacache']);

/** Models with one stream and with two. */
const STRUCTURED = FIXTURES.filter(({ title }) =>
  ['tiny-video-dit.dynamo', 'flux.torchscript'].includes(title),
);

/** Their decisions read what is kept: nothing of it may be overwritten. */
const UNSHARED = ['easycache'];

describe.skipIf(!CHECKER)('the checker of onnx, of two models', () => {
  it.each(METHODS)('accepts both, $name', async ({ name }) => {
    const paths: string[] = [];
    for (const fixture of EVERYWHERE.has(name) ? FIXTURES : TRAINED) {
      const options = completed(fixture, { method: name, steps: 30 });
      if (build(fixture, options).plan.channels > 1) continue;
      const compiled = compile(read(fixture), { ...options, emit: 'split' });
      const { files } = await writeSplit(compiled, join(folder, `${fixture.title}.${name}.split.onnx`));
      paths.push(files.compute, files.reuse);
    }
    const problems = python('checker.py', paths) as Record<string, string | null>;
    expect(Object.keys(problems)).toEqual(paths);
    expect(Object.values(problems).filter(p => p !== null)).toEqual([]);
  });
});

describe('the protocol in docs/guides/clients.md', () => {
  it('is followed line by line by the client in Python', () => {
    const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8');
    const page = read('../../docs/guides/clients.md');
    const protocol = /^## The protocol\n[\s\S]*?^```\n([\s\S]*?)^```$/m
      .exec(page)?.[1]
      ?.trimEnd()
      .split('\n');
    const comments = [...read('client.py').matchAll(/^ +# (.*)$/gm)].map(match => match[1]);
    expect(protocol?.length).toBeGreaterThan(10);
    expect(comments).toEqual(protocol);
  });
});

describe.skipIf(!RUNTIME)('state that the manifest allows to overwrite', () => {
  it.each(STRUCTURED)(
    'changes no bit of $title',
    async fixture => {
      const feeds = feedsOf(await originalSteps(fixture, {}));
      const methods = METHODS.filter(({ name }) => EVERYWHERE.has(name) || TRAINED.includes(fixture));
      const cases = methods.map(method => {
        const built = build(fixture, { method: method.name, steps: STEPS, set: eager(method) });
        const { model } = written(built, `${fixture.title}.${method.name}.in-place`);
        return [method.name, { model, state: built.manifest.state, steps: feeds.map(described) }] as const;
      });
      const answers = python('in_place.py', Object.fromEntries(cases)) as Record<
        string,
        { same: boolean; shared: number }
      >;
      expect(Object.entries(answers).flatMap(([name, { same }]) => (same ? [] : [name]))).toEqual([]);
      const unshared = Object.entries(answers).flatMap(([name, { shared }]) => (shared > 0 ? [] : [name]));
      expect(unshared).toEqual(UNSHARED.filter(name => name in answers));
    },
    180_000,
  );
});

describe.skipIf(!RUNTIME).each(TRAINED)('onnxruntime in Python, $title', fixture => {
  it.each(METHODS)('$name: a client that knows only the manifest gets what Node gets', async ({ name }) => {
    const built = build(fixture, { method: name, steps: 30 });
    const model = await open(built);
    const steps = await generate(model, profileOf(fixture), 100);
    await model.close();
    const answer = python('generic_client.py', {
      ...written(built, `${fixture.title}.${name}.client`),
      steps: steps.map(s => ({ feeds: described(s.feeds), outputs: described(s.outputs) })),
    }) as { decisions: string; forced: string; difference: number };
    const decisions = steps.map(s => (s.signals?.computed ? 'C' : '.')).join('');
    expect(answer.decisions).toBe(decisions);
    expect(answer.forced).toBe('CCCCCC');
    expect(new Set(decisions)).toEqual(new Set(['C', '.']));
    expect(answer.difference).toBeLessThanOrEqual(1e-6);
  });

  it.each(METHODS)(
    '$name: with state defaults it drops in, and caches when state is threaded',
    async ({ name }) => {
      const { steps, decisions } = await inNode(fixture, name);
      const built = build(fixture, { method: name, steps: 12, stateDefaults: true });
      const answer = python('drop_in.py', {
        original: fixture.path,
        ...written(built, `${fixture.title}.${name}.drop-in`),
        steps,
      }) as { inputs: string[]; same: boolean; decisions: string };
      expect(answer.inputs).toEqual(built.manifest.inputs);
      expect(answer.same).toBe(true);
      expect(answer.decisions).toBe(decisions);
    },
  );
});

/** A generation of twelve steps in Node, where the model with state defaults must load as well. */
async function inNode(fixture: Fixture, method: string): Promise<{ steps: unknown[]; decisions: string }> {
  const built = build(fixture, { method, steps: 12, stateDefaults: true });
  const plain = await openModel(built.bytes, { threads: 1 });
  expect(plain.inputs.map(p => p.name)).toEqual(built.manifest.inputs);
  await plain.close();
  const model = await open(built);
  const steps = await generate(model, profileOf(fixture, { steps: 12 }), 100);
  await model.close();
  const decisions = steps.map(s => (defined(s.signals).computed ? 'C' : '.')).join('');
  return { steps: steps.map(s => ({ feeds: described(s.feeds) })), decisions };
}
