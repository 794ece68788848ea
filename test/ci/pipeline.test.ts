import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { ciResultSchema } from '../../src/ci/index.js';
import { bwc, DIT, diagnostics, json, TINY, workplace } from '../cli/bwc.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const folder = workplace();
const config = join(folder, 'pipeline.json');

/** A short run of the trained model; its gates hold on any machine. */
const TRAINED = {
  name: 'trained',
  model: TINY.model,
  profile: 'short.json',
  steps: 4,
  set: { threshold: 100, interval: 2, tail: 0 },
  gates: { minSpeedup: 0.001, minEfficiency: 0.001, minPsnr: 1, maxStateBytes: 1e9, maxNewNodes: 1000 },
};
const COMPILED_ONLY = { name: 'dit', model: DIT.model, steps: 30, gates: { maxNewNodes: 1000 } };

function write(models: readonly object[], more: object = {}): void {
  writeFileSync(config, JSON.stringify({ bench: { rounds: 1 }, ...more, models }));
}

beforeAll(() => {
  const profile = JSON.parse(readFileSync(TINY.profile, 'utf8')) as { sampler: object };
  const short = { ...profile, sampler: { ...profile.sampler, steps: 4 }, seeds: [100] };
  writeFileSync(join(folder, 'short.json'), JSON.stringify(short));
});

const results = z.object({ ...ciResultSchema.shape, diagnostics });
const read = (path: string): string => readFileSync(join(folder, path), 'utf8');

describe('bwc ci', () => {
  it('passes what holds, and writes models, results, JUnit and a summary', async () => {
    write([TRAINED, COMPILED_ONLY], { report: true });
    const ran = await bwc(['ci', config, '--json']);
    const result = json(ran, results);
    expect([ran.code, result.ok, result.diagnostics]).toEqual([0, true, []]);
    const [trained, dit] = result.models;
    expect(trained?.gates.map(gate => gate.gate)).toEqual(Object.keys(TRAINED.gates));
    expect(trained?.checks.length).toBeGreaterThan(5);
    expect(trained?.bench?.steps).toBe(4);
    expect(trained?.stateBytes).toBeGreaterThan(0);
    expect(trained?.addedOps).toContain('If');
    expect(dit).toMatchObject({ ok: true, checks: [], bench: null });
    expect(readdirSync(join(folder, 'bwc-ci')).sort()).toEqual([
      'bwc-ci.json',
      'bwc-ci.md',
      'bwc-ci.xml',
      'dit.html',
      'dit.onnx',
      'dit.onnx.json',
      'trained.html',
      'trained.onnx',
      'trained.onnx.json',
    ]);
    expect(ciResultSchema.parse(JSON.parse(read('bwc-ci/bwc-ci.json'))).ok).toBe(true);
    expect(read('bwc-ci/bwc-ci.xml')).toContain('failures="0"');
    expect(read('bwc-ci/bwc-ci.md')).toContain('All checks and gates of 2 models passed.');
  });

  it('fails with exit code 1 and says why, when a threshold is bad', async () => {
    write([{ ...TRAINED, gates: { minSpeedup: 1000 } }, COMPILED_ONLY]);
    const ran = await bwc(['ci', config]);
    expect(ran.code).toBe(1);
    expect(ran.out).toContain('1 of 2 models failed.');
    expect(ran.err).toMatch(/BWC341.*trained fails minSpeedup: [\d.]+, must be at least 1000/);
    expect(read('bwc-ci/bwc-ci.xml')).toMatch(/<failure message="[\d.]+, must be at least 1000"\/>/);
    expect(read('bwc-ci/bwc-ci.md')).toMatch(/- `minSpeedup`: [\d.]+, must be at least 1000/);
  });

  it('goes on when a model is refused, and compares with the last release', async () => {
    write([{ ...COMPILED_ONLY, previous: 'before.json' }]);
    const first = await bwc(['ci', config, '-o', join(folder, 'first')]);
    expect(first.code).toBe(1);
    expect(first.err).toContain('BWC101');
    write([COMPILED_ONLY]);
    await bwc(['ci', config, '-o', join(folder, 'first')]);
    const previous = join(folder, 'first/dit.onnx.json');
    write([
      { name: 'missing', model: 'missing.onnx' },
      { ...COMPILED_ONLY, name: 'uncalibrated', method: 'magcache' },
      { ...COMPILED_ONLY, previous, method: 'bwcache-code', gates: { sameInterface: true } },
    ]);
    const ran = await bwc(['ci', config, '--json', '-o', join(folder, 'second')]);
    const result = json(ran, results);
    expect(ran.code).toBe(1);
    expect(result.models.map(model => [model.name, model.ok, model.refused?.code])).toEqual([
      ['missing', false, 'BWC101'],
      ['uncalibrated', false, 'BWC308'],
      ['dit', true, undefined],
    ]);
    expect(result.models[2]?.changes).toContainEqual({
      what: 'method',
      before: 'bwcache',
      after: 'bwcache-code',
    });
  });

  it('takes a pipeline in TypeScript, and a model that is split', async () => {
    const script = join(folder, 'pipeline.ts');
    const entry = {
      ...TRAINED,
      name: 'split',
      emit: 'split',
      gates: { ...TRAINED.gates, sameInterface: true },
    };
    const previous = join(folder, 'bwc-ci/trained.onnx.json');
    writeFileSync(
      script,
      `const rounds: number = 1;
       export default { bench: { rounds }, report: true, models: [${JSON.stringify({ ...entry, previous })}] };\n`,
    );
    write([{ ...TRAINED, profile: undefined, gates: {} }]);
    expect((await bwc(['ci', config])).code).toBe(0);
    const ran = await bwc(['ci', script, '--json', '-o', join(folder, 'ts')]);
    const [split] = json(ran, results).models;
    expect(split?.refused).toBeNull();
    expect(split?.checks.map(check => check.ok)).not.toContain(false);
    // A client of one model is none of two.
    expect(split?.gates.filter(gate => !gate.ok).map(({ gate, found }) => [gate, found])).toEqual([
      ['sameInterface', expect.stringContaining('models (one → two)')],
    ]);
    expect(readdirSync(join(folder, 'ts')).filter(name => name.startsWith('split'))).toEqual([
      'split.compute.onnx',
      'split.html',
      'split.onnx.data',
      'split.onnx.json',
      'split.reuse.onnx',
    ]);

    writeFileSync(script, 'export const models = [];\n');
    expect((await bwc(['ci', script])).err).toContain('BWC331');
    writeFileSync(script, 'import "./nothing.js";\n');
    expect((await bwc(['ci', script])).err).toMatch(/BWC331.*nothing/);
    expect(readdirSync(folder).filter(name => name.endsWith('.mjs'))).toEqual([]);
  });

  it('runs in shards that merge into one', async () => {
    write([COMPILED_ONLY, { ...COMPILED_ONLY, name: 'bad', gates: { maxNewNodes: 0 } }]);
    const out = join(folder, 'shards');
    const codes = [];
    for (const part of ['1/2', '2/2'])
      codes.push((await bwc(['ci', config, '-o', out, '--shard', part])).code);
    expect(codes).toEqual([0, 1]);
    const parts = ['1-of-2', '2-of-2'].map(part => join(out, `bwc-ci.${part}.json`));
    const merged = await bwc(['ci', config, '-o', out, '--json', '--merge', ...parts]);
    expect(merged.code).toBe(1);
    expect(json(merged, results).models.map(({ name, ok }) => [name, ok])).toEqual([
      ['dit', true],
      ['bad', false],
    ]);
    expect(existsSync(join(out, 'bwc-ci.xml'))).toBe(true);
    expect((await bwc(['ci', config, '--shard', '3/2'])).code).toBe(2);
    expect((await bwc(['ci', config, '--merge', parts[0] ?? ''])).err).toContain('BWC332');
  });
});

