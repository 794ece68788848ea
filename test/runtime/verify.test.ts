import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { compareFusions, fusionText } from '../../src/runtime/fusions.js';
import { benchCompiled, manifestOf, type Verification, verifyCompiled } from '../../src/runtime/index.js';
import { cachedManifest, cachedModel, type Flaw, originalModel, profile } from './models.js';

const folder = mkdtempSync(join(tmpdir(), 'bwc-test-'));
afterAll(() => rmSync(folder, { recursive: true }));
const original = join(folder, 'original.onnx');
writeFileSync(original, originalModel());

const compiled = (flaw?: Flaw): string => {
  const path = join(folder, `${flaw ?? 'good'}.onnx`.replaceAll(' ', '-'));
  writeFileSync(path, cachedModel(flaw));
  return path;
};

const failed = (result: Verification): string[] => result.checks.filter(c => !c.ok).map(c => c.name);

describe('verify', () => {
  it('passes a sound model', async () => {
    const seen: string[] = [];
    const result = await verifyCompiled(original, compiled(), profile(), { onCheck: c => seen.push(c.name) });
    expect(result.checks.filter(c => !c.ok)).toEqual([]);
    expect(result).toMatchObject({ bitEqual: true, maxAbs: 0, steps: 7, fusions: [], diagnostics: [] });
    expect(seen).toEqual(result.checks.map(c => c.name));
    expect(result.checks).toMatchInlineSnapshot(`
      [
        {
          "detail": "original inputs and outputs keep name, type, shape and order",
          "name": "interface",
          "ok": true,
        },
        {
          "detail": "all outputs are finite",
          "name": "finite",
          "ok": true,
        },
        {
          "detail": "7 forced steps, bit for bit the original's",
          "name": "bit-equal, optimisations off",
          "ok": true,
        },
        {
          "detail": "3 of 7 steps reuse; 4 computed steps, bit for bit the original's",
          "name": "as compiled",
          "ok": true,
        },
        {
          "detail": "after a whole and after a broken-off generation the next one gives the same bits",
          "name": "resets itself",
          "ok": true,
        },
        {
          "detail": "interrupted before step 1 and resumed from saved state, the generation gives the same bits",
          "name": "state threads",
          "ok": true,
        },
        {
          "detail": "with not-a-number as state: 1 computed step, bit for bit the original's",
          "name": "broken state",
          "ok": true,
        },
        {
          "detail": "not asked for: the added inputs are required",
          "name": "drop-in",
          "ok": true,
        },
        {
          "detail": "7 forced steps, bit for bit the original's",
          "name": "equal, default optimisations",
          "ok": true,
        },
      ]
    `);
  });

  it('takes any number of steps', async () => {
    const result = await verifyCompiled(original, compiled(), profile(), { steps: 3 });
    expect([result.steps, failed(result)]).toEqual([3, []]);
  });

  it('finds bits that differ', async () => {
    const result = await verifyCompiled(original, compiled('inexact'), profile());
    expect(failed(result)).toEqual([
      'bit-equal, optimisations off',
      'as compiled',
      'broken state',
      'equal, default optimisations',
    ]);
    expect(result.bitEqual).toBe(false);
    expect(result.maxAbs).toBeCloseTo(1e-4, 6);
    expect(result.checks.at(-1)?.detail).toContain('no fusion explains it');
  });

  it('finds a model that does not reset itself', async () => {
    const result = await verifyCompiled(original, compiled('never resets'), profile());
    expect(failed(result)).toEqual(['resets itself']);
    expect(result.bitEqual).toBe(true);
  });

  it('finds a model that trusts broken state', async () => {
    expect(failed(await verifyCompiled(original, compiled('trusts broken state'), profile()))).toEqual([
      'broken state',
    ]);
  });

  it('refuses what is no compiled model, and profiles that do not fit', async () => {
    await expect(verifyCompiled(original, original, profile())).rejects.toThrow('BWC207');
    await expect(
      verifyCompiled(original, compiled(), profile({ prediction: { output: 'w' } })),
    ).rejects.toThrow('BWC404');
  });

  it('finds a changed interface', async () => {
    const result = await verifyCompiled(original, compiled('renamed input'), profile());
    expect(result.checks).toEqual([
      {
        name: 'interface',
        ok: false,
        detail: 'input 0 was x float32[batch,4] and is sample float32[batch,4]',
      },
    ]);
    expect(result).toMatchObject({ bitEqual: false, steps: 0 });
  });

  it('feeds state to a model with defaults all the same, and checks that it drops in', async () => {
    const path = join(folder, 'defaults.onnx');
    writeFileSync(path, cachedModel('none', true));
    const result = await verifyCompiled(original, path, profile());
    expect(failed(result)).toEqual([]);
    const details = Object.fromEntries(result.checks.map(c => [c.name, c.detail]));
    expect(details['as compiled']).toContain('3 of 7 steps reuse');
    expect(details['drop-in']).toBe(
      "fed the original inputs alone: 7 computed steps, bit for bit the original's",
    );
  });
});

