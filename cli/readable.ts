import { checkExternalData, readModel } from '../src/onnx/index.js';

/** Refuses files that are no models or lack their weights, with words of ours rather than the runtime's. */
export function checkReadable(paths: readonly string[]): void {
  for (const path of paths) checkExternalData(readModel(path), path);
}
