import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readModel, readModelFrom } from '../../src/onnx/index.js';
import {
  type Bytes,
  field,
  floats,
  graph,
  group,
  int,
  join,
  model,
  node,
  opset,
  relu,
  small,
  tag,
  tensor,
  tensorType,
  valueInfo,
  varint,
} from './build.js';
import { codeOf } from './helpers.js';

const folder = mkdtempSync(joinPath(tmpdir(), 'bwc-refusal-'));
afterAll(() => rmSync(folder, { recursive: true }));

const refusal = (bytes: Bytes): string | undefined => codeOf(() => readModelFrom(bytes));
const nested = (depth: number, wrap: (inside: Bytes) => Bytes, core: Bytes): Bytes =>
  Array.from({ length: depth }).reduce<Bytes>(inside => wrap(inside), core);

describe('BWC101: not a file to read', () => {
  it('missing, folder, pipe, forbidden', () => {
    mkdirSync(joinPath(folder, 'dir'));
    execFileSync('mkfifo', [joinPath(folder, 'pipe')]);
    writeFileSync(joinPath(folder, 'file'), small());
    for (const name of ['missing.onnx', 'dir', 'pipe', 'file/below', '\0']) {
      expect(codeOf(() => readModel(joinPath(folder, name)))).toBe('BWC101');
    }
    writeFileSync(joinPath(folder, 'secret'), small());
    chmodSync(joinPath(folder, 'secret'), 0);
    // The superuser may read everything.
    expect(codeOf(() => readModel(joinPath(folder, 'secret')))).toBe(
      process.getuid?.() === 0 ? undefined : 'BWC101',
    );
  });
});

describe('BWC102: not a model', () => {
  const lfs = Buffer.from('version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n');
  it.each([
    ['pointer of Git LFS', lfs],
    ['archive', Buffer.from('PK\x03\x04\x14\x00\x08\x08')],
    ['field number 0', Uint8Array.of(0, 1)],
    ['wire type 7', Uint8Array.of(0x0f)],
    ['end of a group that never began', tag(3, 4)],
    ['end of another group', join(tag(3, 3), tag(4, 4))],
    ['eleven-byte varint', join(tag(1, 0), new Uint8Array(10).fill(0x80), Uint8Array.of(1))],
    ['field number out of range', join(varint(2n ** 35n), Uint8Array.of(1))],
    ['only unknown fields', join(int(900, 1), field(901, 'x'))],
    [
      'node that runs past its graph',
      join(int(1, 8), field(7, join(tag(1, 2), varint(50), relu())), field(8, new Uint8Array(60))),
    ],
    ['length of 2^63', join(int(1, 8), tag(7, 2), varint(2n ** 63n))],
    [
      'groups nested 200 deep',
      join(
        small(),
        nested(200, inside => group(9, inside), int(1, 1)),
      ),
    ],
    [
      'types nested 200 deep',
      small({
        inputs: [
          valueInfo('x'),
          join(
            field(1, 's'),
            field(
              2,
              nested(200, inside => field(4, field(1, inside)), tensorType(1, [])),
            ),
          ),
        ],
      }),
    ],
  ])('%s', (_, bytes) => {
    expect(refusal(bytes)).toBe('BWC102');
  });
});

describe('BWC103: truncated', () => {
  it('at every byte that cuts the graph', () => {
    const whole = small({ initializers: [tensor('w', [2], floats(1, 2))] });
    const codes = Array.from({ length: whole.length }, (_, length) => refusal(whole.subarray(0, length)));
    expect(new Set(codes)).toEqual(new Set(['BWC103', 'BWC104', undefined]));
    const start = Buffer.from(whole).indexOf(field(2, 'test')) + 6;
    expect(new Set(codes.slice(start + 1, whole.length - 6))).toEqual(new Set(['BWC103']));
  });

  it('says where, and how much is missing', () => {
    const bytes = join(int(1, 8), tag(7, 2), varint(1000));
    expect(() => readModelFrom(bytes, 'short.onnx')).toThrow(
      'BWC103: short.onnx is truncated: byte 2 announces data up to 1005, the file has 5 bytes',
    );
  });
});

describe('BWC104: nothing to compile', () => {
  it.each([
    ['empty file', new Uint8Array()],
    ['no graph', join(int(1, 8), field(8, opset(17)))],
    ['graph without nodes', model(graph({}))],
  ])('%s', (_, bytes) => {
    expect(refusal(bytes)).toBe('BWC104');
  });
});

describe('BWC108: no valid graph', () => {
  const two = [relu(), relu()];
  const branch = (...nodes: readonly Bytes[]): Bytes =>
    join(field(1, 'body'), field(6, graph({ nodes })), int(20, 5));
  const deep = nested(
    60,
    inside => node({ op: 'Loop', attributes: [branch(inside)] }),
    node({ op: 'Abs', inputs: ['x'] }),
  );
  it.each([
    ['two producers of a name', small({ nodes: two })],
    ['a node that defines an input', small({ nodes: [relu({ outputs: ['x'] })] })],
    ['a node that defines an initializer', small({ initializers: [tensor('y', [2], floats(1, 2))] })],
    ['two inputs of a name', small({ inputs: [valueInfo('x'), valueInfo('x')] })],
    [
      'two initializers of a name',
      small({ initializers: [tensor('w', [], floats(1)), tensor('w', [], floats(1))] }),
    ],
    ['a node that reads what nothing defines', small({ nodes: [relu({ inputs: ['z'] })] })],
    ['an output that nothing defines', small({ outputs: [valueInfo('z')] })],
    ['an input without a name', small({ inputs: [valueInfo('x'), valueInfo('')] })],
    ['an initializer without a name', small({ initializers: [tensor('', [], floats(1))] })],
    [
      'a branch that reads its sibling',
      small({
        nodes: [
          relu({
            attributes: [
              branch(node({ op: 'Abs', inputs: ['x'], outputs: ['t'] })),
              branch(node({ op: 'Abs', inputs: ['t'] })),
            ],
          }),
        ],
      }),
    ],
    ['graphs nested 60 deep', small({ nodes: [relu({ attributes: [branch(deep)] })] })],
  ])('%s', (_, bytes) => {
    expect(refusal(bytes)).toBe('BWC108');
  });

  it('accepts what is unusual only', () => {
    const shadow = small({
      nodes: [relu({ attributes: [branch(node({ op: 'Abs', inputs: ['x'], outputs: ['x'] }))] })],
    });
    const unsorted = small({
      nodes: [relu({ inputs: ['h'] }), node({ op: 'Abs', inputs: ['x'], outputs: ['h'] })],
    });
    const twice = small({ outputs: [valueInfo('y'), valueInfo('y')] });
    for (const bytes of [shadow, unsorted, twice]) expect(refusal(bytes)).toBeUndefined();
  });
});
