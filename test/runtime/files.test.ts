import { Buffer } from 'node:buffer';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readTensorFile } from '../../src/runtime/index.js';
import { readNpy, writeNpy } from '../../src/runtime/npy.js';
import { readSafetensors, writeSafetensors } from '../../src/runtime/safetensors.js';
import { fromNumbers, numbersOf, RUN_TYPES } from '../../src/runtime/tensors.js';
import { readZip } from '../../src/runtime/zip.js';

const folder = mkdtempSync(join(tmpdir(), 'bwc-test-'));
afterAll(() => rmSync(folder, { recursive: true }));

const written = (name: string, bytes: Uint8Array): string => {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
};

// Written by NumPy 2.4.6.
const NUMPY = {
  /** arange(6, int64).reshape(2, 3) - 2 */
  i8: 'k05VTVBZAQB2AHsnZGVzY3InOiAnPGk4JywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDIsIDMpLCB9ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAr+////////////////////AAAAAAAAAAABAAAAAAAAAAIAAAAAAAAAAwAAAAAAAAA=',
  /** asfortranarray(arange(24, float32).reshape(2, 3, 4)) */
  fortran:
    'k05VTVBZAQB2AHsnZGVzY3InOiAnPGY0JywgJ2ZvcnRyYW5fb3JkZXInOiBUcnVlLCAnc2hhcGUnOiAoMiwgMywgNCksIH0gICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoAAAAAAABAQQAAgEAAAIBBAAAAQQAAoEEAAIA/AABQQQAAoEAAAIhBAAAQQQAAqEEAAABAAABgQQAAwEAAAJBBAAAgQQAAsEEAAEBAAABwQQAA4EAAAJhBAAAwQQAAuEE=',
  /** array([1, 2], '>f4') */
  big: 'k05VTVBZAQB2AHsnZGVzY3InOiAnPmY0JywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDIsKSwgfSAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAo/gAAAQAAAAA==',
  /** savez_compressed(a=full((2, 2), 1.5, float16), b=array([7], int64)) */
  npz: 'UEsDBC0AAAAIAAAAIQA9jQF0//////////8FABQAYS5ucHkBABAAiAAAAAAAAABKAAAAAAAAAJvsF+obEMnIUMZQrZ6SWpxcpG6loG6TZqSuo6Cell9UUpSYF59flJIKEndLzClOBYoXZyQWpAL5GkY6CkaaOgq1CmQDLgY7CAQAUEsDBC0AAAAIAAAAIQC5k3uY//////////8FABQAYi5ucHkBABAAiAAAAAAAAABIAAAAAAAAAJvsF+obEMnIUMZQrZ6SWpxcpG6loG6TaaGuo6Cell9UUpSYF59flJIKEndLzClOBYoXZyQWpAL5GoY6mjoKtQoUAC52BggAAFBLAQItAy0AAAAIAAAAIQA9jQF0SgAAAIgAAAAFAAAAAAAAAAAAAACAAQAAAABhLm5weVBLAQItAy0AAAAIAAAAIQC5k3uYSAAAAIgAAAAFAAAAAAAAAAAAAACAAYEAAABiLm5weVBLBQYAAAAAAgACAGYAAAAAAQAAAAA=',
};
const bytesOf = (name: keyof typeof NUMPY): Uint8Array => Buffer.from(NUMPY[name], 'base64');

describe('.npy', () => {
  it('reads what NumPy writes', () => {
    expect(readNpy(bytesOf('i8'))).toEqual({
      type: 'int64',
      dims: [2, 3],
      data: BigInt64Array.of(-2n, -1n, 0n, 1n, 2n, 3n),
    });
    const fortran = readNpy(bytesOf('fortran'));
    expect(fortran.dims).toEqual([2, 3, 4]);
    expect([...numbersOf(fortran)]).toEqual(Array.from({ length: 24 }, (_, i) => i));
  });

  it.each(RUN_TYPES)('round-trips %s', type => {
    for (const dims of [[], [3], [2, 3], [0, 2]]) {
      const tensor = fromNumbers(type, dims, [1, 0, 1, 1, 0, 1]);
      expect(readNpy(writeNpy(tensor))).toEqual(tensor);
    }
    expect(writeNpy(fromNumbers(type, [1], [1])).length % 64).toBe(
      fromNumbers(type, [1], [1]).data.byteLength,
    );
  });

  it.each([
    ['other bytes', Buffer.from('something else entirely'), 'not an .npy file'],
    ['big-endian', bytesOf('big'), 'big-endian'],
    ['cut data', bytesOf('i8').subarray(0, 140), 'data is cut off'],
    ['cut header', bytesOf('i8').subarray(0, 60), 'header is cut off'],
    [
      'objects',
      Buffer.from(Buffer.from(bytesOf('i8')).toString('latin1').replace('<i8', '|O8'), 'latin1'),
      'type O8',
    ],
  ])('refuses %s', (_, bytes, message) => {
    expect(() => readNpy(bytes)).toThrow(message);
  });
});

describe('.npz', () => {
  it('reads what NumPy writes, by key', () => {
    const path = written('a.npz', bytesOf('npz'));
    expect(readTensorFile(path, 'a').data).toEqual(Uint16Array.of(0x3e00, 0x3e00, 0x3e00, 0x3e00));
    expect(readTensorFile(path, 'b')).toEqual({ type: 'int64', dims: [1], data: BigInt64Array.of(7n) });
    expect(() => readTensorFile(path)).toThrow('needs a key, one of a, b');
    expect(() => readTensorFile(path, 'c')).toThrow('has no c, only a, b');
  });

  it('refuses malformed archives', () => {
    const bytes = Buffer.from(bytesOf('npz'));
    expect(() => readZip(Buffer.from('no archive'))).toThrow('not a ZIP archive');
    expect(() => readZip(bytes.subarray(100))).toThrow('malformed');
    const spoiled = Buffer.from(bytes);
    spoiled.fill(0xff, 70, 100);
    expect(() => readZip(spoiled).get('a.npy')?.()).toThrow();
  });
});

describe('.safetensors', () => {
  it('reads a file written by hand', () => {
    const json = `{"__metadata__":{"shape":"x"},"w":{"dtype":"BF16","shape":[2],"data_offsets":[0,4]}}`;
    const head = Buffer.alloc(8);
    head.writeBigUInt64LE(BigInt(json.length));
    const file = Buffer.concat([head, Buffer.from(json), Buffer.of(0x80, 0x3f, 0x20, 0xc0)]);
    const path = written('w.safetensors', file);
    expect(readTensorFile(path)).toEqual({ type: 'float32', dims: [2], data: Float32Array.of(1, -2.5) });
    expect(() => readSafetensors(file.subarray(0, -1)).get('w')?.()).toThrow('cut off');
    expect(() => readSafetensors(Buffer.from('nothing of the kind'))).toThrow('not a safetensors file');
  });

  it.each(RUN_TYPES)('round-trips %s', type => {
    const tensors = new Map([
      ['a', fromNumbers(type, [2, 2], [1, 0, 1, 1])],
      ['b', fromNumbers(type, [], [1])],
    ]);
    const read = readSafetensors(writeSafetensors(tensors));
    expect(new Map([...read].map(([name, tensor]) => [name, tensor()]))).toEqual(tensors);
  });
});

it('names the suffixes it knows', () => {
  expect(() => readTensorFile(written('a.txt', Buffer.from('x')))).toThrow('.npy, .npz, .safetensors');
});
