import { existsSync, readFileSync } from 'node:fs';
import { refuse } from '../diagnostics/index.js';
import { MANIFEST_KEY, type Manifest, manifestSchema } from '../plan/manifest.js';
import { reasonOf } from './profile.js';

/**
 * The manifest of a model file: from its metadata, or, where a tool dropped that, from the JSON beside it.
 * Undefined when the model was not compiled by `bwc`.
 * @throws Refusal BWC101 to BWC108 for a file that is no model, BWC403 for a manifest that cannot be read
 */
export async function manifestOf(path: string): Promise<Manifest | undefined> {
  const { readModel } = await import('../onnx/index.js');
  const text = readModel(path).metadata.get(MANIFEST_KEY) ?? manifestBeside(path);
  return text === undefined ? undefined : parseManifest(text, path);
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
