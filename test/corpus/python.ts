import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
export const CORPUS = join(ROOT, 'out', 'corpus');

const SCRIPT = join(ROOT, 'fixtures', 'export', 'corpus.py');
const REQUIREMENTS = join(ROOT, 'fixtures', 'export', 'requirements-corpus.txt');
const VENV = join(ROOT, 'out', 'corpus-venv');
const NEEDED = 'import torch, diffusers, transformers, onnx, onnxscript, onnxruntime, onnxsim, onnxslim';

/** A Python that has all that the corpus needs: the caller's, or a virtual environment made for it. */
function findPython(): string {
  const given = process.env['BWC_PYTHON'] ?? 'python3';
  if (hasLibraries(given)) return given;
  const own = join(VENV, 'bin', 'python');
  if (existsSync(own) && hasLibraries(own)) return own;
  process.stderr.write(`bwc: installing ${REQUIREMENTS} into ${VENV} …\n`);
  run(given, ['-m', 'venv', VENV]);
  run(own, ['-m', 'pip', 'install', '--quiet', '-r', REQUIREMENTS]);
  return own;
}

function hasLibraries(python: string): boolean {
  return spawnSync(python, ['-c', NEEDED], { stdio: 'ignore' }).status === 0;
}

/** Makes what is missing of the named families and files; all of them without names. */
export function makeMissing(names: readonly string[]): void {
  run(findPython(), [SCRIPT, '--missing', '--out', CORPUS, ...names]);
}

function run(command: string, args: readonly string[]): void {
  const env = { ...process.env, OMP_NUM_THREADS: '1' };
  const { status, error } = spawnSync(command, args, { stdio: ['ignore', 2, 2], env });
  if (error !== undefined) throw new Error(`${command} could not be started: ${error.message}`);
  if (status !== 0) throw new Error(`${[command, ...args].join(' ')} failed`);
}
