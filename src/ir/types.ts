/**
 * Element types, dimensions and value types of ONNX (spec: "Tensor Element Types", onnx.proto `TypeProto`).
 */

/** Element types in the order of `TensorProto.DataType`; the index is the enum number. */
export const DATA_TYPES = [
  'undefined',
  'float32',
  'uint8',
  'int8',
  'uint16',
  'int16',
  'int32',
  'int64',
  'string',
  'bool',
  'float16',
  'float64',
  'uint32',
  'uint64',
  'complex64',
  'complex128',
  'bfloat16',
  'float8e4m3fn',
  'float8e4m3fnuz',
  'float8e5m2',
  'float8e5m2fnuz',
  'uint4',
  'int4',
  'float4e2m1',
  'float8e8m0',
  'uint2',
  'int2',
] as const;

export type DataType = (typeof DATA_TYPES)[number];

const BITS: Partial<Record<DataType, number>> = {
  float32: 32,
  uint8: 8,
  int8: 8,
  uint16: 16,
  int16: 16,
  int32: 32,
  int64: 64,
  bool: 8,
  float16: 16,
  float64: 64,
  uint32: 32,
  uint64: 64,
  complex64: 64,
  complex128: 128,
  bfloat16: 16,
  uint4: 4,
  int4: 4,
  float4e2m1: 4,
  uint2: 2,
  int2: 2,
};

/** Bits of one element; the 8-bit float formats have 8, `string` and `undefined` have none (0). */
export function bitsOf(elem: DataType): number {
  return BITS[elem] ?? (elem.startsWith('float8') ? 8 : 0);
}

/** Bytes that `count` elements take in `raw_data`; sub-byte types are packed. */
export function byteLengthOf(elem: DataType, count: number): number {
  return Math.ceil((bitsOf(elem) * count) / 8);
}

const FLOATS: ReadonlySet<DataType> = new Set<DataType>(['float32', 'float16', 'float64', 'bfloat16']);

/** True for the float types that activations have. */
export function isFloat(elem: DataType): boolean {
  return FLOATS.has(elem);
}

/** A dimension: a size, a symbol (`dim_param`, which may be an expression), or unknown. */
export type Dim = number | string | undefined;

export type Shape = readonly Dim[];

export interface TensorType {
  readonly kind: 'tensor' | 'sparse';
  readonly elem: DataType;
  /** Absent when even the rank is unknown. */
  readonly shape?: Shape;
}

export interface ContainerType {
  readonly kind: 'sequence' | 'optional';
  readonly of: ValueType;
}

/** A type `bwc` carries through without looking inside (maps, opaque types, unset). */
export interface OtherType {
  readonly kind: 'other';
}

export type ValueType = TensorType | ContainerType | OtherType;

export function tensorType(elem: DataType, shape?: Shape): TensorType {
  return shape === undefined ? { kind: 'tensor', elem } : { kind: 'tensor', elem, shape };
}

/** The shape when every dimension is a number. */
export function staticShape(type: ValueType | undefined): readonly number[] | undefined {
  if (type?.kind !== 'tensor' || type.shape === undefined) return undefined;
  return type.shape.every(d => typeof d === 'number') ? (type.shape as readonly number[]) : undefined;
}

/** Text of a type as in ONNX's textual syntax: `float[batch,128,?]`. */
export function typeText(type: ValueType | undefined): string {
  if (type === undefined) return '?';
  switch (type.kind) {
    case 'tensor':
    case 'sparse': {
      const elem = ELEM_TEXT[type.elem] ?? type.elem;
      const dims =
        type.shape === undefined
          ? '[]'
          : type.shape.length === 0
            ? ''
            : `[${type.shape.map(d => d ?? '?').join(',')}]`;
      return type.kind === 'tensor' ? elem + dims : `sparse_tensor(${elem}${dims})`;
    }
    case 'sequence':
      return `seq(${typeText(type.of)})`;
    case 'optional':
      return `optional(${typeText(type.of)})`;
    case 'other':
      return 'other';
  }
}

/** Element names that ONNX's textual syntax spells otherwise than we do. */
export const ELEM_TEXT: Partial<Record<DataType, string>> = { float32: 'float', float64: 'double' };

/**
 * Whether a value of type `a` may stand where one of type `b` stood: same kind and element type, and no two
 * known dimensions that differ. Symbols are not compared, since exporters spell equal sizes differently.
 */
export function compatible(a: ValueType | undefined, b: ValueType | undefined): boolean {
  if (a === undefined || b === undefined) return true;
  if (a.kind === 'other' || b.kind === 'other') return true;
  if (a.kind === 'sequence' || a.kind === 'optional') return b.kind === a.kind && compatible(a.of, b.of);
  if (b.kind === 'sequence' || b.kind === 'optional' || a.kind !== b.kind || a.elem !== b.elem) return false;
  const { shape } = a;
  const other = b.shape;
  if (shape === undefined || other === undefined) return true;
  return shape.length === other.length && shape.every((d, i) => !differ(d, other[i]));
}

function differ(a: Dim, b: Dim): boolean {
  return typeof a === 'number' && typeof b === 'number' && a !== b;
}

/** For the default case of a switch over a union: the compiler proves that it is never reached. */
export function assertNever(value: never): never {
  throw new Error(`unreachable: ${String(value)}`);
}
