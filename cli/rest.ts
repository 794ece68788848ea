import { externalLocations, readModel, toBytes } from '../src/onnx/index.js';
import { keepRest, prepare } from '../src/passes/index.js';
import type { Manifest } from '../src/plan/index.js';

/**
 * What a reused step cannot save, as a model of its own. Undefined where the weights lie in other files, which a
 * model in memory cannot name.
 */
export function restModel(original: string, manifest: Manifest): Uint8Array | undefined {
  const model = readModel(original);
  if (externalLocations(model).size > 0) return undefined;
  prepare(model);
  keepRest(model, manifest);
  return toBytes(model);
}
