import protobuf from 'protobufjs/minimal.js';
import { refuse } from '../diagnostics/index.js';
import type { Tensor } from '../ir/index.js';
import { elemNumber, varintTag } from './encode-type.js';
import { MovedOrigin, TensorOrigin } from './origin.js';
import { Output } from './output.js';
import { drop, encodeEntry, patch, type Rule, type Rules, repeat, replace, text } from './patch.js';
import { readEntry } from './read-entry.js';
import { rawData } from './read-tensor.js';
import { EXTERNAL, GRAPH, SPARSE_TENSOR, TENSOR, WIRE } from './schema.js';
import { encodeText } from './text.js';
import { Cursor, type Span } from './wire.js';

/** Where a tensor was read, unless it is a changed copy of the one that was. */
export function originOf(tensor: Tensor): TensorOrigin | undefined {
  const { origin } = tensor;
  return origin instanceof TensorOrigin && origin.tensor === tensor ? origin : undefined;
}

/** The record that a tensor is written in the place of. */
export function recordOf(tensor: Tensor): TensorOrigin | undefined {
  return tensor.origin instanceof MovedOrigin ? tensor.origin.record : originOf(tensor);
}

/** True for a tensor that stands for a `SparseTensorProto`. */
export function isSparse(tensor: Tensor): boolean {
  return originOf(tensor)?.field === GRAPH.sparseInitializer;
}

/** Writes a tensor under a field number; elements that were read stay ranges of their file. */
export function encodeTensor(out: Output, number: number, tensor: Tensor, name = tensor.name): void {
  const origin = originOf(tensor);
  if (tensor.origin instanceof MovedOrigin && tensor.origin.record !== undefined) {
    const moved = new Output();
    patch(moved, [tensor.origin.record], moves(tensor, tensor.origin, name));
    out.field(number, moved);
  } else if (origin === undefined) {
    out.field(number, encodeNew(tensor, name));
  } else if (origin.name === name) {
    repeat(out, number, origin);
  } else {
    const renamed = new Output();
    patch(renamed, [origin], isSparse(tensor) ? renameSparse(name) : renameDense(name));
    out.field(number, renamed);
  }
}

/** Where the elements lie as `raw_data` has them: there, or as one packed run of floats. Sparse tensors have no such place. */
export function rawSpan(tensor: Tensor, origin: TensorOrigin): Span | undefined {
  if (isSparse(tensor)) return undefined;
  const raw = rawData(origin);
  if (raw !== undefined) return raw;
  let packed: Span | undefined;
  for (const cursor = new Cursor(origin); cursor.next(); ) {
    if (cursor.number !== TENSOR.floatData && cursor.number !== TENSOR.doubleData) continue;
    if (cursor.wire !== WIRE.bytes || packed !== undefined) return undefined;
    packed = cursor.span;
  }
  return packed;
}

const TYPED = [
  TENSOR.floatData,
  TENSOR.int32Data,
  TENSOR.stringData,
  TENSOR.int64Data,
  TENSOR.doubleData,
  TENSOR.uint64Data,
];

/** Rules that say anew where the elements lie, and leave the rest of the record as it is. */
function moves(tensor: Tensor, { record, data }: MovedOrigin, name: string): Rules {
  const rules: Rules = new Map();
  text(rules, TENSOR.name, name, record?.name ?? '');
  for (const field of TYPED) rules.set(field, drop([WIRE.varint, WIRE.fixed32, WIRE.fixed64, WIRE.bytes]));
  rules.set(
    TENSOR.rawData,
    data === undefined ? drop([WIRE.bytes]) : replace(out => out.field(TENSOR.rawData, data)),
  );
  rules.set(TENSOR.externalData, externalRule(tensor.external));
  const location = (out: Output): void => out.bytes(locationField());
  rules.set(TENSOR.dataLocation, tensor.external ? replace(location, [WIRE.varint]) : drop([WIRE.varint]));
  return rules;
}

/** Entries with new values where the old ones were; keys that the standard does not know stay. */
function externalRule(external: Tensor['external']): Rule {
  const rest = new Map(external && entriesOf(external));
  return {
    wires: [WIRE.bytes],
    record: (out, cursor) => {
      if (external === undefined) return;
      const [key] = readEntry(cursor.span);
      const value = rest.get(key);
      if (value !== undefined) out.field(TENSOR.externalData, encodeEntry(key, value));
      else if (!STANDARD.has(key)) out.field(TENSOR.externalData, cursor.span);
      rest.delete(key);
    },
    rest: out => {
      for (const [key, value] of rest) out.field(TENSOR.externalData, encodeEntry(key, value));
    },
  };
}

const STANDARD: ReadonlySet<string> = new Set(['location', 'offset', 'length', 'checksum']);

function renameDense(name: string): Map<number, Rule> {
  return new Map([[TENSOR.name, replace(out => out.field(TENSOR.name, encodeText(name)))]]);
}

/** The name of a sparse initializer is that of its values. */
function renameSparse(name: string): Map<number, Rule> {
  const rule: Rule = {
    wires: [WIRE.bytes],
    record: (out, cursor) => {
      const values = new Output();
      patch(values, [cursor.span], renameDense(name));
      out.field(SPARSE_TENSOR.values, values);
    },
    rest: () => undefined,
  };
  return new Map([[SPARSE_TENSOR.values, rule]]);
}

function encodeNew(tensor: Tensor, name: string): Output {
  const writer = protobuf.Writer.create();
  for (const dim of tensor.dims) writer.uint32(varintTag(TENSOR.dims)).int64(dim);
  writer.uint32(varintTag(TENSOR.dataType)).int32(elemNumber(tensor.elem));
  const out = new Output();
  out.bytes(writer.finish());
  const rules = new Map<number, Rule>();
  text(rules, TENSOR.name, name, '');
  text(rules, TENSOR.docString, tensor.docString, '');
  patch(out, [], rules);
  if (tensor.external !== undefined) encodeExternal(out, tensor.external);
  else {
    const data = tensor.origin instanceof MovedOrigin ? tensor.origin.data : undefined;
    const bytes = data ?? tensor.bytes();
    if (bytes === undefined)
      refuse('BWC902', { reason: `tensor ${name} of type ${tensor.elem} has no elements to write` });
    out.field(TENSOR.rawData, bytes);
  }
  for (const [key, value] of tensor.metadata) out.field(TENSOR.metadataProps, encodeEntry(key, value));
  return out;
}

function encodeExternal(out: Output, external: NonNullable<Tensor['external']>): void {
  for (const [key, value] of entriesOf(external)) out.field(TENSOR.externalData, encodeEntry(key, value));
  out.bytes(locationField());
}

function entriesOf({
  location,
  offset,
  length,
  checksum,
}: NonNullable<Tensor['external']>): [string, string][] {
  const entries: [string, string][] = [
    ['location', location],
    ['offset', String(offset)],
  ];
  if (length !== undefined) entries.push(['length', String(length)]);
  if (checksum !== undefined) entries.push(['checksum', checksum]);
  return entries;
}

function locationField(): Uint8Array {
  return protobuf.Writer.create().uint32(varintTag(TENSOR.dataLocation)).int32(EXTERNAL).finish();
}
