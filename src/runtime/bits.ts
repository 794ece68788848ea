import { Buffer } from 'node:buffer';
import type { HostTensor } from './tensors.js';

/** Same type, shape and bits. Two not-a-numbers of the same bits are equal, the two zeros are not. */
export function bitEqual(a: HostTensor, b: HostTensor): boolean {
  return (
    a.type === b.type &&
    a.dims.length === b.dims.length &&
    a.dims.every((d, i) => d === b.dims[i]) &&
    bytesOf(a).equals(bytesOf(b))
  );
}

/** The elements' bytes, sharing memory. */
export function bytesOf(tensor: HostTensor): Buffer {
  return Buffer.from(tensor.data.buffer, tensor.data.byteOffset, tensor.data.byteLength);
}
