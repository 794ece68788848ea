import { reasonOf, refuse } from '../diagnostics/index.js';
import type { Manifest } from '../plan/manifest.js';
import type { SavedState } from './cached.js';
import { readSafetensors, writeSafetensors } from './safetensors.js';
import type { HostTensor } from './tensors.js';

/** A saved state as a safetensors file, which other languages read as well: one tensor for each state input. */
export function packState(state: SavedState): Uint8Array {
  return writeSafetensors(state);
}

/**
 * The state that `packState` made, checked against the model that it is for.
 * @throws Refusal BWC421 when it does not fit
 */
export function unpackState(bytes: Uint8Array, manifest: Pick<Manifest, 'state'>): SavedState {
  try {
    const tensors = readSafetensors(bytes);
    const state = new Map([...tensors].map(([name, read]) => [name, read()]));
    checkState(state, manifest);
    return state;
  } catch (cause) {
    return refuse('BWC421', { reason: reasonOf(cause) }, undefined, cause);
  }
}

function checkState(state: SavedState, manifest: Pick<Manifest, 'state'>): void {
  for (const pair of manifest.state) {
    const tensor = state.get(pair.input);
    if (tensor === undefined) throw new Error(`it has no ${pair.input}`);
    if (!fits(tensor, pair)) {
      throw new Error(
        `${pair.input} is ${text(tensor.type, tensor.dims)}, not ${text(pair.type, pair.shape)}`,
      );
    }
  }
  const known = new Set(manifest.state.map(pair => pair.input));
  const extra = [...state.keys()].find(name => !known.has(name));
  if (extra !== undefined) throw new Error(`the model has no state ${extra}`);
}

function fits({ type, dims }: HostTensor, pair: Manifest['state'][number]): boolean {
  return (
    type === pair.type &&
    dims.length === pair.shape.length &&
    pair.shape.every((d, i) => typeof d === 'string' || d === dims[i])
  );
}

const text = (type: string, dims: readonly (number | string)[]): string => `${type}[${dims.join(', ')}]`;
