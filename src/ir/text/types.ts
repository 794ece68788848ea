import type { Dim, ValueType } from '../types.js';
import { elemText, isPlain, quoted } from './names.js';

/** Names and numbers of `AttributeProto.AttributeType` (onnx.proto). */
export const ATTRIBUTE_TYPES: ReadonlyMap<string, number> = new Map([
  ['undefined', 0],
  ['float', 1],
  ['int', 2],
  ['string', 3],
  ['tensor', 4],
  ['graph', 5],
  ['floats', 6],
  ['ints', 7],
  ['strings', 8],
  ['tensors', 9],
  ['graphs', 10],
  ['sparse_tensor', 11],
  ['sparse_tensors', 12],
  ['type_proto', 13],
  ['type_protos', 14],
]);

const NAME_BY_TYPE: ReadonlyMap<number, string> = new Map(
  Array.from(ATTRIBUTE_TYPES, ([name, n]) => [n, name]),
);

export function attributeTypeText(type: number): string {
  return NAME_BY_TYPE.get(type) ?? 'undefined';
}

/** A value's type, ready to stand before its name; empty for what the syntax cannot say. */
export function valueTypeText(type: ValueType | undefined): string {
  const text = type && typeSyntax(type);
  return text === undefined ? '' : `${text} `;
}

function typeSyntax(type: ValueType): string | undefined {
  switch (type.kind) {
    case 'tensor':
    case 'sparse': {
      const tensor = elemText(type.elem) + shapeText(type.shape);
      return type.kind === 'tensor' ? tensor : `sparse_tensor(${tensor})`;
    }
    case 'sequence':
    case 'optional': {
      const of = typeSyntax(type.of);
      return of && `${type.kind === 'sequence' ? 'seq' : 'optional'}(${of})`;
    }
    case 'other':
      return undefined;
  }
}

/** Nothing for rank 0 and `[]` for an unknown rank, as in onnx's grammar. */
function shapeText(shape: readonly Dim[] | undefined): string {
  if (shape === undefined) return '[]';
  return shape.length === 0 ? '' : `[${shape.map(dimText).join(',')}]`;
}

function dimText(dim: Dim): string {
  if (dim === undefined) return '?';
  return typeof dim === 'number' || isPlain(dim) ? String(dim) : quoted(dim);
}