describe('action.yml', () => {
  const action = z
    .object({
      inputs: z.record(z.string(), z.object({ description: z.string() })),
      runs: z.object({
        using: z.literal('composite'),
        steps: z.tuple([
          z.object({ shell: z.string(), env: z.record(z.string(), z.string()), run: z.string() }),
        ]),
      }),
    })
    .parse(parse(readFileSync(join(ROOT, 'action.yml'), 'utf8')));
  const [step] = action.runs.steps;

  it('hands every input on', () => {
    const given = Object.values(step.env).map(text => /^\$\{\{ inputs\.(\w+) \}\}$/.exec(text)?.[1]);
    expect(new Set(given)).toEqual(new Set(Object.keys(action.inputs)));
  });

  it('runs the pipeline, shows the summary, and fails as it does', () => {
    const bin = join(folder, 'bin');
    mkdirSync(bin, { recursive: true });
    writeFileSync(
      join(bin, 'npx'),
      `#!/bin/sh\n[ "$1 $2 $3" = "--no -- bwc" ] && shift 3\nexec "${process.execPath}" "${join(ROOT, 'dist/cli/main.js')}" "$@"\n`,
    );
    chmodSync(join(bin, 'npx'), 0o755);
    const run = (gates: object, shard: string): { status: number | null; summary: string } => {
      write([{ ...COMPILED_ONLY, gates }]);
      const summary = join(folder, 'summary.md');
      writeFileSync(summary, '');
      const env = {
        ...process.env,
        PATH: `${bin}:${process.env['PATH'] ?? ''}`,
        CONFIG: config,
        OUTPUT: join(folder, `action${shard.replace('/', '-')}`),
        SHARD: shard,
        GITHUB_STEP_SUMMARY: summary,
      };
      const { status } = spawnSync(step.shell, ['-e', '-o', 'pipefail', '-c', step.run], { env });
      return { status, summary: readFileSync(summary, 'utf8') };
    };
    expect(run({ maxNewNodes: 1000 }, '')).toMatchObject({ status: 0 });
    const failed = run({ maxNewNodes: 0 }, '1/1');
    expect(failed.status).toBe(1);
    expect(failed.summary).toMatch(/- `maxNewNodes`: \d+, must be at most 0/);
  });
});
