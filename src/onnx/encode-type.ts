import protobuf from 'protobufjs/minimal.js';
import { DATA_TYPES, type DataType, type Dim, type ValueType } from '../ir/index.js';
import { Output } from './output.js';
import { bytesOfType } from './read-type.js';
import { DIMENSION, SHAPE, TENSOR_TYPE, TYPE, WIRE } from './schema.js';
import { encodeText } from './text.js';

/** Tag of a length-delimited field. */
export const bytesTag = (number: number): number => number * 8 + WIRE.bytes;

/** Tag of a varint field. */
export const varintTag = (number: number): number => number * 8 + WIRE.varint;

/** Number of an element type in `TensorProto.DataType`. */
export const elemNumber = (elem: DataType): number => DATA_TYPES.indexOf(elem);

/** A `TypeProto`: as read, for types the IR does not describe; undefined when there is nothing to say. */
export function encodeType(type: ValueType): Output | undefined {
  const out = new Output();
  const read = bytesOfType(type);
  if (read !== undefined) for (const span of read) out.range(span);
  else if (type.kind === 'other') return undefined;
  else if ('of' in type) {
    const inner = new Output();
    const element = encodeType(type.of);
    if (element !== undefined) inner.field(TENSOR_TYPE.elemType, element);
    out.field(type.kind === 'sequence' ? TYPE.sequenceType : TYPE.optionalType, inner);
  } else {
    const number = type.kind === 'tensor' ? TYPE.tensorType : TYPE.sparseTensorType;
    out.field(number, encodeTensorType(type.elem, type.shape));
  }
  return out;
}

function encodeTensorType(elem: DataType, shape: readonly Dim[] | undefined): Uint8Array {
  const writer = protobuf.Writer.create();
  writer.uint32(varintTag(TENSOR_TYPE.elemType)).int32(elemNumber(elem));
  if (shape !== undefined) {
    writer.uint32(bytesTag(TENSOR_TYPE.shape)).fork();
    for (const dim of shape) {
      writer.uint32(bytesTag(SHAPE.dim)).fork();
      if (typeof dim === 'number') writer.uint32(varintTag(DIMENSION.value)).int64(dim);
      else if (dim !== undefined) writer.uint32(bytesTag(DIMENSION.param)).bytes(encodeText(dim));
      writer.ldelim();
    }
    writer.ldelim();
  }
  return writer.finish();
}

/** Whether two types say the same. */
export function sameType(a: ValueType | undefined, b: ValueType | undefined): boolean {
  if (a === b) return true;
  if (a === undefined || b === undefined || a.kind !== b.kind || 'of' in a !== 'of' in b) return false;
  if ('of' in a && 'of' in b) return sameType(a.of, b.of);
  if (!('elem' in a && 'elem' in b)) return false;
  const { shape } = a;
  const other = b.shape;
  if (a.elem !== b.elem || shape === undefined || other === undefined)
    return a.elem === b.elem && shape === other;
  return shape.length === other.length && shape.every((dim, i) => dim === other[i]);
}
