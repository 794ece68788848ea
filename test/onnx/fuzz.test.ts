import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Refusal } from '../../src/diagnostics/index.js';
import { allNodes } from '../../src/ir/index.js';
import { encodeModel, modelHash, readModelFrom, toBytes } from '../../src/onnx/index.js';
import { CASES } from './adversarial.js';
import {
  entry,
  f32,
  field,
  floats,
  graph,
  int,
  join,
  model,
  node,
  opset,
  tensor,
  unknown,
  valueInfo,
  varint,
} from './build.js';
import { same } from './helpers.js';

const branch = (op: string): Uint8Array =>
  graph({
    nodes: [node({ op, inputs: ['h'], outputs: ['t'] })],
    initializers: [tensor('c', [], floats(1))],
    outputs: [valueInfo('t')],
  });

/** Everything a reader looks at, in a few hundred bytes. */
const RICH = join(
  model(
    graph({
      nodes: [
        node({
          op: 'Add',
          inputs: ['x', 'w'],
          outputs: ['h'],
          name: 'a',
          attributes: [
            join(field(1, 'i'), field(8, varint(7)), int(20, 7)),
            join(field(1, 'f'), f32(2, 1), int(20, 1)),
            join(field(1, 't'), field(5, tensor('', [1], floats(1))), int(20, 4)),
          ],
          more: [field(9, entry('k', 'v')), unknown()],
        }),
        node({
          op: 'If',
          inputs: ['p'],
          outputs: ['y'],
          attributes: [
            join(field(1, 'then_branch'), field(6, branch('Abs')), int(20, 5)),
            join(field(1, 'else_branch'), field(6, branch('Neg')), int(20, 5)),
          ],
        }),
      ],
      initializers: [
        tensor('w', [2], floats(1, 2)),
        join(int(1, 2), int(2, 10), field(5, join(varint(1), varint(2))), field(8, 'v')),
        join(int(2, 1), field(8, 'e'), field(13, entry('location', 'l')), int(14, 1)),
      ],
      inputs: [valueInfo('x', ['n', 2]), valueInfo('p', [], 9)],
      outputs: [valueInfo('y')],
      infos: [valueInfo('h')],
    }),
    field(14, entry('m', 'n')),
    field(
      25,
      join(
        field(1, 'F'),
        field(4, 'a'),
        field(5, 'b'),
        field(7, node({ op: 'Neg', inputs: ['a'], outputs: ['b'] })),
        field(9, opset(17)),
      ),
    ),
  ),
);

/** Reads all there is and writes it again; refusing is fine, anything else is not. */
function exercise(bytes: Uint8Array): void {
  try {
    const read = readModelFrom(bytes);
    for (const n of allNodes(read.graph)) {
      void n.metadata;
      for (const attribute of n.attributes.values())
        if (attribute.kind === 'tensor') attribute.value.numbers();
    }
    for (const value of read.graph.initializers)
      if ((value.initializer?.size ?? 0) < 1e6) value.initializer?.numbers();
    for (const definition of read.functions) definition.body();
    expect(same(toBytes(read), bytes)).toBe(true);
    const [first] = read.graph.nodes;
    if (first) first.name += '+';
    const name = first?.name;
    expect(readModelFrom(toBytes(read)).graph.nodes[0]?.name).toBe(name);
    modelHash(read);
    encodeModel(read);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    if (error.diagnostic.kind === 'bug') throw error;
  }
}

const mutation = fc.tuple(
  fc.nat(),
  fc.integer({ min: 0, max: 255 }),
  fc.constantFrom('set', 'flip', 'insert', 'delete', 'repeat'),
);

function mutate(bytes: Uint8Array, mutations: readonly (readonly [number, number, string])[]): Uint8Array {
  let now = Buffer.from(bytes);
  for (const [place, value, kind] of mutations) {
    const i = now.length === 0 ? 0 : place % now.length;
    const [before, after] = [now.subarray(0, i), now.subarray(i)];
    if (kind === 'set') now = Buffer.concat([before, Buffer.of(value), after.subarray(1)]);
    else if (kind === 'flip')
      now = Buffer.concat([before, Buffer.of((after[0] ?? 0) ^ (1 << (value & 7))), after.subarray(1)]);
    else if (kind === 'insert') now = Buffer.concat([before, Buffer.of(value), after]);
    else if (kind === 'delete') now = Buffer.concat([before, after.subarray(1 + (value & 7))]);
    else now = Buffer.concat([before, after.subarray(0, value), after]);
  }
  return new Uint8Array(now);
}

describe('no bytes do more than being refused', () => {
  it('the model itself is read', () => {
    expect(readModelFrom(RICH).graph.nodes.length).toBe(2);
    exercise(RICH);
  });

  it('one byte changed, at every place', () => {
    for (let i = 0; i < RICH.length; i++) {
      for (const value of [0, 1, 0x7f, 0x80, 0xff, (RICH[i] ?? 0) ^ 1, (RICH[i] ?? 0) + 8]) {
        const bytes = RICH.slice();
        bytes[i] = value;
        exercise(bytes);
      }
    }
  });

  it('cut at every place', () => {
    for (let i = 0; i < RICH.length; i++) exercise(RICH.subarray(0, i));
  });

  it('mutated', () => {
    const start = fc.constantFrom(RICH, RICH, RICH, ...CASES.map(each => each.bytes));
    fc.assert(
      fc.property(start, fc.array(mutation, { minLength: 1, maxLength: 6 }), (bytes, mutations) => {
        exercise(mutate(bytes, mutations));
      }),
      { numRuns: 2500, seed: 7 },
    );
  });

  it('random', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), exercise), { numRuns: 2000, seed: 7 });
  });
});
