import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { writeSegments } from '../../src/onnx/copy.js';
import { readModel, toBytes, writeModel } from '../../src/onnx/index.js';
import { FileSource } from '../../src/onnx/source.js';
import { type Bytes, entry, field, floats, int, join, node, relu, small, tensor } from './build.js';
import { at, codeOfAsync, defined, same } from './helpers.js';

let folder = '';
const path = (name: string): string => joinPath(folder, name);
const bytes = small();

beforeEach(() => {
  folder = mkdtempSync(joinPath(tmpdir(), 'bwc-write-'));
  writeFileSync(path('in.onnx'), bytes);
  return () => rmSync(folder, { recursive: true });
});

const files = (): string[] => readdirSync(folder).sort();

describe('writeModel', () => {
  it('replaces what was there, in one step and with the usual mode', async () => {
    chmodSync(path('in.onnx'), 0o400);
    writeFileSync(path('out.onnx'), 'older');
    await writeModel(readModel(path('in.onnx')), path('out.onnx'));
    expect(same(readFileSync(path('out.onnx')), bytes)).toBe(true);
    writeFileSync(path('usual'), '');
    expect(statSync(path('out.onnx')).mode).toBe(statSync(path('usual')).mode);
    expect(files()).toEqual(['in.onnx', 'out.onnx', 'usual']);
  });

  it('refuses the file it reads, by any name', async () => {
    linkSync(path('in.onnx'), path('hard.onnx'));
    symlinkSync('in.onnx', path('soft.onnx'));
    mkdirSync(path('sub'));
    const model = readModel(path('in.onnx'));
    for (const name of ['in.onnx', 'sub/../in.onnx', 'hard.onnx', 'soft.onnx']) {
      expect(await codeOfAsync(writeModel(model, path(name)))).toBe('BWC107');
    }
    at(model.graph.nodes, 0).name = 'changed';
    expect(await codeOfAsync(writeModel(model, path('soft.onnx')))).toBe('BWC107');
    expect(same(readFileSync(path('in.onnx')), bytes)).toBe(true);
  });

  it('refuses a file that holds the weights', async () => {
    const external = join(
      int(1, 1),
      int(2, 1),
      field(8, 'w'),
      field(13, entry('location', 'w.bin')),
      int(14, 1),
    );
    writeFileSync(path('external.onnx'), small({ initializers: [external] }));
    writeFileSync(path('w.bin'), floats(1));
    expect(await codeOfAsync(writeModel(readModel(path('external.onnx')), path('w.bin')))).toBe('BWC107');
    expect(same(readFileSync(path('w.bin')), floats(1))).toBe(true);
  });

  it('refuses to write where it cannot, and leaves nothing behind', async () => {
    mkdirSync(path('dir'));
    const model = readModel(path('in.onnx'));
    for (const name of ['missing/out.onnx', 'in.onnx/out.onnx', 'dir', '\0']) {
      expect(await codeOfAsync(writeModel(model, path(name)))).toBe('BWC106');
    }
    expect(await codeOfAsync(writeModel(model, '/dev/null'))).toBe('BWC106');
    expect(await codeOfAsync(writeModel(model, '/proc/out.onnx'))).toBe('BWC106');
    expect(files()).toEqual(['dir', 'in.onnx']);
    expect(readdirSync(path('dir'))).toEqual([]);
  });

  it('writes through a symbolic link', async () => {
    writeFileSync(path('target.onnx'), 'older');
    symlinkSync('target.onnx', path('link.onnx'));
    await writeModel(readModel(path('in.onnx')), path('link.onnx'));
    expect(same(readFileSync(path('target.onnx')), bytes)).toBe(true);
    expect(files()).toEqual(['in.onnx', 'link.onnx', 'target.onnx']);
  });

  it('refuses when the file it read has changed since', async () => {
    const model = readModel(path('in.onnx'));
    utimesSync(path('in.onnx'), 1, 1);
    expect(await codeOfAsync(writeModel(model, path('out.onnx')))).toBe('BWC101');
    expect(existsSync(path('out.onnx'))).toBe(false);
    const other = readModel(path('in.onnx'));
    at(other.graph.nodes, 0).name = 'changed';
    writeFileSync(path('in.onnx'), bytes.subarray(0, 10));
    expect(await codeOfAsync(writeModel(other, path('out.onnx')))).toMatch(/BWC10[13]/);
    expect(files()).toEqual(['in.onnx']);
  });

  it('still reads a file whose name was taken by another', async () => {
    const model = readModel(path('in.onnx'));
    rmSync(path('in.onnx'));
    writeFileSync(path('in.onnx'), 'another file');
    await writeModel(model, path('out.onnx'));
    expect(same(readFileSync(path('out.onnx')), bytes)).toBe(true);
  });

  it.skipIf(!existsSync('/proc/self/fd'))('keeps few files open, however many models there are', async () => {
    const models = Array.from({ length: 40 }, (_, i) => {
      writeFileSync(path(`${i}.onnx`), small({ nodes: [relu({ more: [field(9, entry('k', `${i}`))] })] }));
      return readModel(path(`${i}.onnx`));
    });
    const open = readdirSync('/proc/self/fd').length;
    expect(models.map(m => at(m.graph.nodes, 0).metadata.get('k'))).toEqual(models.map((_, i) => `${i}`));
    expect(readdirSync('/proc/self/fd').length).toBe(open);
    rmSync(path('0.onnx'));
    writeFileSync(path('1.onnx'), small());
    expect(await codeOfAsync(writeModel(at(models, 0), path('out.onnx')))).toBe('BWC101');
    expect(await codeOfAsync(writeModel(at(models, 1), path('out.onnx')))).toBe('BWC101');
    await writeModel(at(models, 2), path('out.onnx'));
    expect(files().filter(name => name.endsWith('.tmp'))).toEqual([]);
  });

  it('copies megabytes through its buffers, from two files', async () => {
    const weights = (seed: number, mib: number): Float32Array =>
      Float32Array.from({ length: (mib * 2 ** 20) / 4 + seed }, (_, i) => i * seed);
    const file = (data: Float32Array): Bytes =>
      small({
        nodes: [node({ op: 'Add', inputs: ['x', 'w'], outputs: ['y'], name: 'n' })],
        initializers: [
          tensor('w', [data.length], new Uint8Array(data.buffer)),
          tensor('s', [1], floats(data.length)),
        ],
      });
    const [one, two] = [weights(1, 3), weights(2, 5)];
    writeFileSync(path('one.onnx'), file(one));
    writeFileSync(path('two.onnx'), file(two));
    const [first, second] = [readModel(path('one.onnx')), readModel(path('two.onnx'))];
    const w = defined([...first.graph.initializers][0]);
    const other = defined([...second.graph.initializers][0]);
    w.name = 'weights';
    first.graph.removeInitializer(w);
    second.graph.removeInitializer(other);
    first.graph.addInitializer(w, defined(w.initializer));
    other.name = 'other';
    first.graph.addInitializer(other, defined(other.initializer));
    await writeModel(first, path('out.onnx'));
    const read = [...readModel(path('out.onnx')).graph.initializers].map(v => v.initializer);
    expect(read.map(t => t?.name)).toEqual(['s', 'weights', 'other']);
    expect(same(defined(read[1]?.bytes()), new Uint8Array(one.buffer))).toBe(true);
    expect(same(defined(read[2]?.bytes()), new Uint8Array(two.buffer))).toBe(true);
    expect(same(readFileSync(path('out.onnx')), toBytes(first))).toBe(true);
    expect(await codeOfAsync(writeModel(first, path('two.onnx')))).toBe('BWC107');
  });

  it('copies what goes to the disk meanwhile, and leaves out nothing', async () => {
    const chunk = Buffer.alloc(2 ** 20 + 1, 'what is no hole ');
    const [from, to] = [path('from.bin'), path('to.bin')];
    writeFileSync(from, Buffer.concat(Array.from({ length: 150 }, () => chunk)));
    const source = new FileSource(from);
    await writeSegments(to, [
      { kind: 'range', source, start: 7, end: source.size },
      { kind: 'range', source, start: 0, end: 7 },
    ]);
    const [before, after] = [readFileSync(from), readFileSync(to)];
    expect(after.subarray(0, -7).equals(before.subarray(7))).toBe(true);
    expect(after.subarray(-7).equals(before.subarray(0, 7))).toBe(true);
  });
});
