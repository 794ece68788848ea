import { createHash, type Hash } from 'node:crypto';
import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { ExternalData, Tensor } from '../../ir/index.js';
import { digestOf, stringsOf as textStrings } from '../../ir/text/tensors.js';
import { originOf } from '../../onnx/encode-tensor.js';
import { rawData, stringsOf } from '../../onnx/read-tensor.js';

/** Tensors of more bytes than this are compared by samples unless all bytes are asked for. */
export const WHOLE = 16 * 1024 * 1024;

/** Samples of a large tensor: its two ends and ranges at equal distances between them. */
const SAMPLES = 64;
const SAMPLE = 16 * 1024;

/** Bytes read at a time. */
const CHUNK = 1024 * 1024;

/** Contents up to this many bytes are their own key. */
const SHORT = 32;

/** A path that external locations are relative to; undefined for a model that is in no file. */
export type ModelPath = string | undefined;

interface Range {
  readonly length: number;
  readonly read: (target: Uint8Array, from: number, to: number) => void;
}

/**
 * Keys of tensors' contents, equal for equal contents, with no tensor held in memory. External data goes by its
 * reference (file, offset, length) where both models name the same one, and else by its bytes.
 */
export class Contents {
  /** Tensors of which only samples were read. */
  sampled = 0;
  /** External tensors whose file could not be read, and which went by their reference. */
  missing = 0;
  readonly #all: boolean;
  readonly #shared: ReadonlySet<string>;
  readonly #keys = new Map<Tensor, string>();

  /** @param all whether every byte is read, however large a tensor */
  constructor(all: boolean, shared: ReadonlySet<string>) {
    this.#all = all;
    this.#shared = shared;
  }

  /** Element type, dimensions and contents. */
  key(tensor: Tensor, path: ModelPath): string {
    let key = this.#keys.get(tensor);
    if (key === undefined) {
      key = `${tensor.elem}[${tensor.dims.join(',')}] ${this.#contents(tensor, path)}`;
      this.#keys.set(tensor, key);
    }
    return key;
  }

  #contents(tensor: Tensor, path: ModelPath): string {
    if (tensor.external) return this.#external(tensor.external, tensor, path);
    const strings = stringElements(tensor);
    if (strings !== undefined) return `s${digest(JSON.stringify(strings))}`;
    const origin = originOf(tensor);
    const span = tensor.byteLength > CHUNK && origin !== undefined ? rawData(origin) : undefined;
    if (span !== undefined) {
      const { source, start, end } = span;
      return this.#range({
        length: end - start,
        read: (target, from, to) => source.copyInto(target, 0, start + from, start + to),
      });
    }
    const bytes = tensor.bytes();
    if (bytes === undefined) return `t${digestOf(tensor) ?? recordDigest(tensor)}`;
    if (bytes.length <= SHORT) return Buffer.from(bytes).toString('hex');
    return this.#range({
      length: bytes.length,
      read: (target, from, to) => target.set(bytes.subarray(from, to)),
    });
  }

  #external(external: ExternalData, tensor: Tensor, path: ModelPath): string {
    const reference = referenceOf(external, path);
    if (this.#shared.has(reference) || path === undefined) return reference;
    const file = resolve(dirname(path), external.location);
    const length = external.length ?? tensor.byteLength;
    try {
      if (statSync(file).size < external.offset + length) throw new RangeError('too short');
      const fd = openSync(file, 'r');
      try {
        const read = (target: Uint8Array, from: number, to: number): void => {
          for (let at = from; at < to; ) {
            const got = readSync(fd, target, at - from, to - at, external.offset + at);
            if (got === 0) throw new RangeError('too short');
            at += got;
          }
        };
        return this.#range({ length, read });
      } finally {
        closeSync(fd);
      }
    } catch {
      this.missing++;
      return reference;
    }
  }

  #range({ length, read }: Range): string {
    const hash = createHash('sha256').update(`${length} `);
    const buffer = new Uint8Array(Math.min(CHUNK, length));
    const take = (from: number, to: number): void => feed(hash, buffer, from, to, read);
    if (this.#all || length <= WHOLE) take(0, length);
    else {
      this.sampled++;
      for (let i = 0; i < SAMPLES; i++) {
        const from = Math.floor(((length - SAMPLE) / (SAMPLES - 1)) * i);
        take(from, from + SAMPLE);
      }
    }
    return hash.digest('base64url');
  }
}

function feed(hash: Hash, buffer: Uint8Array, from: number, to: number, read: Range['read']): void {
  for (let at = from; at < to; at += buffer.length) {
    const end = Math.min(to, at + buffer.length);
    const part = buffer.subarray(0, end - at);
    read(part, at, end);
    hash.update(part);
  }
}

/** Where an external tensor lies: absolute where the model is in a file. */
export function referenceOf({ location, offset, length, checksum }: ExternalData, path: ModelPath): string {
  const file = path === undefined ? location : resolve(dirname(path), location);
  return `@${JSON.stringify([file, offset, length ?? null, checksum ?? null])}`;
}

/** Elements of a `string` tensor, from wherever it was read. */
export function stringElements(tensor: Tensor): readonly string[] | undefined {
  if (tensor.elem !== 'string') return undefined;
  const origin = originOf(tensor);
  if (origin === undefined) return textStrings(tensor) ?? [];
  return [...stringsOf(origin)].map(bytes => Buffer.from(bytes).toString('utf8'));
}

/** Of a tensor whose elements cannot be had (sparse, of unknown type): the bytes of its record. */
function recordDigest(tensor: Tensor): string {
  const origin = originOf(tensor);
  return origin === undefined ? '?' : digest(origin.source.copy(origin.start, origin.end));
}

function digest(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('base64url');
}
