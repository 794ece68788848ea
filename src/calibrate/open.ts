import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Model } from '../ir/index.js';
import { externalLocations, readModel, toBytes, writeModel } from '../onnx/index.js';
import { type OpenModel, openModel, type SessionOptions } from '../runtime/index.js';

/**
 * Opens an edited copy of a model; the file stays as it is. One with weights in other files is loaded from a file
 * beside it, which is gone when this returns.
 */
export async function openCopy(
  path: string,
  options: SessionOptions,
  edit: (model: Model) => void,
): Promise<OpenModel> {
  const model = readModel(path);
  edit(model);
  const settings = { ...options, label: path };
  if (externalLocations(model).size === 0) return openModel(toBytes(model), settings);
  const beside = join(dirname(path), `.${basename(path)}.${randomUUID()}.calibrate.onnx`);
  try {
    await writeModel(model, beside);
    return await openModel(beside, settings);
  } finally {
    await rm(beside, { force: true });
  }
}
