import { fromHalf, type TypedArray, toHalf } from '../ir/tensor.js';
import type { DataType } from '../ir/types.js';

/** Element types that ONNX Runtime's Node binding takes as an input or gives as an output. */
export const RUN_TYPES = [
  'float32',
  'float64',
  'float16',
  'int64',
  'int32',
  'int16',
  'int8',
  'uint64',
  'uint32',
  'uint16',
  'uint8',
  'bool',
] as const satisfies readonly DataType[];

export type RunType = (typeof RUN_TYPES)[number];

/** A tensor in host memory, row-major. float16 lies in a Uint16Array as its bits, bool in a Uint8Array as 0 and 1. */
export interface HostTensor {
  readonly type: RunType;
  readonly dims: readonly number[];
  readonly data: TypedArray;
}

const ARRAYS = {
  float32: Float32Array,
  float64: Float64Array,
  float16: Uint16Array,
  int64: BigInt64Array,
  int32: Int32Array,
  int16: Int16Array,
  int8: Int8Array,
  uint64: BigUint64Array,
  uint32: Uint32Array,
  uint16: Uint16Array,
  uint8: Uint8Array,
  bool: Uint8Array,
} as const;

export function isRunType(type: string): type is RunType {
  return (RUN_TYPES as readonly string[]).includes(type);
}

/** Number of elements of a shape; 1 for a scalar's empty one. */
export function sizeOf(dims: readonly number[]): number {
  return dims.reduce((a, b) => a * b, 1);
}

export function zeros(type: RunType, dims: readonly number[]): HostTensor {
  return { type, dims, data: new ARRAYS[type](sizeOf(dims)) };
}

/** A tensor over bytes in the machine's order, without a copy where their alignment allows it. */
export function fromBytes(type: RunType, dims: readonly number[], bytes: Uint8Array): HostTensor {
  const array = ARRAYS[type];
  const aligned = bytes.byteOffset % array.BYTES_PER_ELEMENT === 0 ? bytes : Uint8Array.from(bytes);
  return { type, dims, data: new array(aligned.buffer as ArrayBuffer, aligned.byteOffset, sizeOf(dims)) };
}

/** A tensor of `type` from numbers: rounded to the nearest for float types, towards zero for integers, `x != 0` for bool. */
export function fromNumbers(type: RunType, dims: readonly number[], values: ArrayLike<number>): HostTensor {
  const tensor = zeros(type, dims);
  const { data } = tensor;
  if (values.length === data.length && (data instanceof Float32Array || data instanceof Float64Array)) {
    data.set(values);
    return tensor;
  }
  for (let i = 0; i < data.length; i++) {
    const x = values[i] ?? 0;
    if (data instanceof BigInt64Array || data instanceof BigUint64Array) data[i] = BigInt(Math.trunc(x));
    else data[i] = type === 'float16' ? toHalf(x) : type === 'bool' ? Number(x !== 0) : x;
  }
  return tensor;
}

/** Elements as numbers. float32 and float64 data is given as it is, anything else is converted. */
export function numbersOf(tensor: HostTensor): Float32Array | Float64Array {
  const { data } = tensor;
  if (data instanceof Float32Array || data instanceof Float64Array) return data;
  const out = new Float64Array(data.length);
  for (let i = 0; i < out.length; i++) {
    const x = Number(data[i]);
    out[i] = tensor.type === 'float16' ? fromHalf(x) : x;
  }
  return out;
}

/** The tensor in another element type; itself when it already has it. */
export function convert(tensor: HostTensor, type: RunType): HostTensor {
  return tensor.type === type ? tensor : fromNumbers(type, tensor.dims, numbersOf(tensor));
}

export function copyOf(tensor: HostTensor): HostTensor {
  return { ...tensor, data: tensor.data.slice() };
}

/** The tensor itself, or a copy where it lies in memory that is larger than it. */
export function withOwnMemory(tensor: HostTensor): HostTensor {
  return tensor.data.byteLength === tensor.data.buffer.byteLength ? tensor : copyOf(tensor);
}
