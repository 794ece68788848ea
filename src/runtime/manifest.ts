import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { reasonOf, refuse } from '../diagnostics/index.js';
import { MANIFEST_KEY, type Manifest, manifestSchema } from '../plan/manifest.js';

/**
 * The manifest of a model file: from its metadata, or, where a tool dropped that, from the JSON beside it. A path that
 * ends in `.json` is that of a manifest. Undefined when the model was not compiled by `bwc`.
 * @throws Refusal BWC101 to BWC108 for a file that is no model, BWC403 for a manifest that cannot be read
 */
export async function manifestOf(path: string): Promise<Manifest | undefined> {
  if (path.endsWith('.json')) return parseManifest(textOf(path), path);
  const { readModel } = await import('../onnx/index.js');
  const text = readModel(path).metadata.get(MANIFEST_KEY) ?? manifestBeside(path);
  return text === undefined ? undefined : parseManifest(text, path);
}

/** Paths of the two models of a split. */
export interface SplitPaths {
  readonly compute: string;
  readonly reuse: string;
}

/** Where the two models lie of a split whose manifest, or one of whose models, is at `path`. */
export function splitPaths(path: string, { split }: Manifest): SplitPaths | undefined {
  if (split === undefined) return undefined;
  const folder = dirname(path);
  return { compute: join(folder, split.compute), reuse: join(folder, split.reuse) };
}

/**
 * The files of a compiled model: itself, or the two that a manifest or one of them leads to, the computing one first.
 * @throws Refusal BWC431 where a manifest names no two models, or one of them is missing
 */
export async function modelFiles(path: string): Promise<readonly [string, ...string[]]> {
  const isManifest = path.endsWith('.json');
  const manifest = isManifest || existsSync(path) ? await manifestOf(path) : undefined;
  const split = manifest && splitPaths(path, manifest);
  if (split === undefined) {
    return isManifest ? refuse('BWC431', { path, reason: 'the manifest is that of one model' }) : [path];
  }
  for (const file of [split.compute, split.reuse]) {
    if (!existsSync(file)) refuse('BWC431', { path, reason: `${file} is missing` });
  }
  return [split.compute, split.reuse];
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    return refuse('BWC101', { path, reason: reasonOf(cause) }, undefined, cause);
  }
}

function manifestBeside(path: string): string | undefined {
  const beside = `${path}.json`;
  const text = existsSync(beside) ? readFileSync(beside, 'utf8') : '';
  return text.includes(`"${MANIFEST_KEY}"`) ? text : undefined;
}

/** @throws Refusal BWC403 when the text is not a manifest that this version understands */
export function parseManifest(text: string, path: string): Manifest {
  try {
    return manifestSchema.parse(JSON.parse(text));
  } catch (cause) {
    return refuse(
      'BWC403',
      { path, reason: `its manifest is malformed: ${reasonOf(cause)}` },
      undefined,
      cause,
    );
  }
}
