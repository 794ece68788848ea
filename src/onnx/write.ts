import { randomUUID } from 'node:crypto';
import { constants, type Stats } from 'node:fs';
import { copyFile, type FileHandle, open, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { Refusal, refuse } from '../diagnostics/index.js';
import type { Model } from '../ir/index.js';
import { reasonOf } from './descriptor.js';
import { encodeModel, lengthOf, modelOrigin, wholeSource } from './encode.js';
import { initializerLocations } from './external.js';
import type { Segment } from './output.js';
import { FileSource } from './source.js';

/** Protobuf readers refuse messages from this size on. */
const TOO_LARGE = 2 ** 31;
const BUFFER = 1024 * 1024;
/** Shorter ranges are read through the source's window. */
const SHORT = 64 * 1024;

/**
 * Writes a model to a file, whole or not at all: into a temporary file beside it, which then takes its name.
 * Weights are copied from file to file in pieces.
 */
export async function writeModel(model: Model, path: string): Promise<void> {
  const segments = encodeModel(model);
  const size = segments.reduce((sum, segment) => sum + lengthOf(segment), 0);
  if (size >= TOO_LARGE) refuse('BWC109', { path, bytes: size });
  const sources = new Set<FileSource>();
  for (const segment of segments) {
    if (segment.kind === 'range' && segment.source instanceof FileSource) sources.add(segment.source);
  }
  const read = modelOrigin(model)?.source;
  if (read instanceof FileSource) sources.add(read);
  try {
    const target = await targetOf(
      path,
      [...[...sources].map(source => source.path), ...weightsOf(model)],
      sources,
    );
    await writeBeside(target, segments, sources);
  } catch (error) {
    if (error instanceof Refusal) throw error;
    refuse('BWC106', { path, reason: reasonOf(error) }, undefined, error);
  }
}

/** Files beside the model that hold its weights. */
function weightsOf(model: Model): string[] {
  const source = modelOrigin(model)?.source;
  if (source === undefined) return [];
  return [...initializerLocations(model.graph)].map(location => join(dirname(source.path), location));
}

/** The file that the path leads to, which must be none of those that are read. */
async function targetOf(
  path: string,
  read: readonly string[],
  sources: ReadonlySet<FileSource>,
): Promise<string> {
  const existing = await statOf(path);
  if (existing === undefined) return path;
  const others = [...sources].map(source => source.stats);
  for (const name of read) {
    const stats = await statOf(name).catch(() => undefined);
    if (stats !== undefined) others.push(stats);
  }
  if (others.some(other => other.dev === existing.dev && other.ino === existing.ino))
    refuse('BWC107', { path });
  if (!existing.isFile()) refuse('BWC106', { path, reason: 'it exists and is not a regular file' });
  return await realpath(path);
}

async function writeBeside(
  target: string,
  segments: readonly Segment[],
  sources: ReadonlySet<FileSource>,
): Promise<void> {
  const temporary = join(dirname(target), `.${basename(target).slice(0, 100)}.${randomUUID()}.tmp`);
  try {
    const file = await open(temporary, 'wx');
    try {
      const whole = wholeSource(segments);
      const copied = whole instanceof FileSource && (await copyWhole(whole, temporary, file));
      if (!copied) await copySegments(segments, file);
      await file.sync();
    } finally {
      await file.close();
    }
    for (const source of sources) source.checkUnchanged();
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncFolder(dirname(target));
}

/** Copies a file by its name, if the name still leads to it; the file system may share the blocks. */
async function copyWhole(source: FileSource, path: string, file: FileHandle): Promise<boolean> {
  const now = await statOf(source.path);
  if (now?.ino !== source.stats.ino || now.dev !== source.stats.dev) return false;
  const { mode } = await file.stat();
  await copyFile(source.path, path, constants.COPYFILE_FICLONE);
  // The copy takes over the mode of the original, which may be read-only.
  await file.chmod(mode);
  return true;
}

/** Fills one buffer while another one is on its way to the disk. */
async function copySegments(segments: readonly Segment[], file: FileHandle): Promise<void> {
  const buffers = [Buffer.allocUnsafe(BUFFER), Buffer.allocUnsafe(BUFFER)];
  const writing: Promise<void>[] = [Promise.resolve(), Promise.resolve()];
  let position = 0;
  let turn = 0;
  try {
    for await (const filled of fill(segments, async () => {
      turn = 1 - turn;
      await writing[turn];
      return buffers[turn] ?? Buffer.allocUnsafe(BUFFER);
    })) {
      const write = writeAll(file, filled, position);
      // Awaited when the buffer's turn comes again; a failure in between is not unhandled.
      write.catch(() => undefined);
      writing[turn] = write;
      position += filled.length;
    }
  } finally {
    await Promise.all(writing);
  }
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
      await copyPart(segment, done, count, buffer, used);
      done += count;
      used += count;
    }
  }
  if (used > 0) yield buffer.subarray(0, used);
}

async function copyPart(
  segment: Segment,
  from: number,
  count: number,
  to: Buffer,
  at: number,
): Promise<void> {
  if (segment.kind === 'bytes') {
    to.set(segment.bytes.subarray(from, from + count), at);
    return;
  }
  const { source } = segment;
  const start = segment.start + from;
  if (source instanceof FileSource && count > SHORT) await source.readInto(to, at, start, start + count);
  else source.copyInto(to, at, start, start + count);
}

async function writeAll(file: FileHandle, bytes: Buffer, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
}

async function statOf(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Makes the new name durable, where folders can be synced. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r').catch(() => undefined);
  await folder?.sync().catch(() => undefined);
  await folder?.close();
}
