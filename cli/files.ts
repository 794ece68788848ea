import { randomUUID } from 'node:crypto';
import {
  accessSync,
  constants,
  realpathSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { refuse } from '../src/diagnostics/index.js';
import type { Model } from '../src/ir/index.js';
import { checkExternalData, externalLocations, writeModel } from '../src/onnx/index.js';

/** Refuses outputs that are the input, or cannot be written, before any work is done. */
export function checkOutputs(input: string, outputs: readonly string[]): void {
  for (const output of outputs) {
    if (isSameFile(input, output)) refuse('BWC107', { path: output });
    const folder = dirname(resolve(output));
    try {
      if (!statSync(folder).isDirectory())
        refuse('BWC106', { path: output, reason: `${folder} is not a folder` });
      accessSync(folder, constants.W_OK | constants.X_OK);
    } catch (error) {
      refuseToWrite(output, error);
    }
    const existing = statOf(output);
    if (existing !== undefined && !existing.isFile()) {
      refuse('BWC106', {
        path: output,
        reason: existing.isDirectory() ? 'it is a folder' : 'it is not a regular file',
      });
    }
  }
}

/**
 * Refuses when the model's weights in other files are missing, would be overwritten, or could not be found from the
 * folder of the output: a location in an ONNX file is relative to it, and may not leave it.
 */
export function checkWeights(model: Model, input: string, outputs: readonly string[]): void {
  checkExternalData(model, input);
  const folder = dirname(resolve(input));
  for (const location of externalLocations(model)) {
    for (const output of outputs) {
      const weights = join(folder, location);
      if (isSameFile(weights, output)) refuse('BWC107', { path: output });
      if (!isSameFile(folder, dirname(resolve(output)))) {
        const reason = `the weights stay in ${weights}, which an ONNX file can only name from its own folder: write into ${folder}`;
        refuse('BWC106', { path: output, reason });
      }
    }
  }
}

/** Writes a model and a text beside it: both or neither. */
export async function writeWithManifest(model: Model, output: string, manifest: string): Promise<void> {
  const beside = `${output}.json`;
  const temporary = join(dirname(beside), `.${basename(beside).slice(0, 100)}.${randomUUID()}.tmp`);
  const fresh = statOf(output) === undefined;
  try {
    attempt(beside, () => writeFileSync(temporary, manifest, { flag: 'wx' }));
    await writeModel(model, output);
    try {
      attempt(beside, () => renameSync(temporary, beside));
    } catch (error) {
      if (fresh) rmSync(output, { force: true });
      throw error;
    }
  } finally {
    rmSync(temporary, { force: true });
  }
}

function attempt(path: string, write: () => void): void {
  try {
    write();
  } catch (error) {
    refuseToWrite(path, error);
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'the folder does not exist',
  ENOTDIR: 'part of the path is not a folder',
  EACCES: 'permission denied',
  EPERM: 'not permitted',
  EROFS: 'the file system is read-only',
  ENOSPC: 'the disk is full',
  ENAMETOOLONG: 'the name is too long',
};

function refuseToWrite(path: string, error: unknown): never {
  if (!(error instanceof Error) || !('code' in error)) throw error;
  return refuse('BWC106', { path, reason: REASONS[String(error.code)] ?? error.message }, undefined, error);
}

function isSameFile(a: string, b: string): boolean {
  if (resolve(a) === resolve(b)) return true;
  const [x, y] = [statOf(a), statOf(b)];
  if (x === undefined || y === undefined) return false;
  return (x.ino !== 0 && x.dev === y.dev && x.ino === y.ino) || realpathSync(a) === realpathSync(b);
}

function statOf(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch {
    return undefined;
  }
}
