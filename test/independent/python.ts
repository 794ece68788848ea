import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import type { Built } from '../decisions/compiled.js';

/** A Python: `BWC_PYTHON` or `python3`. Tests whose packages it lacks are skipped. */
const PYTHON = process.env['BWC_PYTHON'] ?? 'python3';

/** Whether these packages, separated by commas, can be imported. */
export const has = (packages: string): boolean =>
  spawnSync(PYTHON, ['-c', `import ${packages}`]).status === 0;

/** Runs a script of this folder: JSON in, JSON out. */
export function python(script: string, input: unknown): unknown {
  const path = new URL(script, import.meta.url).pathname;
  const run = spawnSync(PYTHON, [path], {
    input: JSON.stringify(input),
    maxBuffer: 2 ** 28,
    encoding: 'utf8',
  });
  if (run.status !== 0) throw new Error(run.stderr);
  return JSON.parse(run.stdout);
}

/** A folder for the files of one test file. */
export const folder = mkdtempSync(join(tmpdir(), 'bwc-independent-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Writes a compiled model and its manifest, as the command line does. */
export function written(built: Built, name: string): { model: string; manifest: string } {
  const model = join(folder, `${name}.onnx`);
  writeFileSync(model, built.bytes);
  writeFileSync(`${model}.json`, JSON.stringify(built.manifest));
  return { model, manifest: `${model}.json` };
}
