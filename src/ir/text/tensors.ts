import { createHash } from 'node:crypto';
import type { Origin } from '../origin.js';
import { type ExternalData, Tensor } from '../tensor.js';
import { byteLengthOf, type DataType } from '../types.js';
import { elemText, quoted } from './names.js';
import { float32Text, float64Text, numberOf } from './numbers.js';

/** What stands in for contents that a text leaves out, or that `Tensor` has no room for. */
interface TextOrigin extends Origin {
  readonly origin: 'text';
  /** Hash of the elided contents; empty when nobody knew them. */
  readonly digest?: string;
  /** Elements of a `string` tensor. */
  readonly strings?: readonly string[];
}

/**
 * First 16 hex digits of the SHA-256 of a tensor's bytes, read from the text for a tensor that was printed elided.
 * Undefined for a tensor whose bytes are elsewhere.
 */
export function digestOf(tensor: Tensor): string | undefined {
  const said = textOrigin(tensor)?.digest;
  if (said !== undefined) return said === '' ? undefined : said;
  const bytes = tensor.bytes();
  return bytes && createHash('sha256').update(bytes).digest('hex').slice(0, 16);
}

/** Elements of a `string` tensor that was read from text. */
export function stringsOf(tensor: Tensor): readonly string[] | undefined {
  return textOrigin(tensor)?.strings;
}

/** `float[2,3]`, with all dimensions known. */
export function tensorTypeText(tensor: Tensor): string {
  return elemText(tensor.elem) + (tensor.dims.length > 0 ? `[${tensor.dims.join(',')}]` : '');
}

/**
 * Contents of a tensor: `{1, 2}`, or `["location": "w.bin", "offset": "0", "length": "8"]` for external data. More
 * than `limit` elements, or elements that are not at hand, are elided as `["elided": "<hash>"]`, which onnx's
 * parser reads as external data too.
 */
export function contentsText(tensor: Tensor, limit: number): string {
  if (tensor.external) return pairsText(externalPairs(tensor.external));
  const elements = tensor.size <= limit ? elementTexts(tensor) : undefined;
  if (elements) return `{${elements.join(', ')}}`;
  return pairsText([['elided', digestOf(tensor) ?? '']]);
}

export function pairsText(pairs: Iterable<readonly [string, string]>): string {
  return `[${Array.from(pairs, ([key, value]) => `${quoted(key)}: ${quoted(value)}`).join(', ')}]`;
}

/** A tensor from the pairs in brackets: elided or external. */
export function tensorFromPairs(
  elem: DataType,
  dims: readonly number[],
  pairs: ReadonlyMap<string, string>,
): Tensor {
  const digest = pairs.get('elided');
  if (digest !== undefined) {
    const origin: TextOrigin = { origin: 'text', digest };
    return new Tensor({ elem, dims, origin });
  }
  const length = pairs.get('length');
  const checksum = pairs.get('checksum');
  const external: ExternalData = {
    location: pairs.get('location') ?? '',
    offset: Number(pairs.get('offset') ?? 0),
    ...(length === undefined ? {} : { length: Number(length) }),
    ...(checksum === undefined ? {} : { checksum }),
  };
  return new Tensor({ elem, dims, external });
}

/** A `string` tensor; its elements are kept for printing only, since `Tensor` has no place for them. */
export function tensorOfStrings(dims: readonly number[], strings: readonly string[]): Tensor {
  const origin: TextOrigin = { origin: 'text', strings };
  return new Tensor({ elem: 'string', dims, origin });
}

/**
 * A tensor from the literals in braces, or what is wrong with them. 16-bit and 8-bit floats are given by their bit
 * patterns and packed types by their bytes, as onnx's printer and parser do.
 */
