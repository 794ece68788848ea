import { DATA_TYPES, type DataType, type Dim, type ValueType } from '../ir/index.js';
import { DIMENSION, SHAPE, TENSOR_TYPE, TYPE, WIRE } from './schema.js';
import type { Source } from './source.js';
import { Cursor, cursors, type Message, type Span } from './wire.js';

const DEEPEST = 30;

/** Where types that the IR does not describe were read, so that a new declaration can repeat them. */
const unread = new WeakMap<ValueType, Message>();

/** The bytes a type was read from, for types that are or contain an `other`. */
export function bytesOfType(type: ValueType): Message | undefined {
  return unread.get(type);
}

/** Longer ones are hardly the same as others. Bytes. */
const SHORT = 256;

/** Types that were read from a source, by their bytes. */
const shared = new WeakMap<Source, Map<string, ValueType>>();

/** As `readType`; the same bytes give the same object, since most values of a file have one of few types. */
export function readSharedType(message: Message): ValueType {
  const [span, ...more] = message;
  if (span === undefined || more.length > 0 || span.end - span.start > SHORT) return readType(message);
  const { source, start, end } = span;
  source.need(start, end - start);
  const key = source.window.toString('latin1', start - source.from, end - source.from);
  const known = shared.get(source) ?? new Map<string, ValueType>();
  shared.set(source, known);
  const type = known.get(key) ?? readType(message);
  known.set(key, type);
  return type;
}

/** A `TypeProto`; its `value` is a oneof, of which the last field counts. */
export function readType(message: Message, depth = 0): ValueType {
  let type: ValueType = { kind: 'other' };
  for (const cursor of cursors(message)) {
    while (cursor.next()) {
      if (cursor.wire !== WIRE.bytes) continue;
      const { span } = cursor;
      if (cursor.number === TYPE.tensorType) type = readTensorType('tensor', span);
      else if (cursor.number === TYPE.sparseTensorType) type = readTensorType('sparse', span);
      else if (cursor.number === TYPE.sequenceType) type = readContainer('sequence', cursor, depth);
      else if (cursor.number === TYPE.optionalType) type = readContainer('optional', cursor, depth);
      else if (cursor.number === TYPE.mapType || cursor.number === TYPE.opaqueType) type = { kind: 'other' };
    }
  }
  if (hasOther(type)) unread.set(type, message);
  return type;
}

/** The element type of a number of `TensorProto.DataType`; numbers we do not know read as undefined. */
export function elemOf(number: number): DataType {
  return DATA_TYPES[number] ?? 'undefined';
}

function hasOther(type: ValueType): boolean {
  if ('of' in type) return hasOther(type.of);
  return type.kind === 'other' || type.elem === 'undefined';
}

function readContainer(kind: 'sequence' | 'optional', outer: Cursor, depth: number): ValueType {
  if (depth > DEEPEST) outer.fail('types are nested too deeply');
  const parts: Span[] = [];
  for (const cursor = new Cursor(outer.span); cursor.next(); ) {
    if (cursor.is(TENSOR_TYPE.elemType, WIRE.bytes)) parts.push(cursor.span);
  }
  return { kind, of: readType(parts, depth + 1) };
}

function readTensorType(kind: 'tensor' | 'sparse', span: Span): ValueType {
  let elem: DataType = 'undefined';
  let shape: Dim[] | undefined;
  for (const cursor = new Cursor(span); cursor.next(); ) {
    if (cursor.is(TENSOR_TYPE.elemType, WIRE.varint)) elem = elemOf(cursor.int32());
    else if (cursor.is(TENSOR_TYPE.shape, WIRE.bytes)) {
      shape ??= [];
      for (const dims = new Cursor(cursor.span); dims.next(); ) {
        if (dims.is(SHAPE.dim, WIRE.bytes)) shape.push(readDim(dims.span));
      }
    }
  }
  return shape === undefined ? { kind, elem } : { kind, elem, shape };
}

/** A `Dimension`; exporters write a negative size or an empty symbol for "unknown". */
function readDim(span: Span): Dim {
  let dim: Dim;
  for (const cursor = new Cursor(span); cursor.next(); ) {
    if (cursor.is(DIMENSION.value, WIRE.varint)) {
      const size = cursor.integer();
      dim = size < 0 ? undefined : size;
    } else if (cursor.is(DIMENSION.param, WIRE.bytes)) dim = cursor.text() || undefined;
  }
  return dim;
}
