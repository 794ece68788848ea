import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { DATA_TYPES, type DataType, type Tensor, Tensor as TensorClass } from '../../src/ir/index.js';
import {
  checkExternalData,
  externalLocations,
  readModel,
  readModelFrom,
  toBytes,
  writeModel,
} from '../../src/onnx/index.js';
import {
  type Bytes,
  entry,
  f32,
  f64,
  field,
  floats,
  graph,
  int,
  join,
  model,
  node,
  small,
  tensor,
  valueInfo,
  varint,
} from './build.js';
import { again, at, codeOf, defined, includes, same } from './helpers.js';

const folder = mkdtempSync(joinPath(tmpdir(), 'bwc-tensor-'));
afterAll(() => rmSync(folder, { recursive: true }));

const number = (elem: DataType): number => DATA_TYPES.indexOf(elem);
const withWeights = (...weights: readonly Bytes[]): Bytes =>
  small({
    nodes: [node({ op: 'Add', inputs: ['x', 'w'], outputs: ['y'], name: 'n' })],
    initializers: weights,
  });
const load = (...parts: readonly Bytes[]): Tensor => {
  const [value] = readModelFrom(withWeights(join(field(8, 'w'), ...parts))).graph.initializers;
  return defined(value?.initializer);
};
const packed = (...values: readonly (number | bigint)[]): Bytes => join(...values.map(v => varint(v)));
const double = (value: number): Bytes => new Uint8Array(Float64Array.of(value).buffer);

describe('elements in typed fields become little-endian bytes', () => {
  const typed: [DataType, Bytes, number[]][] = [
    ['float32', field(4, floats(1.5, -2)), [1.5, -2]],
    ['float32', join(f32(4, 0x3fc00000), f32(4, 0xc0000000)), [1.5, -2]],
    ['float64', join(f64(10, double(0.1)), field(10, double(-3))), [0.1, -3]],
    ['int32', field(5, packed(-5, 7)), [-5, 7]],
    ['int8', join(int(5, -5), int(5, 7)), [-5, 7]],
    ['uint8', field(5, packed(250, 7)), [250, 7]],
    ['int16', field(5, packed(-300, 300)), [-300, 300]],
    ['uint16', field(5, packed(65535, 1)), [65535, 1]],
    ['bool', field(5, packed(1, 0)), [1, 0]],
    ['float16', field(5, packed(0x3e00, 0xc000)), [1.5, -2]],
    ['bfloat16', field(5, packed(0x3fc0, 0xc000)), [1.5, -2]],
    ['int64', field(7, packed(-(2n ** 53n), 3)), [-(2 ** 53), 3]],
    ['int64', join(int(7, -1), field(7, packed(2))), [-1, 2]],
    ['uint64', field(11, packed(2n ** 53n, 3)), [2 ** 53, 3]],
    ['uint32', field(11, packed(4294967295, 3)), [4294967295, 3]],
  ];

  it.each(typed)('%s', (elem, data, expected) => {
    const t = load(int(1, 2), int(2, number(elem)), data);
    expect([t.elem, t.dims, t.byteLength]).toEqual([elem, [2], t.bytes()?.length]);
    expect(t.numbers()).toEqual(expected);
  });

  it('4-bit elements, two a byte', () => {
    expect(load(int(1, 3), int(2, number('uint4')), field(5, packed(0x21, 0x03))).bytes()).toEqual(
      Uint8Array.of(0x21, 3),
    );
  });

  it('raw data, none at all, and strings', () => {
    expect(load(int(1, 2), int(2, 1), field(9, floats(3, 4))).numbers()).toEqual([3, 4]);
    expect(load(int(1, 0), int(2, 1)).numbers()).toEqual([]);
    expect(load(int(1, 2), int(2, 1)).numbers()).toBeUndefined();
    expect(load(int(1, 1), int(2, 8), field(6, 'text')).bytes()).toBeUndefined();
  });
});

describe('malformed tensors', () => {
  it.each([
    ['negative dimension', join(int(1, -2), int(2, 1))],
    ['more elements than can be counted', join(int(1, 2 ** 40), int(1, 2 ** 40), int(2, 1))],
    ['external without a location', join(int(1, 2), int(2, 1), field(13, entry('offset', '0')), int(14, 1))],
    [
      'external with a bad offset',
      join(int(2, 1), field(13, entry('location', 'w')), field(13, entry('offset', '-4')), int(14, 1)),
    ],
    [
      'external with a huge offset',
      join(
        int(2, 1),
        field(13, entry('location', 'w')),
        field(13, entry('offset', '9'.repeat(20))),
        int(14, 1),
      ),
    ],
  ])('%s', (_, parts) => {
    expect(codeOf(() => load(parts))).toBe('BWC108');
  });

  it('elements that end within one are dropped, not read past', () => {
    expect(load(int(1, 2), int(2, 1), field(9, Uint8Array.of(1, 2, 3))).numbers()).toBeUndefined();
  });
});

const external = (name: string, location: string, ...more: readonly (readonly [string, string])[]): Bytes =>
  join(
    int(1, 4),
    int(2, 1),
    field(8, name),
    field(13, entry('location', location)),
    ...more.map(([k, v]) => field(13, entry(k, v))),
    int(14, 1),
  );

