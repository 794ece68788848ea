import { copyFileSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { MANIFEST_KEY, METHODS, manifestSchema, readModel, structurallyEqual } from '../../src/index.js';
import { bwc, contents, DIT, diagnostics, json, type Ran, TINY, workplace } from './bwc.js';
import { withExternalWeights } from './models.js';

const folder = workplace();
const shape = z.array(z.union([z.number(), z.string()]));

const inspected = z.object({
  ok: z.literal(true),
  model: z.object({
    path: z.string(),
    producer: z.string(),
    opset: z.number(),
    irVersion: z.number(),
    nodes: z.number(),
    initializers: z.number(),
    bytes: z.number(),
  }),
  inputs: z.array(z.object({ name: z.string(), type: z.string(), shape })),
  outputs: z.array(z.object({ name: z.string(), type: z.string(), shape })),
  roles: z.object({ latent: z.string(), timestep: z.string().nullable() }),
  groups: z.array(z.object({ index: z.number(), kind: z.string(), count: z.number() })),
  blocks: z.array(
    z.object({
      index: z.number(),
      group: z.number(),
      kind: z.string(),
      nodes: z.number().positive(),
      flops: z.number().nullable(),
      streams: z.array(z.object({ in: z.string(), out: z.string().nullable() })).min(1),
      branches: z.array(z.object({ kind: z.string(), output: z.string() })).min(1),
    }),
  ),
  diagnostics,
});

const compiled = z.object({
  ok: z.literal(true),
  output: z.string().nullable(),
  manifest: z.string().nullable(),
  method: z.string(),
  options: z.record(z.string(), z.unknown()),
  regions: z.array(z.object({ blocks: z.array(z.number()) })).min(1),
  state: z
    .array(
      z.object({
        input: z.string(),
        output: z.string(),
        type: z.string(),
        shape,
        bytes: z.number().nullable(),
      }),
    )
    .min(1),
  knobs: z.array(z.object({ input: z.string(), type: z.string(), shape })).min(1),
  signals: z.array(z.object({ output: z.string() })).min(1),
  elapsedMs: z.number(),
  diagnostics,
});

const verified = z.object({
  ok: z.boolean(),
  bitEqual: z.boolean(),
  maxAbs: z.number(),
  steps: z.number(),
  checks: z.array(z.object({ name: z.string(), ok: z.boolean(), detail: z.string() })).min(1),
  diagnostics,
});

const benched = z.object({
  ok: z.literal(true),
  steps: z.number(),
  computed: z.number(),
  reused: z.number(),
  decisions: z.array(z.enum(['computed', 'partial', 'reused'])),
  baselineMs: z.number(),
  compiledMs: z.number(),
  speedup: z.number(),
  ideal: z.number(),
  bound: z.number(),
  boundFrom: z.literal('rest'),
  efficiency: z.number(),
  psnr: z.number().nullable(),
  ssim: z.number(),
  diagnostics,
});

describe('inspect', () => {
  it('prints the facts as one JSON object', async () => {
    const [tiny, dit] = await Promise.all([TINY, DIT].map(f => bwc(['inspect', f.model, '--json'])));
    for (const ran of [tiny, dit]) expect(ran).toMatchObject({ code: 0, err: '' });
    const facts = json(tiny as Ran, inspected);
    expect(facts.roles).toMatchObject({ latent: 'x', timestep: 't' });
    expect(facts.blocks.map(b => b.index)).toEqual(Array.from({ length: 12 }, (_, i) => i));
    expect(facts.blocks.every(b => b.flops !== null)).toBe(true);
    expect(facts.model.bytes).toBe(readFileSync(TINY.model).length);
    expect(json(dit as Ran, inspected).groups).toMatchObject([{ count: 6 }]);
  });

  it('folds like blocks in its table, without lines that end in blanks', async () => {
    const { code, out } = await bwc(['inspect', TINY.model]);
    expect(code).toBe(0);
    expect(out).toMatch(/^ {2}1-11 +as block 0$/m);
    expect(out).toMatch(/latent: .*velocity/);
    expect(out).toMatch(/^ {2}bwcache +0-11 /m);
    expect(out).not.toMatch(/[^\S\n]\n/);
  });

  it('takes roles from the caller', async () => {
    const ran = await bwc(['inspect', DIT.model, '--latent', 'nothing', '--json']);
    expect(ran.code).toBe(1);
    expect(ran.err).toContain('BWC203');
  });
});

describe('compile, verify, bench, strip', () => {
  const output = join(folder, 'tiny.onnx');
  let ran: Ran;
  beforeAll(async () => {
    ran = await bwc(['compile', TINY.model, '-o', output, '--steps', '30', '--json']);
  });

  it('writes the model and its manifest', () => {
    expect(ran).toMatchObject({ code: 0, err: '' });
    const facts = json(ran, compiled);
    expect(facts).toMatchObject({ output, manifest: `${output}.json`, method: 'bwcache', diagnostics: [] });
    expect(facts.regions[0]?.blocks).toHaveLength(12);
    const text = readFileSync(`${output}.json`, 'utf8');
    const manifest = manifestSchema.parse(JSON.parse(text));
    expect(text).toBe(`${JSON.stringify(manifest, null, 2)}\n`);
    expect(readModel(output).metadata.get(MANIFEST_KEY)).toBe(JSON.stringify(manifest));
    expect(facts.state.map(s => s.input)).toEqual(manifest.state.map(s => s.input));
  });

  it('inspects the original inside a compiled model', async () => {
    const facts = json(
      await bwc(['inspect', output, '--json']),
      inspected.extend({ compiled: manifestSchema }),
    );
    expect(facts.compiled.method).toBe('bwcache');
    expect(facts.inputs.map(i => i.name)).toEqual(['x', 't', 'y']);
    expect(facts.blocks).toHaveLength(12);
  });

  it('verifies it', async () => {
    const done = await bwc(['verify', TINY.model, output, '--profile', TINY.profile, '--json']);
    expect(done).toMatchObject({ code: 0, err: '' });
    expect(json(done, verified)).toMatchObject({ ok: true, bitEqual: true, maxAbs: 0, steps: 30 });
  });

  it('benches it', async () => {
    const one = ['--seeds', '100', '--rounds', '1'];
    const done = await bwc(['bench', TINY.model, output, '--profile', TINY.profile, ...one, '--json']);
    expect(done).toMatchObject({ code: 0, err: '' });
    const facts = json(done, benched);
    expect(facts.decisions).toHaveLength(30);
    expect(facts.computed + facts.reused).toBe(30);
    expect(facts.reused).toBeGreaterThan(0);
    expect(facts.ideal).toBe(30 / facts.computed);
  });

  it('fails a check when the models do not belong together', async () => {
    const other = await bwc(['verify', DIT.model, output, '--profile', DIT.profile, '--json']);
    expect(other.code).toBe(1);
    expect(other.err).toContain('BWC501');
    const facts = json(other, verified.extend({ maxAbs: z.null() }));
    expect(facts.ok).toBe(false);
    expect(facts.checks.some(c => !c.ok)).toBe(true);
    expect(facts.diagnostics.map(d => d.code)).toContain('BWC501');
  });

  it('strips it again', async () => {
    const original = join(folder, 'stripped.onnx');
    const done = await bwc(['strip', output, '-o', original, '--json']);
    expect(done).toMatchObject({ code: 0, err: '' });
    expect(json(done, z.object({ ok: z.literal(true), output: z.string(), diagnostics })).output).toBe(
      original,
    );
    expect(structurallyEqual(readModel(original), readModel(TINY.model))).toEqual([]);
  });

  it('gives the same bytes again', async () => {
    const again = join(folder, 'again.onnx');
    await bwc(['compile', TINY.model, '-o', again, '--steps', '30']);
    expect(readFileSync(again).equals(readFileSync(output))).toBe(true);
    expect(readFileSync(`${again}.json`).equals(readFileSync(`${output}.json`))).toBe(true);
  });
});

describe('compile', () => {
  it('takes method, options, steps and drop-in defaults', async () => {
    const output = join(folder, 'dit.onnx');
    const set = ['--set', 'threshold=0.3', '--set', 'blocks=0-2', '--set', 'threshold=0.2'];
    const args = ['compile', DIT.model, '-o', output, '--method', 'bwcache-code', '--steps', '50'];
    const ran = await bwc([...args, ...set, '--state-defaults', '--json']);
    expect(ran.code).toBe(0);
    const facts = json(ran, compiled);
    expect(facts).toMatchObject({ method: 'bwcache-code', options: { threshold: 0.2, blocks: [0, 1, 2] } });
    const manifest = manifestSchema.parse(JSON.parse(readFileSync(`${output}.json`, 'utf8')));
    expect(manifest).toMatchObject({ steps: 50, stateDefaults: true });
  });

  it('says what it assumed, and prints tables that line up', async () => {
    const { code, out, err } = await bwc(['compile', DIT.model, '-o', join(folder, 'text.onnx')]);
    expect(code).toBe(0);
    expect(err).toContain('note BWC305: steps not given: compiled for 30');
    expect(out).toMatch(/^ {2}bwc\.state\.control +float32 /m);
    const rows = out.split('\n').filter(line => line.startsWith('  bwc.state.'));
    expect(new Set(rows.map(line => line.indexOf('float32'))).size).toBe(1);
  });

  it('writes nothing on a dry run, with or without an output', async () => {
    const before = contents(folder);
    const args = ['compile', DIT.model, '--dry-run', '--json'];
    const runs = await Promise.all([bwc(args), bwc([...args, '-o', join(folder, 'dry.onnx')])]);
    for (const ran of runs) {
      expect(ran.code).toBe(0);
      expect(json(ran, compiled)).toMatchObject({ output: null, manifest: null });
    }
    expect(contents(folder)).toEqual(before);
  });

  it('replaces an earlier result', async () => {
    const output = join(folder, 'replaced.onnx');
    for (const steps of ['20', '40']) await bwc(['compile', DIT.model, '-o', output, '--steps', steps]);
    expect(manifestSchema.parse(JSON.parse(readFileSync(`${output}.json`, 'utf8'))).steps).toBe(40);
  });

  it('leaves weights in other files where they are, and runs with them', async () => {
    const place = join(folder, 'external');
    mkdirSync(place);
    const model = join(place, 'dit.onnx');
    withExternalWeights(DIT.model, model);
    const before = contents(place);
    const output = join(place, 'cached.onnx');
    expect((await bwc(['compile', model, '-o', output])).code).toBe(0);
    expect(contents(place)).toMatchObject(before);
    const verify = await bwc(['verify', model, output, '--profile', DIT.profile]);
    expect(verify.code).toBe(0);
    expect(verify.out).toMatch(/^ {2}ok +interface /m);
    expect(verify.out).toMatch(/All \d+ checks passed over 30 steps/);
    const bench = await bwc([
      'bench',
      model,
      output,
      '--profile',
      DIT.profile,
      '--seeds',
      '7',
      '--rounds',
      '1',
    ]);
    expect(bench.code).toBe(0);
    expect(bench.out).toMatch(/^ +7 {2}#[#.]{29} /m);
  });

  it('writes through a symbolic link, unless it leads to the input', async () => {
    const place = join(folder, 'links');
    mkdirSync(place);
    copyFileSync(DIT.model, join(place, 'dit.onnx'));
    symlinkSync('dit.onnx', join(place, 'link.onnx'));
    const before = contents(place);
    const ran = await bwc(['compile', join(place, 'dit.onnx'), '-o', join(place, 'link.onnx')]);
    expect(ran.code).toBe(2);
    expect(ran.err).toContain('BWC107');
    expect(contents(place)).toEqual(before);
  });
});

describe('methods', () => {
  const described = z.object({
    ok: z.literal(true),
    methods: z.array(
      z.object({
        name: z.string(),
        title: z.string(),
        source: z.string(),
        summary: z.string(),
        options: z
          .array(
            z.object({
              name: z.string(),
              default: z.unknown(),
              accepts: z.string(),
              description: z.string().min(1),
            }),
          )
          .min(1),
      }),
    ),
    diagnostics,
  });

  it('lists all, and explains one with its options and defaults', async () => {
    const [all, one, text] = await Promise.all([
      bwc(['methods', '--json']),
      bwc(['methods', 'bwcache', '--json']),
      bwc(['methods', 'bwcache']),
    ]);
    expect(json(all, described).methods.map(m => m.name)).toEqual(METHODS.map(m => m.name));
    const [method] = json(one, described).methods;
    expect(method?.options.find(o => o.name === 'threshold')).toMatchObject({
      default: 0.15,
      accepts: 'number ≥ 0',
    });
    expect(text.out).toMatch(/^ {2}threshold +0\.15 +number ≥ 0 /m);
  });
});
