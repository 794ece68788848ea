import { describe, expect, it } from 'vitest';
import type { Model } from '../../src/ir/index.js';
import { Tensor } from '../../src/ir/index.js';
import { modelHash, readModelFrom } from '../../src/onnx/index.js';
import {
  type Bytes,
  entry,
  field,
  floats,
  graph,
  int,
  join,
  model,
  node,
  relu,
  small,
  tensor,
  unknown,
  valueInfo,
  varint,
} from './build.js';
import { at, defined } from './helpers.js';

const hash = (bytes: Bytes): string => modelHash(readModelFrom(bytes));
const add = node({ op: 'Add', inputs: ['x', 'w'], outputs: ['y'], name: 'n' });
const withWeights = (weights: Bytes): Bytes => small({ nodes: [add], initializers: [weights] });
const big = (at: number): Bytes => {
  const bytes = new Uint8Array(20000);
  bytes[at] = 1;
  return withWeights(tensor('w', [5000], bytes));
};

describe('modelHash', () => {
  it('is the same for other layouts, packings, documentation and metadata', () => {
    const plain = hash(withWeights(tensor('w', [2], floats(1, 2))));
    const reordered = model(
      join(
        field(5, tensor('w', [2], floats(1, 2))),
        field(12, valueInfo('y')),
        field(11, valueInfo('x')),
        field(1, add),
      ),
    );
    const typed = withWeights(join(field(8, 'w'), field(1, varint(2)), field(4, floats(1, 2)), int(2, 1)));
    const talkative = small(
      {
        nodes: [join(add, field(9, entry('a', 'b')), field(6, 'doc'))],
        initializers: [tensor('w', [2], floats(1, 2))],
        infos: [valueInfo('gone')],
        more: [unknown()],
      },
      field(14, entry('a', 'b')),
    );
    expect(plain).toMatch(/^[0-9a-f]{64}$/);
    expect([reordered, typed, talkative].map(hash)).toEqual([plain, plain, plain]);
  });

  it('differs where the model differs', () => {
    const attribute = (value: number): Bytes =>
      small({ nodes: [relu({ attributes: [join(field(1, 'a'), int(3, value), int(20, 2))] })] });
    const branch = (op: string): Bytes =>
      small({
        nodes: [
          relu({
            attributes: [
              join(field(1, 'g'), field(6, graph({ nodes: [node({ op, inputs: ['x'] })] })), int(20, 5)),
            ],
          }),
        ],
      });
    const strings = (text: string): Bytes =>
      withWeights(join(int(1, 1), int(2, 8), field(8, 'w'), field(6, text)));
    const external = (offset: string): Bytes =>
      withWeights(
        join(
          int(2, 1),
          field(8, 'w'),
          field(13, entry('location', 'l')),
          field(13, entry('offset', offset)),
          int(14, 1),
        ),
      );
    const sparse = (value: number): Bytes =>
      small({ nodes: [add], more: [field(15, join(field(1, tensor('w', [1], floats(value))), int(3, 2)))] });
    const fun = (op: string): Bytes => small({}, field(25, join(field(1, 'F'), field(7, node({ op })))));
    const files = [
      small(),
      small({ nodes: [relu({ op: 'Abs' })] }),
      small({ nodes: [relu({ name: 'm' })] }),
      small({ inputs: [valueInfo('x', [3])] }),
      attribute(1),
      attribute(2),
      branch('Abs'),
      branch('Neg'),
      strings('a'),
      strings('b'),
      external('0'),
      external('1'),
      sparse(1),
      sparse(2),
      fun('A'),
      fun('B'),
      withWeights(tensor('w', [2], floats(1, 2))),
      withWeights(tensor('w', [2], floats(1, 3))),
    ];
    expect(new Set(files.map(hash)).size).toBe(files.length);
  });

  it('looks at both ends of a large tensor, as its docstring says', () => {
    expect(new Set([big(0), big(4095), big(15904), big(19999)].map(hash)).size).toBe(4);
    expect(hash(big(4096))).toBe(hash(big(10000)));
  });

  it('does not tell a tensor that was read from an equal new one', () => {
    const m: Model = readModelFrom(withWeights(tensor('w', [2], floats(1, 2))));
    const before = modelHash(m);
    defined([...m.graph.initializers][0]).initializer = Tensor.float32([1, 2]);
    expect(modelHash(m)).toBe(before);
    at(m.graph.nodes, 0).opType = 'Sub';
    expect(modelHash(m)).not.toBe(before);
  });
});