describe('fusions', () => {
  const counts = (x: Record<string, number>) => new Map(Object.entries(x));

  it('are what changes otherwise in the one than in the other', () => {
    const before = [counts({ 'Add/2': 10, 'Mul/2': 2 }), counts({ 'Add/2': 10, 'Mul/2': 5 })] as const;
    const after = [
      counts({ 'Add/2': 2, 'Mul/2': 2, 'Fused/3': 8, 'Reshape/2': 1 }),
      counts({ 'Add/2': 3, 'Mul/2': 5, 'Fused/3': 7 }),
    ] as const;
    expect(compareFusions(before, after)).toEqual([
      { op: 'Add', inputs: 2, original: 2, compiled: 3 },
      { op: 'Fused', inputs: 3, original: 8, compiled: 7 },
    ]);
  });

  it('tell what was fused in by its inputs', () => {
    const found = compareFusions(
      [counts({ 'Norm/3': 2 }), counts({ 'Norm/3': 2 })],
      [counts({ 'Norm/4': 2 }), counts({ 'Norm/3': 1, 'Norm/4': 1 })],
    );
    expect(fusionText(found)).toBe('Norm of 3 inputs 0 → 1, Norm of 4 inputs 2 → 1');
  });
});

describe('bench', () => {
  it('counts decisions and measures ratios', async () => {
    const rounds: number[] = [];
    let resident = 0;
    const bench = await benchCompiled(original, compiled(), profile(), {
      rounds: 2,
      rest: originalModel(),
      resident: () => (resident += 1000),
      onRound: done => rounds.push(done),
    });
    expect(rounds).toEqual([1, 2, 3, 4]);
    expect(bench).toMatchObject({
      steps: 7,
      computed: 4,
      reused: 3,
      ideal: 7 / 4,
      boundFrom: 'rest',
      stateBytes: 24,
      memory: { original: 1000, compiled: 1000 },
    });
    expect(bench.spread.low).toBeLessThanOrEqual(bench.spread.high);
    for (const { stepMs, baselineMs } of bench.seeds) {
      expect([stepMs.original.length, stepMs.compiled.length]).toEqual([7, 7]);
      expect(stepMs.original.reduce((a, b) => a + b)).toBeCloseTo(baselineMs, 9);
    }
    expect(bench.decisions.map(d => d[0]).join('')).toBe('crcrcrc');
    expect(bench.speedup).toBeCloseTo(bench.baselineMs / bench.compiledMs, 9);
    expect(bench.efficiency).toBeCloseTo(bench.speedup / bench.bound, 9);
    expect(bench.seeds.map(s => s.seed)).toEqual([1, 2]);
    expect(bench.psnr).toBeGreaterThan(5);
    expect(bench.psnr).toBeLessThan(100);
    expect(bench.ssim).toBeLessThan(1);
    for (const time of Object.values(bench.perStep)) expect(time).toBeGreaterThan(0);
  });

  it('falls back on reused steps for the bound', async () => {
    const bench = await benchCompiled(original, compiled(), profile(), {
      rounds: 1,
      warmup: 0,
      seeds: [5],
      stretch: 1,
    });
    expect(bench.decisions.map(d => d[0]).join('')).toBe('crcrcrc');
    expect(bench).toMatchObject({ boundFrom: 'reused steps', perStep: { rest: null } });
    expect(bench.seeds).toHaveLength(1);
    expect(bench.memory).toEqual({ original: null, compiled: null });
  });
});

it('reads the manifest from the model', async () => {
  expect(await manifestOf(compiled())).toEqual(cachedManifest());
  expect(await manifestOf(original)).toBeUndefined();
  writeFileSync(`${original}.json`, JSON.stringify(cachedManifest()));
  expect(await manifestOf(original)).toEqual(cachedManifest());
  rmSync(`${original}.json`);
});
