import { Buffer } from 'node:buffer';
import { z } from 'zod';
import { fromBytes, type HostTensor, type RunType, sizeOf } from './tensors.js';

const TYPES: Readonly<Record<string, RunType>> = {
  F16: 'float16',
  F32: 'float32',
  F64: 'float64',
  I8: 'int8',
  I16: 'int16',
  I32: 'int32',
  I64: 'int64',
  U8: 'uint8',
  U16: 'uint16',
  U32: 'uint32',
  U64: 'uint64',
  BOOL: 'bool',
};

const headerSchema = z.record(
  z.string(),
  z.union([
    z.object({
      dtype: z.string(),
      shape: z.array(z.number().int().nonnegative()),
      data_offsets: z.tuple([z.number().int().nonnegative(), z.number().int().nonnegative()]),
    }),
    z.record(z.string(), z.string()),
  ]),
);

/**
 * Tensors of a safetensors file by name, read when asked for. BF16 becomes float32, which holds every bfloat16.
 * @throws Error with a short reason when the bytes are something else.
 */
export function readSafetensors(file: Uint8Array): Map<string, () => HostTensor> {
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.byteLength);
  const length = bytes.length < 8 ? Number.NaN : Number(bytes.readBigUInt64LE(0));
  if (!(8 + length <= bytes.length)) throw new Error('not a safetensors file');
  let header: z.infer<typeof headerSchema>;
  try {
    header = headerSchema.parse(JSON.parse(bytes.toString('utf8', 8, 8 + length)));
  } catch (cause) {
    throw new Error('its header is malformed', { cause });
  }
  const tensors = new Map<string, () => HostTensor>();
  for (const [name, entry] of Object.entries(header)) {
    if (name === '__metadata__' || !Array.isArray(entry.data_offsets) || !Array.isArray(entry.shape))
      continue;
    const { dtype, shape: dims, data_offsets: offsets } = entry;
    const data = bytes.subarray(8 + length + offsets[0], 8 + length + offsets[1]);
    tensors.set(name, () => decode(name, String(dtype), dims, data));
  }
  return tensors;
}

function decode(name: string, dtype: string, dims: readonly number[], data: Uint8Array): HostTensor {
  const size = sizeOf(dims);
  const type = dtype === 'BF16' ? 'float32' : TYPES[dtype];
  if (type === undefined) throw new Error(`type ${dtype} of ${name} is not supported`);
  const width = dtype === 'BOOL' ? 1 : Number(dtype.replace(/\D/g, '')) / 8;
  if (data.length !== size * width) throw new Error(`data of ${name} is cut off`);
  if (dtype !== 'BF16') return fromBytes(type, dims, data);
  const wide = new Uint8Array(size * 4);
  for (let i = 0; i < size; i++) wide.set(data.subarray(2 * i, 2 * i + 2), 4 * i + 2);
  return fromBytes(type, dims, wide);
}

/** A safetensors file that holds `tensors`. */
export function writeSafetensors(tensors: ReadonlyMap<string, HostTensor>): Uint8Array {
  const header: Record<string, { dtype: string; shape: readonly number[]; data_offsets: [number, number] }> =
    {};
  const parts: Uint8Array[] = [];
  let at = 0;
  for (const [name, { type, dims, data }] of tensors) {
    const dtype = Object.entries(TYPES).find(([, known]) => known === type)?.[0] ?? 'F32';
    header[name] = { dtype, shape: dims, data_offsets: [at, at + data.byteLength] };
    parts.push(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    at += data.byteLength;
  }
  const json = JSON.stringify(header);
  const text = Buffer.from(json.padEnd(Math.ceil(json.length / 8) * 8));
  const head = Buffer.alloc(8);
  head.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([head, text, ...parts]);
}
