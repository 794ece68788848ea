import { mkdirSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Compiled } from '../src/compile.js';
import type { Diagnostic } from '../src/diagnostics/index.js';
import { tritonConfig } from '../src/serve/index.js';
import {
  checkOutputs,
  checkWeights,
  refuseToWrite,
  type WeightsOptions,
  writeTexts,
  writeWithManifest,
} from './files.js';

/** Where Triton looks for a model: `FOLDER/NAME/config.pbtxt` and `FOLDER/NAME/VERSION/model.onnx`. */
export function repositoryPaths(
  input: string,
  folder: string,
): { name: string; config: string; model: string } {
  const name = basename(input).replace(/\.onnx$/, '');
  return { name, config: join(folder, name, 'config.pbtxt'), model: join(folder, name, '1/model.onnx') };
}

/** Writes a compiled model into a model repository for Triton, whole or not at all. */
export async function writeRepository(
  { model, manifest }: Compiled,
  input: string,
  folder: string,
  options: WeightsOptions,
): Promise<readonly Diagnostic[]> {
  const paths = repositoryPaths(input, folder);
  const config = tritonConfig(model, manifest, { name: paths.name });
  const made = makeFolder(dirname(paths.model));
  try {
    const outputs = [paths.model, `${paths.model}.json`];
    checkOutputs(input, outputs);
    const notes = await checkWeights(model, input, outputs, options);
    const text = `${JSON.stringify(manifest, null, 2)}\n`;
    const written = await writeWithManifest(model, paths.model, text, options.weights);
    await writeTexts([[paths.config, config]]);
    return [...notes, ...written.diagnostics];
  } catch (error) {
    if (made !== undefined) rmSync(made, { recursive: true, force: true });
    throw error;
  }
}

/** The outermost folder that had to be made. */
function makeFolder(path: string): string | undefined {
  try {
    return mkdirSync(path, { recursive: true });
  } catch (error) {
    return refuseToWrite(path, error);
  }
}
