import { createHash } from 'node:crypto';
import {
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { Tensor, Value } from '../../src/ir/index.js';
import { readModel, toBytes, verifyChecksums, type Weights, writeModel } from '../../src/onnx/index.js';
import { type Bytes, entry, field, floats, int, join, small, tensor, unknown } from './build.js';
import { at, codeOfAsync, includes, same } from './helpers.js';

let folder = '';
const path = (name: string): string => joinPath(folder, name);
const read = (name: string): Buffer => readFileSync(path(name));

const first = floats(...Array.from({ length: 64 }, (_, i) => i));
const second = floats(...Array.from({ length: 300 }, (_, i) => -i));

const external = (name: string, location: string, offset: number, length: number, ...more: Bytes[]): Bytes =>
  join(
    int(1, length / 4),
    int(2, 1),
    field(8, name),
    field(13, entry('location', location)),
    field(13, entry('offset', String(offset))),
    field(13, entry('length', String(length))),
    ...more,
    int(14, 1),
  );

/** Two shards, the second in a folder of its own, with a gap before its tensor; one small constant inside. */
const sharded = (): Bytes =>
  small({
    initializers: [
      external('a', 'a.bin', 0, first.length, field(13, entry('vendor', 'kept')), unknown()),
      tensor('c', [1], floats(7)),
      external('b', 'shards/b.bin', 4096, second.length),
    ],
  });

beforeEach(() => {
  folder = mkdtempSync(joinPath(tmpdir(), 'bwc-weights-'));
  for (const each of ['in', 'in/shards', 'out']) mkdirSync(path(each));
  writeFileSync(path('in/m.onnx'), sharded());
  writeFileSync(path('in/a.bin'), first);
  writeFileSync(path('in/shards/b.bin'), join(new Uint8Array(4096), second));
  return () => rmSync(folder, { recursive: true });
});

const files = (of: string): string[] =>
  readdirSync(path(of), { recursive: true, withFileTypes: true })
    .filter(each => each.isFile())
    .map(each => joinPath(each.parentPath, each.name).slice(path(of).length + 1))
    .sort();

const write = (to: string, weights?: Weights): Promise<{ readonly weights: readonly string[] }> =>
  writeModel(readModel(path('in/m.onnx')), path(to), { weights });

const externals = (name: string): unknown[] =>
  [...readModel(path(name)).graph.initializers].map(value => value.initializer?.external);

describe('weights in other files', () => {
  it('stay where they are when the output is beside them', async () => {
    expect((await write('in/o.onnx')).weights).toEqual([]);
    expect(files('in')).toEqual(['a.bin', 'm.onnx', 'o.onnx', 'shards/b.bin']);
    expect(same(read('in/o.onnx'), read('in/m.onnx'))).toBe(true);
    symlinkSync(path('in'), path('alias'));
    await write('alias/p.onnx', 'link');
    expect(files('in')).toEqual(['a.bin', 'm.onnx', 'o.onnx', 'p.onnx', 'shards/b.bin']);
  });

  it('are refused when the output could not find them', async () => {
    expect(await codeOfAsync(write('out/o.onnx'))).toBe('BWC110');
    expect(await codeOfAsync(write('out/o.onnx', 'reference'))).toBe('BWC110');
    expect(files('out')).toEqual([]);
  });

  it('are copied with their names, offsets and lengths', async () => {
    expect((await write('out/o.onnx', 'copy')).weights).toEqual([
      path('out/a.bin'),
      path('out/shards/b.bin'),
    ]);
    expect(files('out')).toEqual(['a.bin', 'o.onnx', 'shards/b.bin']);
    expect(same(read('out/o.onnx'), read('in/m.onnx'))).toBe(true);
    expect(same(read('out/shards/b.bin'), read('in/shards/b.bin'))).toBe(true);
    expect(statSync(path('out/a.bin')).ino).not.toBe(statSync(path('in/a.bin')).ino);
  });

  it('are copied under other names beside the originals', async () => {
    await write('in/o.onnx', 'copy');
    expect(files('in')).toEqual([
      'a.bin',
      'm.onnx',
      'o.onnx',
      'o.onnx.1.data',
      'o.onnx.data',
      'shards/b.bin',
    ]);
    expect(externals('in/o.onnx')).toEqual([
      { location: 'o.onnx.data', offset: 0, length: first.length },
      undefined,
      { location: 'o.onnx.1.data', offset: 4096, length: second.length },
    ]);
    expect(same(read('in/o.onnx.data'), first)).toBe(true);
    // What the standard does not know of stays.
    expect(includes(read('in/o.onnx'), field(13, entry('vendor', 'kept')))).toBe(true);
    expect(includes(read('in/o.onnx'), unknown())).toBe(true);
  });

  it('are linked, also through the links of a download cache', async () => {
    mkdirSync(path('blobs'));
    writeFileSync(path('blobs/1'), read('in/a.bin'));
    rmSync(path('in/a.bin'));
    symlinkSync('../blobs/1', path('in/a.bin'));
    await write('out/o.onnx', 'link');
    expect(files('out')).toEqual(['a.bin', 'o.onnx', 'shards/b.bin']);
    expect(statSync(path('out/a.bin')).ino).toBe(statSync(path('blobs/1')).ino);
    // Once more: they are there already.
    await write('out/o.onnx', 'link');
    expect((await write('out/p.onnx', 'copy')).weights).toHaveLength(2);
    expect(files('out')).toEqual(['a.bin', 'o.onnx', 'p.onnx', 'shards/b.bin']);
  });

  // Memory is a file system of its own.
  it.skipIf(!existsSync('/dev/shm'))('are not linked into another file system', async () => {
    const elsewhere = mkdtempSync('/dev/shm/bwc-weights-');
    try {
      const linked = writeModel(readModel(path('in/m.onnx')), joinPath(elsewhere, 'o.onnx'), {
        weights: 'link',
      });
      expect(await codeOfAsync(linked)).toBe('BWC111');
      expect(readdirSync(elsewhere)).toEqual([]);
    } finally {
      rmSync(elsewhere, { recursive: true });
    }
  });

  it('never take the place of others', async () => {
    writeFileSync(path('out/a.bin'), floats(1));
    for (const weights of ['copy', 'link'] as const)
      expect(await codeOfAsync(write('out/o.onnx', weights))).toBe('BWC112');
    expect(files('out')).toEqual(['a.bin']);
    expect(same(read('out/a.bin'), floats(1))).toBe(true);
    writeFileSync(path('out/a.bin'), first);
    await write('out/o.onnx', 'copy');
    expect(files('out')).toEqual(['a.bin', 'o.onnx', 'shards/b.bin']);
  });

  it('come into the model', async () => {
    await write('out/o.onnx', 'embed');
    expect(files('out')).toEqual(['o.onnx']);
    const model = readModel(path('out/o.onnx'));
    const tensors = [...model.graph.initializers].map(value => value.initializer);
    expect(tensors.map(t => t?.external)).toEqual([undefined, undefined, undefined]);
    expect(same(tensors[0]?.bytes() ?? floats(), first)).toBe(true);
    expect(same(tensors[2]?.bytes() ?? floats(), second)).toBe(true);
    expect(includes(read('out/o.onnx'), unknown())).toBe(true);
    expect(includes(read('out/o.onnx'), Buffer.from('a.bin'))).toBe(false);
  });

  it('leave the model as it was read', async () => {
    const model = readModel(path('in/m.onnx'));
    await writeModel(model, path('out/o.onnx'), { weights: 'embed' });
    await writeModel(model, path('in/o.onnx'), { weights: 'copy' });
    expect(same(toBytes(model), read('in/m.onnx'))).toBe(true);
  });

  it('are written together with the rest, or nothing is', async () => {
    const model = readModel(path('in/m.onnx'));
    mkdirSync(path('out/o.onnx.json'));
    const options = { weights: 'copy', beside: [[path('out/o.onnx.json'), '{}']] } as const;
    expect(await codeOfAsync(writeModel(model, path('out/o.onnx'), options))).toBe('BWC106');
    expect(files('out')).toEqual([]);
    expect(existsSync(path('out/shards'))).toBe(false);
    rmSync(path('in/shards/b.bin'));
    rmSync(path('out/o.onnx.json'), { recursive: true });
    for (const weights of ['copy', 'link', 'embed'] as const)
      expect(await codeOfAsync(write('out/o.onnx', weights))).toBe('BWC105');
    expect(files('out')).toEqual([]);
  });

  it('refuse to be the output', async () => {
    linkSync(path('in/a.bin'), path('out/o.onnx'));
    expect(await codeOfAsync(write('out/o.onnx', 'embed'))).toBe('BWC107');
    expect(await codeOfAsync(write('in/shards/b.bin', 'embed'))).toBe('BWC107');
  });

  it('of a new tensor are named as it says', async () => {
    const model = readModel(path('in/m.onnx'));
    const value = new Value('fresh');
    const place = { location: 'a.bin', offset: 8, length: 16 };
    model.graph.addInitializer(value, new Tensor({ elem: 'float32', dims: [4], external: place }));
    await writeModel(model, path('in/o.onnx'), { weights: 'copy' });
    expect(at(externals('in/o.onnx'), -1)).toEqual({ ...place, location: 'o.onnx.data' });
    await writeModel(model, path('out/o.onnx'), { weights: 'embed' });
    const fresh = [...readModel(path('out/o.onnx')).graph.initializers].at(-1)?.initializer;
    expect(same(fresh?.bytes() ?? floats(), first.subarray(8, 24))).toBe(true);
  });
});

describe('checksums', () => {
  const sha1 = (bytes: Bytes): string => createHash('sha1').update(bytes).digest('hex');
  const recorded = (checksum: string): void =>
    writeFileSync(
      path('in/m.onnx'),
      small({
        initializers: [external('a', 'a.bin', 0, first.length, field(13, entry('checksum', checksum)))],
      }),
    );

  it('are compared with the whole file', async () => {
    expect(await verifyChecksums(readModel(path('in/m.onnx')), path('in/m.onnx'))).toBe(0);
    recorded(sha1(first).toUpperCase());
    expect(await verifyChecksums(readModel(path('in/m.onnx')), path('in/m.onnx'))).toBe(1);
    recorded(sha1(second));
    expect(await codeOfAsync(verifyChecksums(readModel(path('in/m.onnx')), path('in/m.onnx')))).toBe(
      'BWC113',
    );
  });
});
