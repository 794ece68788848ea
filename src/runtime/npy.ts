import { Buffer } from 'node:buffer';
import { fromBytes, type HostTensor, type RunType, sizeOf } from './tensors.js';

const MAGIC = Buffer.from('\x93NUMPY', 'latin1');

const TYPES: Readonly<Record<string, RunType>> = {
  f2: 'float16',
  f4: 'float32',
  f8: 'float64',
  i1: 'int8',
  i2: 'int16',
  i4: 'int32',
  i8: 'int64',
  u1: 'uint8',
  u2: 'uint16',
  u4: 'uint32',
  u8: 'uint64',
  b1: 'bool',
};

/**
 * Reads an array in NumPy's own format (NEP 1, versions 1 to 3).
 * @throws Error with a short reason when the bytes are something else, big-endian, or of a type that has no tensor.
 */
export function readNpy(file: Uint8Array): HostTensor {
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.byteLength);
  if (bytes.length < 12 || !bytes.subarray(0, 6).equals(MAGIC)) throw new Error('not an .npy file');
  const long = bytes.readUInt8(6) >= 2;
  const start = long ? 12 : 10;
  const end = start + (long ? bytes.readUInt32LE(8) : bytes.readUInt16LE(8));
  if (end > bytes.length) throw new Error('its header is cut off');
  const header = bytes.toString('latin1', start, end);
  const descr = /'descr':\s*'([<>|=]?)(\w+)'/.exec(header);
  const shape = /'shape':\s*\(([^)]*)\)/.exec(header)?.[1];
  const fortran = /'fortran_order':\s*(True|False)/.exec(header)?.[1];
  const type = TYPES[descr?.[2] ?? ''];
  if (descr === null || shape === undefined || fortran === undefined)
    throw new Error('its header is malformed');
  if (type === undefined) throw new Error(`its type ${descr[2]} is not supported`);
  if (descr[1] === '>') throw new Error('it is big-endian');
  const dims = shape
    .split(',')
    .map(d => d.trim())
    .filter(d => d !== '')
    .map(Number);
  const size = sizeOf(dims);
  if (!dims.every(d => Number.isSafeInteger(d) && d >= 0) || !Number.isSafeInteger(size)) {
    throw new Error(`its shape (${shape}) is malformed`);
  }
  const width = Number(descr[2]?.slice(1));
  if (bytes.length - end < size * width) throw new Error('its data is cut off');
  const rows = fromBytes(type, dims, bytes.subarray(end, end + size * width));
  return fortran === 'True' ? fromColumnMajor(rows) : rows;
}

function fromColumnMajor(tensor: HostTensor): HostTensor {
  const { dims, data } = tensor;
  const out = data.slice();
  const index = dims.map(() => 0);
  for (let i = 0; i < data.length; i++) {
    let at = 0;
    for (let axis = 0; axis < dims.length; axis++) at = at * (dims[axis] ?? 1) + (index[axis] ?? 0);
    const element = data[i];
    if (element !== undefined) out[at] = element;
    for (let axis = 0; axis < dims.length; axis++) {
      const next = (index[axis] ?? 0) + 1;
      index[axis] = next === dims[axis] ? 0 : next;
      if (next !== dims[axis]) break;
    }
  }
  return { ...tensor, data: out };
}

/** The tensor as an .npy file, version 1. */
export function writeNpy(tensor: HostTensor): Uint8Array {
  const code = Object.entries(TYPES).find(([, type]) => type === tensor.type)?.[0] ?? 'f4';
  const order = code.endsWith('1') ? '|' : '<';
  const shape = tensor.dims.length === 1 ? `${tensor.dims[0]},` : tensor.dims.join(', ');
  const text = `{'descr': '${order}${code}', 'fortran_order': False, 'shape': (${shape}), }`;
  const padded = `${text.padEnd(Math.ceil((11 + text.length) / 64) * 64 - 11)}\n`;
  const head = Buffer.alloc(10);
  MAGIC.copy(head);
  head.writeUInt8(1, 6);
  head.writeUInt16LE(padded.length, 8);
  const { buffer, byteOffset, byteLength } = tensor.data;
  return Buffer.concat([head, Buffer.from(padded, 'latin1'), new Uint8Array(buffer, byteOffset, byteLength)]);
}
