import { checkExternalData, readModel } from '../src/onnx/index.js';
import { modelFiles } from '../src/runtime/index.js';

/**
 * Refuses files that are no models or lack their weights, with words of ours rather than the runtime's. The path of a
 * split leads to both its models.
 */
export async function checkReadable(paths: readonly string[]): Promise<void> {
  for (const path of paths)
    for (const file of await modelFiles(path)) checkExternalData(readModel(file), file);
}
