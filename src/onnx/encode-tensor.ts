import protobuf from 'protobufjs/minimal.js';
import { refuse } from '../diagnostics/index.js';
import type { Tensor } from '../ir/index.js';
import { elemNumber, varintTag } from './encode-type.js';
import { TensorOrigin } from './origin.js';
import { Output } from './output.js';
import { encodeEntry, patch, type Rule, repeat, replace, text } from './patch.js';
import { EXTERNAL, GRAPH, SPARSE_TENSOR, TENSOR, WIRE } from './schema.js';
import { encodeText } from './text.js';

/** Where a tensor was read, unless it is a changed copy of the one that was. */
export function originOf(tensor: Tensor): TensorOrigin | undefined {
  const { origin } = tensor;
  return origin instanceof TensorOrigin && origin.tensor === tensor ? origin : undefined;
}

/** True for a tensor that stands for a `SparseTensorProto`. */
export function isSparse(tensor: Tensor): boolean {
  return originOf(tensor)?.field === GRAPH.sparseInitializer;
}

/** Writes a tensor under a field number; elements that were read stay ranges of their file. */
export function encodeTensor(out: Output, number: number, tensor: Tensor, name = tensor.name): void {
  const origin = originOf(tensor);
  if (origin === undefined) {
    out.field(number, encodeNew(tensor, name));
  } else if (origin.name === name) {
    repeat(out, number, origin);
  } else {
    const renamed = new Output();
    patch(renamed, [origin], isSparse(tensor) ? renameSparse(name) : renameDense(name));
    out.field(number, renamed);
  }
}

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
    const bytes = tensor.bytes();
    if (bytes === undefined)
      refuse('BWC902', { reason: `tensor ${name} of type ${tensor.elem} has no elements to write` });
    out.field(TENSOR.rawData, bytes);
  }
  for (const [key, value] of tensor.metadata) out.field(TENSOR.metadataProps, encodeEntry(key, value));
  return out;
}

function encodeExternal(out: Output, external: NonNullable<Tensor['external']>): void {
  const { location, offset, length, checksum } = external;
  const entry = (key: string, value: string): void => out.field(TENSOR.externalData, encodeEntry(key, value));
  entry('location', location);
  entry('offset', String(offset));
  if (length !== undefined) entry('length', String(length));
  if (checksum !== undefined) entry('checksum', checksum);
  out.bytes(protobuf.Writer.create().uint32(varintTag(TENSOR.dataLocation)).int32(EXTERNAL).finish());
}