export function tensorOfLiterals(
  elem: DataType,
  dims: readonly number[],
  literals: readonly string[],
): Tensor | string {
  const coding = CODINGS[codingOf(elem)];
  const count =
    byteLengthOf(
      elem,
      dims.reduce((a, b) => a * b, 1),
    ) / coding.width;
  if (literals.length !== count)
    return `${literals.length} literals where ${elem}[${dims.join(',')}] has ${count}`;
  const bytes = new Uint8Array(count * coding.width);
  const view = new DataView(bytes.buffer);
  for (const [i, literal] of literals.entries()) {
    if (!coding.write(view, i * coding.width, literal)) return `${literal} is not of type ${elem}`;
  }
  return new Tensor({ elem, dims, load: () => bytes });
}

interface Coding {
  readonly width: number;
  readonly read: (view: DataView, at: number) => string;
  /** False when the literal is not of this type. */
  readonly write: (view: DataView, at: number, literal: string) => boolean;
}

const CODINGS = {
  float32: {
    width: 4,
    read: (view, at) => float32Text(view.getFloat32(at, true)),
    write: (view, at, literal) => {
      const number = numberOf(literal);
      if (number !== undefined) view.setFloat32(at, number, true);
      return number !== undefined;
    },
  },
  float64: {
    width: 8,
    read: (view, at) => float64Text(view.getFloat64(at, true)),
    write: (view, at, literal) => {
      const number = numberOf(literal);
      if (number !== undefined) view.setFloat64(at, number, true);
      return number !== undefined;
    },
  },
  int8: integer(1, true),
  uint8: integer(1, false),
  int16: integer(2, true),
  uint16: integer(2, false),
  int32: integer(4, true),
  uint32: integer(4, false),
  int64: integer(8, true),
  uint64: integer(8, false),
} satisfies Record<string, Coding>;

function integer(width: 1 | 2 | 4 | 8, signed: boolean): Coding {
  const bits = width * 8;
  const wrap = (value: bigint): bigint => (signed ? BigInt.asIntN(bits, value) : BigInt.asUintN(bits, value));
  return {
    width,
    read: (view, at) => {
      let value = 0n;
      for (let i = width - 1; i >= 0; i--) value = (value << 8n) | BigInt(view.getUint8(at + i));
      return String(wrap(value));
    },
    write: (view, at, literal) => {
      if (!/^-?\d+$/.test(literal)) return false;
      const value = BigInt(literal);
      if (wrap(value) !== value) return false;
      for (let i = 0; i < width; i++)
        view.setUint8(at + i, Number(BigInt.asUintN(8, value >> BigInt(8 * i))));
      return true;
    },
  };
}

/** How the elements of a type are written: by value, by bit pattern, or as packed bytes. */
function codingOf(elem: DataType): keyof typeof CODINGS {
  switch (elem) {
    case 'float16':
    case 'bfloat16':
      return 'uint16';
    case 'complex64':
      return 'float32';
    case 'complex128':
      return 'float64';
    default:
      return elem in CODINGS ? (elem as keyof typeof CODINGS) : 'uint8';
  }
}

function elementTexts(tensor: Tensor): readonly string[] | undefined {
  const strings = stringsOf(tensor);
  if (strings) return strings.map(quoted);
  const bytes = tensor.bytes();
  if (bytes === undefined || bytes.byteLength !== byteLengthOf(tensor.elem, tensor.size)) return undefined;
  const { width, read } = CODINGS[codingOf(tensor.elem)];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: bytes.byteLength / width }, (_, i) => read(view, i * width));
}

function externalPairs(external: ExternalData): [string, string][] {
  const { location, offset, length, checksum } = external;
  const pairs: [string, string][] = [
    ['location', location],
    ['offset', String(offset)],
  ];
  if (length !== undefined) pairs.push(['length', String(length)]);
  if (checksum !== undefined) pairs.push(['checksum', checksum]);
  return pairs;
}

function textOrigin(tensor: Tensor): TextOrigin | undefined {
  return tensor.origin?.origin === 'text' ? (tensor.origin as TextOrigin) : undefined;
}
