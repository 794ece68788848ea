import { accessSync, constants, realpathSync, type Stats, statSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { type Diagnostic, diagnostic, refuse } from '../src/diagnostics/index.js';
import type { Model } from '../src/ir/index.js';
import {
  checkExternalData,
  Staging,
  verifyChecksums,
  type Weights,
  type Written,
  writeModel,
} from '../src/onnx/index.js';

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

export interface WeightsOptions {
  readonly weights?: Weights | undefined;
  readonly checksum?: true | undefined;
}

/**
 * Refuses when the model's weights in other files are missing, would be overwritten, could not be found from the
 * output's folder, or, on request, are not those of the recorded checksums.
 * @returns notes
 */
export async function checkWeights(
  model: Model,
  input: string,
  outputs: readonly string[],
  { weights = 'reference', checksum }: WeightsOptions = {},
): Promise<Diagnostic[]> {
  const folder = dirname(resolve(input));
  for (const location of checkExternalData(model, input)) {
    for (const output of outputs) {
      if (isSameFile(join(folder, location), output)) refuse('BWC107', { path: output });
      if (weights === 'reference' && !isSameFile(folder, dirname(resolve(output))))
        refuse('BWC110', { path: output, folder });
    }
  }
  if (checksum !== true || (await verifyChecksums(model, input)) > 0) return [];
  return [diagnostic('BWC115', { path: input })];
}

/** Writes a model with its weights as asked for, and a text beside it: all or nothing. */
export async function writeWithManifest(
  model: Model,
  output: string,
  manifest: string,
  weights?: Weights,
): Promise<Written> {
  return await writeModel(model, output, { weights, beside: [[`${output}.json`, manifest]] });
}

/** Writes texts to paths, making their folders: all or nothing. */
export async function writeTexts(texts: readonly (readonly [path: string, text: string])[]): Promise<void> {
  const staging = new Staging();
  try {
    for (const [path, text] of texts)
      await staging.stage(path, temporary => writeFile(temporary, text), true);
    await staging.commit();
  } catch (error) {
    await staging.discard();
    refuseToWrite(texts.map(([path]) => path).join(', '), error);
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

/** @throws Refusal BWC106 with what the system says, in words */
export function refuseToWrite(path: string, error: unknown): never {
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
