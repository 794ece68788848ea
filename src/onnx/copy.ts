import { constants } from 'node:fs';
import { chmod, copyFile, type FileHandle, open, rm } from 'node:fs/promises';
import { lengthOf, wholeSource } from './encode.js';
import { isSame, statOf } from './files.js';
import type { Segment } from './output.js';
import { FileSource } from './source.js';

const BUFFER = 1024 * 1024;
/** After so many bytes what was written is sent to the disk, while writing goes on. */
const FLUSH = 64 * BUFFER;
const ZEROS = Buffer.alloc(BUFFER);

/** Writes segments to a new file and to the disk. What is a whole file is copied by the file system, where it can. */
export async function writeSegments(path: string, segments: readonly Segment[]): Promise<void> {
  const whole = wholeSource(segments);
  const shared = whole instanceof FileSource && (await shareBlocks(whole, path));
  const file = await open(path, shared ? 'r+' : 'wx');
  try {
    if (!shared) await copySegments(segments, file);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** True when two files hold the same bytes. */
export async function sameContent(a: string, b: string): Promise<boolean> {
  const [first, second] = [new FileSource(a), new FileSource(b)];
  if (first.size !== second.size) return false;
  const left = Buffer.allocUnsafe(BUFFER);
  const right = Buffer.allocUnsafe(BUFFER);
  for (let at = 0; at < first.size; at += BUFFER) {
    const end = Math.min(at + BUFFER, first.size);
    await Promise.all([first.readInto(left, 0, at, end), second.readInto(right, 0, at, end)]);
    if (left.compare(right, 0, end - at, 0, end - at) !== 0) return false;
  }
  return true;
}

/** Makes a file that shares the blocks of another one, where the file system can; else there is none, and false. */
export async function shareBlocks(source: FileSource, path: string): Promise<boolean> {
  const now = await statOf(source.path);
  if (now === undefined || !isSame(now, source.stats)) return false;
  const file = await open(path, 'wx');
  const { mode } = await file.stat();
  await file.close();
  try {
    await copyFile(source.path, path, constants.COPYFILE_FICLONE_FORCE);
    // The copy takes over the mode of the original, which may be read-only.
    await chmod(path, mode);
    return true;
  } catch {
    await rm(path, { force: true });
    return false;
  }
}

/**
 * Fills one buffer while another one is on its way to the file, and what lies before is on its way to the disk: little
 * is left to wait for at the end. Buffers of zeros are left out, as holes.
 */
async function copySegments(segments: readonly Segment[], file: FileHandle): Promise<void> {
  const buffers = [Buffer.allocUnsafe(BUFFER), Buffer.allocUnsafe(BUFFER)];
  const writing: Promise<void>[] = [Promise.resolve(), Promise.resolve()];
  let flushing: Promise<void> = Promise.resolve();
  let position = 0;
  let turn = 0;
  try {
    for await (const filled of fill(segments, async () => {
      turn = 1 - turn;
      await writing[turn];
      return buffers[turn] ?? Buffer.allocUnsafe(BUFFER);
    })) {
      const isHole = filled.length === BUFFER && filled.equals(ZEROS);
      const write = isHole ? Promise.resolve() : writeAll(file, filled, position);
      // Awaited when the buffer's turn comes again; a failure in between is not unhandled.
      write.catch(() => undefined);
      writing[turn] = write;
      position += filled.length;
      if (position % FLUSH !== 0) continue;
      await flushing;
      flushing = file.datasync();
      flushing.catch(() => undefined);
    }
  } finally {
    await Promise.allSettled([...writing, flushing]);
  }
  await Promise.all([...writing, flushing]);
  await file.truncate(position);
}

/** The segments' bytes in full buffers, the last one shorter. */
async function* fill(segments: readonly Segment[], next: () => Promise<Buffer>): AsyncGenerator<Buffer> {
  let buffer = await next();
  let used = 0;
  for (const segment of segments) {
    const length = lengthOf(segment);
    for (let done = 0; done < length; ) {
      if (used === buffer.length) {
        yield buffer;
        buffer = await next();
        used = 0;
      }
      const count = Math.min(length - done, buffer.length - used);
      copyPart(segment, done, count, buffer, used);
      done += count;
      used += count;
    }
  }
  if (used > 0) yield buffer.subarray(0, used);
}

function copyPart(segment: Segment, from: number, count: number, to: Buffer, at: number): void {
  if (segment.kind === 'bytes') {
    to.set(segment.bytes.subarray(from, from + count), at);
    return;
  }
  const { source } = segment;
  const start = segment.start + from;
  // Without a thread of its own: a megabyte takes less time to read than to hand over.
  source.copyInto(to, at, start, start + count);
}

async function writeAll(file: FileHandle, bytes: Buffer, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
}
