import { Buffer } from 'node:buffer';
import { inflateRawSync } from 'node:zlib';

const END = 0x06054b50;
const ENTRY = 0x02014b50;
const LOCAL = 0x04034b50;

/**
 * The files of a ZIP archive by name, read when asked for: stored or deflated, of less than 4 GiB, not encrypted
 * (APPNOTE 6.3). That is what NumPy writes.
 * @throws Error with a short reason when the archive is malformed or needs more than that.
 */
export function readZip(archive: Uint8Array): Map<string, () => Uint8Array> {
  const bytes = Buffer.from(archive.buffer, archive.byteOffset, archive.byteLength);
  let end = bytes.length - 22;
  const last = Math.max(0, end - 0xffff);
  while (end >= last && bytes.readUInt32LE(end) !== END) end--;
  if (end < last) throw new Error('not a ZIP archive');
  const files = new Map<string, () => Uint8Array>();
  const count = bytes.readUInt16LE(end + 10);
  let at = bytes.readUInt32LE(end + 16);
  for (let i = 0; i < count; i++) {
    if (at + 46 > bytes.length || bytes.readUInt32LE(at) !== ENTRY)
      throw new Error('its directory is malformed');
    const method = bytes.readUInt16LE(at + 10);
    const packed = bytes.readUInt32LE(at + 20);
    const size = bytes.readUInt32LE(at + 24);
    const nameLength = bytes.readUInt16LE(at + 28);
    const local = bytes.readUInt32LE(at + 42);
    const name = bytes.toString('utf8', at + 46, at + 46 + nameLength);
    files.set(name, () => extract(bytes, name, { method, packed, size, local }));
    at += 46 + nameLength + bytes.readUInt16LE(at + 30) + bytes.readUInt16LE(at + 32);
  }
  return files;
}

function extract(
  bytes: Buffer,
  name: string,
  entry: { method: number; packed: number; size: number; local: number },
): Uint8Array {
  const { method, packed, size, local } = entry;
  if (packed === 0xffffffff || local === 0xffffffff) throw new Error(`${name} is too large`);
  if (local + 30 > bytes.length || bytes.readUInt32LE(local) !== LOCAL)
    throw new Error(`${name} is malformed`);
  const start = local + 30 + bytes.readUInt16LE(local + 26) + bytes.readUInt16LE(local + 28);
  if (start + packed > bytes.length) throw new Error(`${name} is cut off`);
  const data = bytes.subarray(start, start + packed);
  if (method === 0) return data;
  if (method !== 8) throw new Error(`${name} is packed by method ${method}`);
  const out = inflateRawSync(data, { maxOutputLength: Math.max(size, 1) });
  if (out.length !== size) throw new Error(`${name} is cut off`);
  return out;
}
