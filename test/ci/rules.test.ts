import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import {
  changesBetween,
  ciConfigSchema,
  ciResult,
  type Gates,
  gatesOf,
  junitXml,
  loadCiConfig,
  type ModelResult,
  mergeResults,
  passGates,
  shardOf,
  summaryMarkdown,
} from '../../src/ci/index.js';
import { defined } from '../blocks/fixtures.js';
import { cachedManifest } from '../runtime/models.js';

const folder = mkdtempSync(join(tmpdir(), 'bwc-ci-'));
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, content: unknown): string {
  const path = join(folder, name);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

const MODEL: ModelResult = {
  name: 'a',
  ok: true,
  refused: null,
  output: 'a.onnx',
  method: 'bwcache',
  steps: 30,
  addedNodes: 91,
  addedOps: ['GatherND', 'If'],
  stateBytes: 4096,
  checks: [{ name: 'finite', ok: true, detail: '' }],
  bench: { speedup: 1.5, bound: 2, efficiency: 0.75, psnr: 31, ssim: 0.9, steps: 30, computed: 20 },
  gates: [],
  changes: null,
};

const verdicts = (gates: Gates, model: Partial<ModelResult> = {}, seen?: []): boolean[] =>
  passGates(gates, { ...MODEL, ...model, seen }).map(gate => gate.ok);

describe('gates', () => {
  it.each<[string, Gates, Gates]>([
    ['minSpeedup', { minSpeedup: 1.5 }, { minSpeedup: 1.51 }],
    ['minEfficiency', { minEfficiency: 0.75 }, { minEfficiency: 0.76 }],
    ['minPsnr', { minPsnr: 31 }, { minPsnr: 31.5 }],
    ['maxStateBytes', { maxStateBytes: 4096 }, { maxStateBytes: 4095 }],
    ['maxNewNodes', { maxNewNodes: 91 }, { maxNewNodes: 90 }],
    ['allowedOps', { allowedOps: ['If', 'GatherND', 'Add'] }, { allowedOps: ['If'] }],
  ])('%s holds at its limit and not beyond', (gate, holds, fails) => {
    expect(passGates(holds, { ...MODEL, seen: undefined })).toMatchObject([{ gate, ok: true }]);
    expect(passGates(fails, { ...MODEL, seen: undefined })).toMatchObject([{ gate, ok: false }]);
  });

  it('say what was found and what must be', () => {
    const gates = { minSpeedup: 2, allowedOps: ['If'], maxStateBytes: 1 };
    expect(passGates(gates, { ...MODEL, seen: undefined })).toEqual([
      { gate: 'minSpeedup', ok: false, limit: 'at least 2', found: '1.5' },
      { gate: 'maxStateBytes', ok: false, limit: 'at most 1', found: '4096' },
      { gate: 'allowedOps', ok: false, limit: 'no other new operators than If', found: 'GatherND' },
    ]);
  });

  it('fail what was not measured, and pass equal results', () => {
    expect(
      verdicts({ minSpeedup: 1, minPsnr: 1, maxStateBytes: 9 }, { bench: null, stateBytes: null }),
    ).toEqual([false, false, false]);
    expect(verdicts({ minPsnr: 99 }, { bench: { ...defined(MODEL.bench), psnr: null } })).toEqual([true]);
    expect(verdicts({})).toEqual([]);
  });

  it('look at the interface only where there is a last release', () => {
    const before = cachedManifest();
    const quiet = { ...before, method: 'other', state: before.state.slice(1) };
    const loud = { ...quiet, inputs: ['x', 't', 'guidance'] };
    expect(changesBetween(before, before)).toEqual({ changes: [], seen: [] });
    expect(changesBetween(before, quiet).seen).toEqual([]);
    expect(changesBetween(before, quiet).changes).toEqual([
      { what: 'method', before: 'test', after: 'other' },
      { what: 'state bwc.state.n', before: 'float32[1]', after: 'none' },
    ]);
    const { seen } = changesBetween(before, loud);
    expect(passGates({ sameInterface: true }, { ...MODEL, seen })).toEqual([
      {
        gate: 'sameInterface',
        ok: false,
        limit: 'nothing that a client notices',
        found: 'inputs (x, t → x, t, guidance)',
      },
    ]);
    expect(verdicts({ sameInterface: true })).toEqual([]);
    expect(verdicts({ sameInterface: true }, {}, [])).toEqual([true]);
  });
});

describe('a pipeline', () => {
  it('has the schema that is published', () => {
    const path = new URL('../../docs/schemas/bwc.ci.schema.json', import.meta.url);
    const schema = JSON.parse(JSON.stringify(z.toJSONSchema(ciConfigSchema, { io: 'input' })));
    if (process.env['BWC_UPDATE'] !== undefined) writeFileSync(path, `${JSON.stringify(schema, null, 2)}\n`);
    expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual(schema);
  });

  it('names files relative to itself, and gates of a model come before those of all', () => {
    const models = [
      { name: 'a', model: 'in/a.onnx', profile: '/p.json', method: './own.json', gates: { minPsnr: 20 } },
      { name: 'b', model: 'b.onnx', profile: 'b.json' },
      { name: 'c', model: 'c.onnx', profile: 'c.json' },
    ];
    const config = loadCiConfig(file('good.json', { gates: { minPsnr: 30, maxNewNodes: 9 }, models }));
    const [a, b] = config.models;
    expect([config.output, a?.model, a?.profile, a?.method]).toEqual([
      join(folder, 'bwc-ci'),
      join(folder, 'in/a.onnx'),
      '/p.json',
      join(folder, 'own.json'),
    ]);
    expect(gatesOf(config, defined(a))).toEqual({ minPsnr: 20, maxNewNodes: 9 });
    expect(gatesOf(config, defined(b))).toEqual({ minPsnr: 30, maxNewNodes: 9 });
    const shards = [1, 2].map(index => shardOf(config, { index, count: 2 }).map(model => model.name));
    expect(shards).toEqual([['a', 'c'], ['b']]);
  });

  const a = { name: 'a', model: 'a.onnx' };
  it.each([
    ['no JSON', '{', /not JSON|JSON/],
    ['no models', { models: [] }, /models: Too small/],
    ['an unknown gate', { gates: { minSpeed: 1 }, models: [a] }, /gates: Unrecognized key: "minSpeed"/],
    ['one name twice', { models: [a, a] }, /models.1: there are two models a/],
    ['a name that is no file', { models: [{ ...a, name: '../a' }] }, /models.0.name/],
    ['a gate that needs a run', { gates: { minPsnr: 1 }, models: [a] }, /models.0: minPsnr needs a profile/],
    [
      'an interface to compare with nothing',
      { models: [{ ...a, gates: { sameInterface: true } }] },
      /previous/,
    ],
  ])('is refused with %s', (_, content, reason) => {
    expect(() => loadCiConfig(file('bad.json', content))).toThrow(/^BWC331/);
    expect(() => loadCiConfig(file('bad.json', content))).toThrow(reason);
  });
});

describe('results', () => {
  const failed: ModelResult = {
    ...MODEL,
    name: 'b',
    ok: false,
    checks: [{ name: 'finite', ok: false, detail: 'an output | is <not> "finite" & \u0001' }],
    gates: [{ gate: 'minSpeedup', ok: false, limit: 'at least 2', found: '1.5' }],
    changes: [{ what: 'method', before: 'a', after: 'b' }],
  };
  const refused: ModelResult = {
    ...MODEL,
    name: 'c',
    ok: false,
    bench: null,
    refused: { code: 'BWC101', severity: 'error', kind: 'user', message: 'cannot read', why: '', hint: '' },
  };
  const whole = ciResult('bwc', [MODEL, failed, refused]);
  const config = {
    output: folder,
    report: false,
    bench: {},
    gates: {},
    models: ['a', 'b', 'c'].map(name => ({ name, model: '' })),
  };

  it('are merged in the order of the pipeline', () => {
    const shards = [[MODEL, refused], [failed]].map((models, i) =>
      file(`shard.${i}.json`, ciResult('bwc', models)),
    );
    expect(mergeResults(config, shards)).toEqual(whole);
    expect(mergeResults(config, shards.toReversed())).toEqual(whole);
    const [first = '', second = ''] = shards;
    expect(() => mergeResults(config, [first])).toThrow(/BWC332.*no shard holds b/);
    expect(() => mergeResults(config, [first, second, second])).toThrow(/b is in another shard as well/);
    expect(() => mergeResults({ ...config, models: config.models.slice(1) }, shards)).toThrow('has no a');
    expect(() => mergeResults(config, [first, file('old.json', ciResult('bwc 0', [failed]))])).toThrow(
      'made by',
    );
    expect(() => mergeResults(config, [file('no.json', {})])).toThrow(/BWC332.*not what bwc ci writes/);
  });

  it('are JUnit XML that names what failed', () => {
    const xml = junitXml(whole);
    expect(xml).toContain('<testsuites name="bwc ci" tests="7" failures="3">');
    expect(xml).toContain('<testsuite name="b" tests="3" failures="2">');
    expect(xml).toContain('<failure message="an output | is &lt;not&gt; &quot;finite&quot; &amp; "/>');
    expect(xml).toContain('<failure message="1.5, must be at least 2"/>');
    expect(xml).toContain('<failure message="BWC101: cannot read"/>');
    expect(xml.match(/<(testcase|failure|testsuites?)\b[^>]*[^/]>/g)).toHaveLength(1 + 3 + 3);
    expect(xml.match(/<\/\w+>/g)).toHaveLength(1 + 3 + 3);
  });

  it('are Markdown that a summary shows', () => {
    const text = summaryMarkdown(whole);
    expect(text).toContain('**2 of 3 models failed.**');
    expect(text).toContain('| a | passed | bwcache | 1.50 × | 75.0 % | 31.0 dB | 4.00 KiB | 91 |');
    expect(text).toContain('- verify, finite: an output \\| is \\<not\\> "finite" \\& ');
    expect(text).toContain('- `minSpeedup`: 1.5, must be at least 2');
    expect(text).toContain('| method | a | b |');
    expect(summaryMarkdown(ciResult('bwc', [MODEL]))).toContain('All checks and gates of 1 model passed.');
  });
});
