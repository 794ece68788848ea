import { refuse } from '../diagnostics/index.js';
import { bitsOf, type DataType, type ExternalData, Tensor } from '../ir/index.js';
import { TensorOrigin } from './origin.js';
import { readEntry } from './read-entry.js';
import { elemOf } from './read-type.js';
import { EXTERNAL, SPARSE_TENSOR, TENSOR, WIRE } from './schema.js';
import { Cursor, type Span } from './wire.js';

/** A `TensorProto`. Elements stay in the file until `bytes` asks for them. */
export function readTensor(record: Cursor): Tensor {
  const origin = new TensorOrigin(record);
  let elem: DataType = 'undefined';
  let docString = '';
  let location = 0;
  const dims: number[] = [];
  const external: (readonly [string, string])[] = [];
  const metadata: (readonly [string, string])[] = [];
  for (const cursor = new Cursor(record.span); cursor.next(); ) {
    if (cursor.number === TENSOR.dims) readIntegers(cursor, dims);
    else if (cursor.is(TENSOR.dataType, WIRE.varint)) elem = elemOf(cursor.int32());
    else if (cursor.is(TENSOR.dataLocation, WIRE.varint)) location = cursor.int32();
    else if (cursor.wire !== WIRE.bytes) continue;
    else if (cursor.number === TENSOR.name) origin.name = cursor.text();
    else if (cursor.number === TENSOR.docString) docString = cursor.text();
    else if (cursor.number === TENSOR.externalData) external.push(readEntry(cursor.span));
    else if (cursor.number === TENSOR.metadataProps) metadata.push(readEntry(cursor.span));
  }
  checkDims(origin, dims);
  const tensor = new Tensor({
    elem,
    dims,
    name: origin.name,
    docString,
    metadata: new Map(metadata),
    origin,
    ...(location === EXTERNAL ? { external: readExternal(origin, external) } : {}),
    ...(location === EXTERNAL || elem === 'string' ? {} : { load: () => loadElements(origin, elem) }),
  });
  origin.tensor = tensor;
  return tensor;
}

/** A `SparseTensorProto` as the dense tensor it stands for; its elements are not offered. */
export function readSparse(record: Cursor): Tensor {
  const origin = new TensorOrigin(record);
  let elem: DataType = 'undefined';
  const dims: number[] = [];
  for (const cursor = new Cursor(record.span); cursor.next(); ) {
    if (cursor.number === SPARSE_TENSOR.dims) readIntegers(cursor, dims);
    else if (cursor.is(SPARSE_TENSOR.values, WIRE.bytes)) {
      const values = readTensor(cursor);
      elem = values.elem;
      origin.name = values.name;
    }
  }
  checkDims(origin, dims);
  const tensor = new Tensor({ elem, dims, name: origin.name, origin });
  origin.tensor = tensor;
  return tensor;
}

/** Strings of a `TensorProto` of type string, as bytes. */
export function* stringsOf(origin: TensorOrigin): IterableIterator<Uint8Array> {
  for (const cursor = new Cursor(origin); cursor.next(); ) {
    if (cursor.is(TENSOR.stringData, WIRE.bytes)) yield origin.source.copy(cursor.at, cursor.end);
  }
}

/** Where `raw_data` lies, when the elements are there. */
export function rawData(origin: TensorOrigin): Span | undefined {
  let raw: Span | undefined;
  for (const cursor = new Cursor(origin); cursor.next(); )
    if (cursor.is(TENSOR.rawData, WIRE.bytes)) raw = cursor.span;
  return raw;
}

function checkDims(origin: TensorOrigin, dims: readonly number[]): void {
  const bad = dims.some(d => d < 0) || !Number.isSafeInteger(dims.reduce((a, b) => a * b, 1));
  if (!bad) return;
  const reason = `tensor ${origin.name} has dimensions ${dims.join('x')}`;
  refuse('BWC108', { path: origin.source.path, reason }, origin.origin);
}

/** Repeated integers, packed or one by one. */
function readIntegers(cursor: Cursor, into: number[]): void {
  if (cursor.wire === WIRE.varint) into.push(cursor.integer());
  else if (cursor.wire === WIRE.bytes)
    for (const each = new Cursor(cursor.span); each.packed(); ) into.push(each.integer());
}

function readExternal(origin: TensorOrigin, entries: readonly (readonly [string, string])[]): ExternalData {
  const map = new Map(entries);
  const location = map.get('location');
  const bad = (reason: string): never =>
    refuse('BWC108', {
      path: origin.source.path,
      reason: `external data of tensor ${origin.name}: ${reason}`,
    });
  const size = (key: string): number | undefined => {
    const text = map.get(key);
    if (text === undefined || text === '') return undefined;
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    return Number.isSafeInteger(value) ? value : bad(`${key} is ${JSON.stringify(text)}`);
  };
  const length = size('length');
  const checksum = map.get('checksum');
  return {
    location: location || bad('no location'),
    offset: size('offset') ?? 0,
    ...(length === undefined ? {} : { length }),
    ...(checksum === undefined ? {} : { checksum }),
  };
}

/**
 * Elements as little-endian bytes. The typed fields hold: `float_data` float32 and complex64, `double_data`
 * float64 and complex128, `int64_data` int64, `uint64_data` uint32 and uint64, `int32_data` everything smaller,
 * one element (or one packed byte of 4-bit elements) an entry.
 */
function loadElements(origin: TensorOrigin, elem: DataType): Uint8Array {
  const { source } = origin;
  const raw = rawData(origin);
  if (raw !== undefined) return aligned(source.copy(raw.start, raw.end));
  const parts: Uint8Array[] = [];
  for (const cursor = new Cursor(origin); cursor.next(); ) {
    if (cursor.number === TENSOR.floatData || cursor.number === TENSOR.doubleData) {
      if (cursor.wire !== WIRE.varint && cursor.wire !== WIRE.groupStart)
        parts.push(source.copy(cursor.at, cursor.end));
    } else if (
      cursor.number === TENSOR.int32Data ||
      cursor.number === TENSOR.int64Data ||
      cursor.number === TENSOR.uint64Data
    ) {
      parts.push(loadIntegers(cursor, Math.max(1, bitsOf(elem) >>> 3)));
    }
  }
  return parts.length === 1 && parts[0] ? aligned(parts[0]) : new Uint8Array(Buffer.concat(parts));
}

/** Bytes that a typed array of any element type can look at. */
function aligned(bytes: Uint8Array): Uint8Array {
  return bytes.byteOffset % 8 === 0 ? bytes : bytes.slice();
}

function loadIntegers(cursor: Cursor, width: number): Uint8Array {
  const [count, each] = cursor.wire === WIRE.varint ? [1, cursor] : countPacked(cursor);
  const bytes = new Uint8Array(count * width);
  const put = (at: number, from: Cursor): void => {
    for (let i = 0; i < width; i++)
      bytes[at + i] = (i < 4 ? from.low >>> (8 * i) : from.high >>> (8 * i - 32)) & 0xff;
  };
  if (each === cursor) put(0, cursor);
  else for (let at = 0; each.packed(); at += width) put(at, each);
  return bytes;
}

function countPacked(cursor: Cursor): readonly [number, Cursor] {
  if (cursor.wire !== WIRE.bytes) return [0, new Cursor({ ...cursor.span, end: cursor.at })];
  let count = 0;
  for (const each = new Cursor(cursor.span); each.packed(); ) count++;
  return [count, new Cursor(cursor.span)];
}
