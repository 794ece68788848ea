import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { bwc } from '../cli/bwc.js';

const PYTHON = process.env['BWC_PYTHON'] ?? 'python3';
const SCRIPT = fileURLToPath(new URL('../../docs/guides/pipeline.py', import.meta.url));
const NEEDS = 'import diffusers, onnx, onnxruntime, onnxscript, torch';
const hasPackages = spawnSync(PYTHON, ['-c', NEEDS]).status === 0;

/** Pixels of the picture lie in [0, 1]; another runtime's kernels change them by no more. */
const TOLERANCE = 1e-4;

describe.skipIf(!hasPackages)('docs/guides/pipeline.py', () => {
  const folder = mkdtempSync(join(tmpdir(), 'bwc-diffusers-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const python = (...args: readonly string[]): string => {
    const run = spawnSync(PYTHON, [SCRIPT, ...args], { encoding: 'utf8' });
    if (run.status !== 0) throw new Error(run.stderr);
    return run.stdout;
  };

  it("drives a pipeline's transformer from its scheduler, with a stream for each prediction", async () => {
    python('export', folder);
    const [exported, cached] = [join(folder, 'transformer.onnx'), join(folder, 'cached.onnx')];
    // With random weights everything changes at every step: only a high threshold reuses anything.
    const compiled = await bwc([
      'compile',
      exported,
      '-o',
      cached,
      '--steps',
      '20',
      '--set',
      'threshold=100',
    ]);
    expect(compiled.code).toBe(0);
    const client = await bwc(['client', cached, '--lang', 'python', '-o', join(folder, 'cached_client.py')]);
    expect(client.code).toBe(0);
    const found = z
      .object({ computed: z.number(), forced: z.string(), cached: z.number(), decisions: z.string() })
      .parse(JSON.parse(python('run', folder)));
    expect(found.forced).toBe('C'.repeat(20));
    expect(found.computed).toBeLessThanOrEqual(TOLERANCE);
    expect(found.decisions).toMatch(/^C[C.]{19}$/);
    expect(found.decisions).toContain('.');
    expect(found.cached).toBeGreaterThan(found.computed);
    expect(found.cached).toBeLessThanOrEqual(1);
  });
});
