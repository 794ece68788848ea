import { read, readSync, type Stats } from 'node:fs';
import { promisify } from 'node:util';
import { refuse } from '../diagnostics/index.js';
import { Descriptor } from './descriptor.js';

/**
 * Bytes that a model is read from, seen through a window. Positions are absolute and may pass 4 GiB; `window`
 * holds the bytes from `from` to `to` and moves when `need` is asked for others.
 */
export interface Source {
  /** For messages. */
  readonly path: string;
  readonly size: number;
  readonly window: Buffer;
  readonly from: number;
  readonly to: number;
  /** Makes the window cover `count` bytes from `position`, or as many as the source has. */
  need(position: number, count: number): void;
  /** A copy of the bytes from `start` to `end`. */
  copy(start: number, end: number): Uint8Array;
  /** Copies bytes from `start` to `end` into `target`. */
  copyInto(target: Uint8Array, at: number, start: number, end: number): void;
}

export class MemorySource implements Source {
  readonly path: string;
  readonly window: Buffer;
  readonly from = 0;

  constructor(bytes: Uint8Array, path = '<bytes>') {
    this.path = path;
    this.window = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get size(): number {
    return this.window.length;
  }

  get to(): number {
    return this.window.length;
  }

  need(): void {}

  /** A view: the caller of `readModelFrom` keeps the bytes as they are. */
  copy(start: number, end: number): Uint8Array {
    return new Uint8Array(this.window.buffer, this.window.byteOffset + start, end - start);
  }

  copyInto(target: Uint8Array, at: number, start: number, end: number): void {
    target.set(this.copy(start, end), at);
  }
}

const SMALLEST = 4096;
const LARGEST = 1024 * 1024;
/** A gap that is read rather than skipped: smaller than what a read of its own costs. */
const NEAR = 64 * 1024;

const readAsync = promisify(read);

/**
 * A file. The window starts at 4 KiB and doubles up to 1 MiB while reading goes on in sequence or nearly so, and
 * skipping over weights costs one small read.
 */
export class FileSource implements Source {
  readonly path: string;
  readonly size: number;
  readonly stats: Stats;
  readonly #file: Descriptor;
  from = 0;
  to = 0;
  #buffer = Buffer.alloc(SMALLEST);
  #reach = SMALLEST;

  constructor(path: string) {
    this.path = path;
    this.#file = new Descriptor(path);
    this.stats = this.#file.stats;
    this.size = this.stats.size;
  }

  get window(): Buffer {
    return this.#buffer;
  }

  need(position: number, count: number): void {
    const end = Math.min(position + count, this.size);
    if (position >= this.from && end <= this.to) return;
    const sequential = position >= this.from && position <= this.to + NEAR;
    this.#reach = sequential ? Math.min(this.#reach * 2, LARGEST) : SMALLEST;
    const length = Math.min(Math.max(this.#reach, count), this.size - position);
    if (this.#buffer.length < length) this.#buffer = Buffer.alloc(length);
    this.#fill(this.#buffer, 0, position, length);
    this.from = position;
    this.to = position + length;
  }

  copy(start: number, end: number): Uint8Array {
    const bytes = new Uint8Array(end - start);
    this.copyInto(bytes, 0, start, end);
    return bytes;
  }

  copyInto(target: Uint8Array, at: number, start: number, end: number): void {
    if (end - start > SMALLEST) {
      this.#fill(target, at, start, end - start);
      return;
    }
    this.need(start, end - start);
    target.set(this.#buffer.subarray(start - this.from, end - this.from), at);
  }

  /** As `copyInto`, without blocking. */
  async readInto(target: Uint8Array, at: number, start: number, end: number): Promise<void> {
    for (let done = start; done < end; ) {
      const into = at + done - start;
      const { bytesRead } = await this.#file.during(fd => readAsync(fd, target, into, end - done, done));
      if (bytesRead === 0) this.#shrunk(done, end);
      done += bytesRead;
    }
  }

  /** Refuses when the file is no longer the one that was read. */
  checkUnchanged(): void {
    this.#file.checkUnchanged();
  }

  #fill(target: Uint8Array, at: number, position: number, length: number): void {
    for (let done = 0; done < length; ) {
      const count = readSync(
        this.#file.fd,
        target,
        at + done,
        Math.min(length - done, 2 ** 30),
        position + done,
      );
      if (count === 0) this.#shrunk(position + done, position + length);
      done += count;
    }
  }

  #shrunk(offset: number, needed: number): never {
    return refuse('BWC103', { path: this.path, offset, needed, size: offset });
  }
}