describe('external data', () => {
  const big = String(2 ** 53 - 1);
  const save = (name: string, ...weights: readonly Bytes[]): string => {
    const path = joinPath(folder, name);
    writeFileSync(path, withWeights(...weights));
    return path;
  };
  const check = (...weights: readonly Bytes[]): string | undefined => {
    const path = save('model.onnx', ...weights);
    return codeOf(() => checkExternalData(readModel(path), path));
  };
  writeFileSync(joinPath(folder, 'weights.bin'), new Uint8Array(64));
  mkdirSync(joinPath(folder, 'sub'));
  writeFileSync(joinPath(folder, 'sub', 'more.bin'), new Uint8Array(16));
  symlinkSync(joinPath(folder, 'weights.bin'), joinPath(folder, 'link.bin'));

  it('is referenced and never read', async () => {
    const path = save(
      'model.onnx',
      external('w', 'absent.bin', ['offset', big], ['length', '16'], ['checksum', 'abc']),
    );
    const m = readModel(path);
    const t = defined([...m.graph.initializers][0]?.initializer);
    expect(t.external).toEqual({ location: 'absent.bin', offset: 2 ** 53 - 1, length: 16, checksum: 'abc' });
    expect([t.bytes(), t.numbers(), t.byteLength]).toEqual([undefined, undefined, 16]);
    expect([...externalLocations(m)]).toEqual(['absent.bin']);
    at(m.graph.nodes, 0).name = 'other';
    await writeModel(m, joinPath(folder, 'out.onnx'));
    const written = readModel(joinPath(folder, 'out.onnx'));
    expect([...written.graph.initializers][0]?.initializer?.external).toEqual(t.external);
  });

  it('is written for a new tensor', () => {
    const m = readModelFrom(withWeights(tensor('w', [4], floats(1, 2, 3, 4))));
    const w = defined([...m.graph.initializers][0]);
    w.initializer = new TensorClass({
      elem: 'float32',
      dims: [4],
      external: { location: 'a.bin', offset: 8, length: 16 },
    });
    const read = defined([...again(m).graph.initializers][0]?.initializer);
    expect([read.external, read.bytes()]).toEqual([{ location: 'a.bin', offset: 8, length: 16 }, undefined]);
    expect(includes(toBytes(m), floats(1, 2, 3, 4))).toBe(false);
  });

  it('is found beside the model, in a folder below it, and through a link', () => {
    expect(check(external('w', 'weights.bin', ['offset', '48'], ['length', '16']))).toBeUndefined();
    expect(check(external('w', 'weights.bin', ['offset', '48']))).toBeUndefined();
    expect(check(external('w', 'sub/more.bin'))).toBeUndefined();
    expect(check(external('w', 'link.bin'))).toBeUndefined();
  });

  it.each([
    ['missing file', external('w', 'absent.bin')],
    ['too short for offset and length', external('w', 'weights.bin', ['offset', '50'], ['length', '16'])],
    ['too short for the elements', external('w', 'weights.bin', ['offset', '49'])],
    ['folder', external('w', 'sub')],
    ['escape upwards', external('w', '../weights.bin')],
    ['escape from below', external('w', 'sub/../../x')],
    ['absolute', external('w', joinPath(folder, 'weights.bin'))],
    ['absolute on Windows', external('w', 'C:\\weights.bin')],
    ['backslashes', external('w', '..\\weights.bin')],
    ['with a NUL', external('w', 'weights.bin\0')],
  ])('refuses: %s', (_, weights) => {
    expect(check(weights)).toBe('BWC105');
  });

  it('is checked in attributes too', () => {
    const constant = node({
      op: 'Constant',
      outputs: ['w'],
      attributes: [join(field(1, 'value'), field(5, external('', 'absent.bin')), int(20, 4))],
    });
    const path = joinPath(folder, 'constant.onnx');
    const add = node({ op: 'Add', inputs: ['x', 'w'], outputs: ['y'] });
    writeFileSync(
      path,
      model(graph({ nodes: [constant, add], inputs: [valueInfo('x')], outputs: [valueInfo('y')] })),
    );
    expect(codeOf(() => checkExternalData(readModel(path), path))).toBe('BWC105');
  });
});

describe('sparse initializers', () => {
  const sparse = (name: string): Bytes =>
    field(
      15,
      join(field(1, tensor(name, [1], floats(3))), field(2, tensor('', [1], packed(0), 7)), int(3, 2)),
    );
  const file = (name: string): Bytes =>
    model(
      graph({
        nodes: [node({ op: 'Add', inputs: ['x', name], outputs: ['y'] })],
        inputs: [valueInfo('x')],
        outputs: [valueInfo('y')],
        more: [sparse(name)],
      }),
    );

  it('are initializers without readable elements and can be renamed', () => {
    const m = readModelFrom(file('w'));
    const [w] = m.graph.initializers;
    expect([w?.initializer?.dims, w?.initializer?.elem, w?.initializer?.bytes()]).toEqual([
      [2],
      'float32',
      undefined,
    ]);
    if (w) w.name = 'v';
    expect(same(toBytes(m), file('v'))).toBe(true);
  });
});
