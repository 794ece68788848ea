import { DATA_TYPES, type DataType, ELEM_TEXT } from '../types.js';

/** Element types by the name that the textual syntax gives them. */
export const ELEM_BY_TEXT: ReadonlyMap<string, DataType> = new Map(
  DATA_TYPES.map(elem => [elemText(elem), elem] as const),
);

/** Words that start a type, and so cannot stand unquoted where a type may come first. */
export const TYPE_WORDS: ReadonlySet<string> = new Set([
  ...ELEM_BY_TEXT.keys(),
  'seq',
  'map',
  'optional',
  'sparse_tensor',
  'opaque',
]);

/** Words that onnx's parser reads as a float where an attribute value is expected. */
const FLOAT_WORDS: ReadonlySet<string> = new Set(['inf', 'infinity', 'nan']);

export function elemText(elem: DataType): string {
  return ELEM_TEXT[elem] ?? elem;
}

/** A string in double quotes; only quotes and backslashes are escaped (`printQuoted` in onnx/defs/printer.cc). */
export function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}

export function isPlain(name: string): boolean {
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(name);
}

/** A name as it stands in the text: quoted unless it is an identifier that nothing else can be taken for. */
export function nameText(name: string): string {
  const plain = isPlain(name) && !TYPE_WORDS.has(name) && !FLOAT_WORDS.has(name.toLowerCase());
  return plain ? name : quoted(name);
}
