import type { Origin } from './origin.js';
import { byteLengthOf, type DataType } from './types.js';

/** Where the bytes of a tensor lie outside the model file (`TensorProto.external_data`). */
export interface ExternalData {
  readonly location: string;
  readonly offset: number;
  /** Bytes; absent when the file leaves it out, which means "to the end of the file". */
  readonly length?: number;
  readonly checksum?: string;
}

export interface TensorInit {
  readonly elem: DataType;
  readonly dims: readonly number[];
  /** Little-endian elements, as in `raw_data`; read when first asked for. */
  readonly load?: () => Uint8Array;
  readonly external?: ExternalData;
  readonly name?: string;
  readonly docString?: string;
  readonly metadata?: ReadonlyMap<string, string>;
  readonly origin?: Origin;
}

export type TypedArray =
  | Float32Array
  | Float64Array
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array;

/** A constant tensor. Its bytes stay where they are (file range or external file) until asked for. */
export class Tensor {
  readonly elem: DataType;
  readonly dims: readonly number[];
  readonly external: ExternalData | undefined;
  readonly name: string;
  readonly docString: string;
  readonly metadata: ReadonlyMap<string, string>;
  readonly origin: Origin | undefined;
  readonly #load: (() => Uint8Array) | undefined;

  constructor(init: TensorInit) {
    this.elem = init.elem;
    this.dims = init.dims;
    this.external = init.external;
    this.name = init.name ?? '';
    this.docString = init.docString ?? '';
    this.metadata = init.metadata ?? new Map();
    this.origin = init.origin;
    this.#load = init.load;
  }

  get size(): number {
    return this.dims.reduce((a, b) => a * b, 1);
  }

  /** Bytes of the elements, wherever they lie. */
  get byteLength(): number {
    return this.external?.length ?? byteLengthOf(this.elem, this.size);
  }

  /** The bytes, or undefined for external data and strings, which a graph rewrite never needs. */
  bytes(): Uint8Array | undefined {
    return this.#load?.();
  }

  /** Elements as JavaScript numbers (int64 as exact as a double is), or undefined where `bytes` is. */
  numbers(): number[] | undefined {
    const bytes = this.bytes();
    return bytes === undefined ? undefined : decodeNumbers(this.elem, bytes, this.size);
  }

  static int64(values: readonly (number | bigint)[], dims: readonly number[] = [values.length]): Tensor {
    return fromArray('int64', BigInt64Array.from(values, BigInt), dims);
  }

  static float32(values: readonly number[], dims: readonly number[] = [values.length]): Tensor {
    return fromArray('float32', Float32Array.from(values), dims);
  }

  static bool(values: readonly boolean[], dims: readonly number[] = [values.length]): Tensor {
    return fromArray('bool', Uint8Array.from(values, Number), dims);
  }

  static zeros(elem: DataType, dims: readonly number[]): Tensor {
    const bytes = new Uint8Array(
      byteLengthOf(
        elem,
        dims.reduce((a, b) => a * b, 1),
      ),
    );
    return new Tensor({ elem, dims, load: () => bytes });
  }

  /** A tensor of `elem` from numbers, converted as ONNX `Cast` would. */
  static of(elem: DataType, values: readonly number[], dims: readonly number[]): Tensor {
    switch (elem) {
      case 'int64':
        return Tensor.int64(values, dims);
      case 'int32':
        return fromArray('int32', Int32Array.from(values), dims);
      case 'bool':
        return Tensor.bool(values.map(Boolean), dims);
      case 'float64':
        return fromArray('float64', Float64Array.from(values), dims);
      case 'float16':
        return fromArray('float16', Uint16Array.from(values, toHalf), dims);
      case 'bfloat16':
        return fromArray('bfloat16', Uint16Array.from(values, toBrain), dims);
      default:
        return Tensor.float32(values, dims);
    }
  }
}

function fromArray(elem: DataType, data: TypedArray, dims: readonly number[]): Tensor {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return new Tensor({ elem, dims, load: () => bytes });
}

const FLOAT_BITS = new DataView(new ArrayBuffer(4));

/** Bits of the float16 nearest to `x`, ties to even (IEEE 754). */
export function toHalf(x: number): number {
  FLOAT_BITS.setFloat32(0, x);
  const bits = FLOAT_BITS.getUint32(0);
  const sign = (bits >>> 16) & 0x8000;
  const exponent = (bits >>> 23) & 0xff;
  const mantissa = bits & 0x7fffff;
  if (exponent === 0xff) return sign | 0x7c00 | (mantissa ? 0x200 : 0);
  const e = exponent - 112;
  if (e >= 31) return sign | 0x7c00;
  if (e <= -11) return sign;
  const full = e > 0 ? mantissa : (mantissa | 0x800000) >>> 0;
  const drop = e > 0 ? 13 : 14 - e;
  const kept = (e > 0 ? e << 10 : 0) + (full >>> drop);
  const rest = full & ((1 << drop) - 1);
  const half = 1 << (drop - 1);
  return sign | (kept + (rest > half || (rest === half && kept & 1) ? 1 : 0));
}

/** The number that a float16 holds. */
export function fromHalf(bits: number): number {
  const exponent = (bits >>> 10) & 31;
  const mantissa = bits & 0x3ff;
  const sign = bits & 0x8000 ? -1 : 1;
  if (exponent === 31) return mantissa ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (exponent ? 2 ** (exponent - 15) * (1 + mantissa / 1024) : 2 ** -24 * mantissa);
}

function toBrain(x: number): number {
  FLOAT_BITS.setFloat32(0, x);
  const bits = FLOAT_BITS.getUint32(0);
  if (Number.isNaN(x)) return 0x7fc0;
  return (bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16;
}

/** The number that a bfloat16 holds. */
export function fromBrain(bits: number): number {
  FLOAT_BITS.setUint32(0, bits << 16);
  return FLOAT_BITS.getFloat32(0);
}

function decodeNumbers(elem: DataType, bytes: Uint8Array, size: number): number[] | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const read = (step: number, get: (offset: number) => number): number[] | undefined =>
    bytes.byteLength < size * step ? undefined : Array.from({ length: size }, (_, i) => get(i * step));
  switch (elem) {
    case 'float32':
      return read(4, o => view.getFloat32(o, true));
    case 'float64':
      return read(8, o => view.getFloat64(o, true));
    case 'float16':
      return read(2, o => fromHalf(view.getUint16(o, true)));
    case 'bfloat16':
      return read(2, o => fromBrain(view.getUint16(o, true)));
    case 'int64':
      return read(8, o => Number(view.getBigInt64(o, true)));
    case 'uint64':
      return read(8, o => Number(view.getBigUint64(o, true)));
    case 'int32':
      return read(4, o => view.getInt32(o, true));
    case 'uint32':
      return read(4, o => view.getUint32(o, true));
    case 'int16':
      return read(2, o => view.getInt16(o, true));
    case 'uint16':
      return read(2, o => view.getUint16(o, true));
    case 'int8':
      return read(1, o => view.getInt8(o));
    case 'uint8':
    case 'bool':
      return read(1, o => view.getUint8(o));
    default:
      return undefined;
  }
}
