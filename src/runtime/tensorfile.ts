import { readFileSync } from 'node:fs';
import { readNpy } from './npy.js';
import { readSafetensors } from './safetensors.js';
import type { HostTensor } from './tensors.js';
import { readZip } from './zip.js';

/** Suffixes of the files that a tensor can be read from. */
export const TENSOR_FILES = ['.npy', '.npz', '.safetensors'] as const;

/**
 * Reads one tensor from a .npy, .npz or .safetensors file, by its suffix.
 * @param key name inside an archive; may be left out where there is only one tensor
 * @throws Error with a short reason
 */
export function readTensorFile(path: string, key?: string): HostTensor {
  const bytes = readFileSync(path);
  if (path.endsWith('.npy')) return readNpy(bytes);
  if (path.endsWith('.npz')) {
    const arrays = new Map([...readZip(bytes)].map(([name, read]) => [name.replace(/\.npy$/, ''), read]));
    return readNpy(pick(arrays, key)());
  }
  if (path.endsWith('.safetensors')) return pick(readSafetensors(bytes), key)();
  throw new Error(`not one of ${TENSOR_FILES.join(', ')}`);
}

function pick<T>(tensors: ReadonlyMap<string, T>, key: string | undefined): T {
  const names = [...tensors.keys()];
  const only = key ?? (names.length === 1 ? names[0] : undefined);
  const found = only === undefined ? undefined : tensors.get(only);
  if (found !== undefined) return found;
  throw new Error(`${key === undefined ? 'needs a key, one of' : `has no ${key}, only`} ${names.join(', ')}`);
}
