import { closeSync, fstatSync, openSync, type Stats, statSync } from 'node:fs';
import { refuse } from '../diagnostics/index.js';

/** Files that are open at the same time at most; the one unused for longest is closed and opened again on demand. */
const MOST = 8;

/** Open files, the one used last at the end. */
const pool: Descriptor[] = [];

/** A file to read from, which need not stay open, but must stay the same. */
export class Descriptor {
  readonly path: string;
  readonly stats: Stats;
  #fd: number | undefined;
  #reads = 0;

  constructor(path: string) {
    this.path = path;
    this.#fd = open(path);
    this.stats = fstatSync(this.#fd);
    this.#use();
  }

  /** The file descriptor, for a read that is over before anything else happens. */
  get fd(): number {
    this.#fd ??= this.#reopen();
    this.#use();
    return this.#fd;
  }

  /** Keeps the file open while an asynchronous read goes on. */
  async during<T>(read: (fd: number) => Promise<T>): Promise<T> {
    const { fd } = this;
    this.#reads++;
    try {
      return await read(fd);
    } finally {
      this.#reads--;
    }
  }

  /** Refuses when the file is no longer the one that was read. */
  checkUnchanged(): void {
    if (!this.#isSame(this.fd)) this.#changed();
  }

  #reopen(): number {
    const fd = open(this.path);
    if (this.#isSame(fd)) return fd;
    closeSync(fd);
    return this.#changed();
  }

  #isSame(fd: number): boolean {
    const now = fstatSync(fd);
    const { dev, ino, size, mtimeMs } = this.stats;
    return now.dev === dev && now.ino === ino && now.size === size && now.mtimeMs === mtimeMs;
  }

  #changed(): never {
    return refuse('BWC101', { path: this.path, reason: 'it changed after it was read' });
  }

  #use(): void {
    const at = pool.indexOf(this);
    if (at >= 0) pool.splice(at, 1);
    pool.push(this);
    for (const other of pool.slice(0, Math.max(0, pool.length - MOST))) other.#close();
  }

  #close(): void {
    if (this.#fd === undefined || this.#reads > 0) return;
    closeSync(this.#fd);
    this.#fd = undefined;
    pool.splice(pool.indexOf(this), 1);
  }
}

function open(path: string): number {
  try {
    // Opening a pipe would wait for its writer, so what it is comes first.
    const stats = statSync(path);
    if (stats.isFile()) return openSync(path, 'r');
  } catch (error) {
    refuse('BWC101', { path, reason: reasonOf(error) }, undefined, error);
  }
  return refuse('BWC101', { path, reason: 'it is not a regular file' });
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or folder',
  EACCES: 'permission denied',
  EPERM: 'not permitted',
  ENOTDIR: 'part of the path is not a folder',
  EISDIR: 'it is a folder',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EROFS: 'the file system is read-only',
  ELOOP: 'too many symbolic links',
  ENAMETOOLONG: 'the name is too long',
  EMFILE: 'too many open files',
};

/** What an error of the file system says, in words. */
export function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return REASONS[code] ?? (error instanceof Error ? error.message : String(error));
}
