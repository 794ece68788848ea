import {
  type Bytes,
  entry,
  f32,
  f64,
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
  unknown,
  valueInfo,
  varint,
} from './build.js';

export interface Case {
  readonly name: string;
  readonly bytes: Bytes;
  /** Set where a changed node makes the messages around it be written in plainer form: one graph, shortest lengths. */
  readonly plainer?: boolean;
}

const attribute = (...parts: readonly Bytes[]): Bytes => relu({ attributes: [join(...parts)] });
const withAttribute = (...parts: readonly Bytes[]): Bytes => small({ nodes: [attribute(...parts)] });
const w = tensor('w', [2], floats(1, 2));
const read = (weights: Bytes, ...more: readonly Bytes[]): Bytes =>
  small({
    nodes: [node({ op: 'Add', inputs: ['x', 'w'], outputs: ['y'], name: 'n' })],
    initializers: [weights],
    more,
  });
const packed = (...values: readonly (number | bigint)[]): Bytes =>
  join(...values.map(value => varint(value)));
const raw = Buffer.from([0xff, 0xfe, 0x41, 0xc0, 0x80, 0xed, 0xa0, 0x80]);

/** Files of one node that a decoder and encoder of typed messages would not give back as they were. */
export const CASES: readonly Case[] = [
  { name: 'plain', bytes: small() },
  { name: 'unknown fields in the model', bytes: join(unknown(), small(), unknown()) },
  { name: 'unknown fields in the graph', bytes: small({ more: [unknown()] }) },
  { name: 'unknown fields in the node', bytes: small({ nodes: [relu({ more: [unknown()] })] }) },
  {
    name: 'unknown fields in an attribute',
    bytes: withAttribute(field(1, 'a'), int(3, 1), int(20, 2), unknown()),
  },
  { name: 'unknown fields in a tensor', bytes: read(join(w, unknown())) },
  { name: 'unknown fields in a value', bytes: small({ inputs: [valueInfo('x', [2], 1, unknown())] }) },
  {
    name: 'unknown fields in a type',
    bytes: small({
      inputs: [
        join(field(1, 'x'), field(2, join(tensorType(1, [2], unknown()), field(6, 'NCHW'), unknown()))),
      ],
    }),
  },
  {
    name: 'unknown fields in an opset',
    bytes: model(
      graph({ nodes: [relu()], inputs: [valueInfo('x')], outputs: [valueInfo('y')] }),
      field(8, join(opset(1, 'other'), unknown())),
    ),
  },
  { name: 'unknown fields in a metadata entry', bytes: small({}, field(14, entry('k', 'v', unknown()))) },
  {
    name: 'metadata in every message',
    bytes: small(
      {
        nodes: [relu({ more: [field(9, entry('a', 'b')), field(9, entry('', ''))] })],
        inputs: [join(valueInfo('x'), field(4, entry('i', 'j')))],
        more: [field(16, entry('c', 'd'))],
      },
      field(14, entry('e', 'f')),
    ),
  },
  {
    name: 'overload and device configurations',
    bytes: small(
      { nodes: [relu({ more: [field(8, 'over'), field(10, field(1, 'device'))] })] },
      field(26, field(1, 'configuration')),
    ),
  },
  { name: 'training info', bytes: small({}, field(20, field(1, field(2, 'algorithm')))) },
  {
    name: 'fields in falling order',
    bytes: join(
      field(8, opset(17)),
      field(
        7,
        join(
          field(12, valueInfo('y')),
          field(11, valueInfo('x')),
          field(2, 'g'),
          field(1, join(field(4, 'Relu'), field(3, 'n'), field(2, 'y'), field(1, 'x'))),
        ),
      ),
      int(1, 8),
    ),
  },
  {
    name: 'initializer before node',
    bytes: model(
      join(
        field(5, w),
        field(11, valueInfo('x')),
        field(1, node({ op: 'Add', inputs: ['x', 'w'], outputs: ['y'], name: 'n' })),
        field(12, valueInfo('y')),
      ),
    ),
  },
  {
    name: 'nodes, inputs and outputs interleaved',
    bytes: model(
      join(
        field(1, relu()),
        field(12, valueInfo('y')),
        field(1, node({ op: 'Abs', inputs: ['x'], outputs: ['z'] })),
        field(11, valueInfo('x')),
        field(12, valueInfo('z')),
      ),
    ),
  },
  { name: 'packed ints', bytes: withAttribute(field(1, 'a'), field(8, packed(1, -1, 300)), int(20, 7)) },
  {
    name: 'unpacked ints',
    bytes: withAttribute(field(1, 'a'), int(8, 1), int(8, -1), int(8, 300), int(20, 7)),
  },
  {
    name: 'mixed ints',
    bytes: withAttribute(field(1, 'a'), int(8, 1), field(8, packed(2, 3)), int(8, 4), int(20, 7)),
  },
  { name: 'packed floats', bytes: withAttribute(field(1, 'a'), field(7, floats(1, 2)), int(20, 6)) },
  {
    name: 'packed dims',
    bytes: read(join(field(1, packed(1, 2)), int(2, 1), field(8, 'w'), field(9, floats(1, 2)))),
  },
  {
    name: 'float_data one by one',
    bytes: read(join(int(1, 2), int(2, 1), field(8, 'w'), f32(4, 0), f32(4, 1))),
  },
  {
    name: 'over-long varint of an integer',
    bytes: withAttribute(field(1, 'a'), int(3, 5, 9), int(20, 2, 4)),
  },
  {
    name: 'over-long length of a node',
    bytes: model(join(field(1, relu(), 4), field(11, valueInfo('x'), 3), field(12, valueInfo('y')))),
    plainer: true,
  },
  {
    name: 'over-long length of the graph',
    bytes: join(
      int(1, 8, 10),
      field(7, graph({ nodes: [relu()], inputs: [valueInfo('x')], outputs: [valueInfo('y')] }), 5),
      field(8, opset(17)),
    ),
    plainer: true,
  },
  { name: 'over-long tag', bytes: join(small(), tag(1900, 0, 5), varint(1)) },
  {
    name: 'split graph',
    bytes: join(
      int(1, 8),
      field(7, graph({ nodes: [relu()], inputs: [valueInfo('x')] })),
      field(8, opset(17)),
      field(7, join(field(12, valueInfo('y')), unknown())),
    ),
    plainer: true,
  },
  {
    name: 'singular fields given twice',
    bytes: join(
      int(1, 3),
      field(2, 'a'),
      small({ nodes: [relu({ more: [field(6, 'one'), field(6, 'two')] })] }),
    ),
  },
  {
    name: 'split type',
    bytes: small({
      inputs: [join(field(1, 'x'), field(2, tensorType(1, [2])), field(2, field(6, 'TENSOR')))],
    }),
  },
  { name: 'group in the model', bytes: join(small(), group(99, int(1, 1), group(98, field(1, 'deep')))) },
  {
    name: 'group in the node',
    bytes: small({ nodes: [relu({ more: [group(99, field(3, 'not the name'))] })] }),
  },
  {
    name: 'empty strings present',
    bytes: small(
      { nodes: [relu({ more: [field(6, ''), field(7, ''), field(8, '')] })], more: [field(10, '')] },
      field(3, ''),
      field(4, ''),
      int(5, 0),
      field(6, ''),
    ),
  },
  { name: 'explicit zero', bytes: withAttribute(field(1, 'a'), int(3, 0), int(20, 2)) },
  { name: 'signalling NaN', bytes: withAttribute(field(1, 'a'), f32(2, 0x7f800001), int(20, 1)) },
  {
    name: 'NaN payloads in floats',
    bytes: withAttribute(field(1, 'a'), f32(7, 0xffc01234), f32(7, 0x7f812345), int(20, 6)),
  },
  {
    name: 'invalid UTF-8 in a name',
    bytes: small({
      nodes: [join(field(1, 'x'), field(2, 'y'), field(3, 'n'), field(4, 'Relu'), field(6, raw))],
    }),
  },
  {
    name: 'invalid UTF-8 in values',
    bytes: small({
      nodes: [join(field(1, raw), field(2, 'y'), field(3, 'n'), field(4, 'Relu'))],
      inputs: [join(field(1, raw))],
    }),
  },
  { name: 'bytes in a string attribute', bytes: withAttribute(field(1, 'a'), field(4, raw), int(20, 3)) },
  { name: 'unknown attribute type', bytes: withAttribute(field(1, 'a'), int(3, 1), int(20, 99)) },
  {
    name: 'unknown element type',
    bytes: read(join(int(1, 2), int(2, 77), field(8, 'w'), field(9, floats(1)))),
  },
  { name: 'unknown data location', bytes: read(join(w, int(14, 7))) },
  {
    name: 'known number, other wire type',
    bytes: small(
      {
        nodes: [relu({ more: [int(1, 3), f32(3, 1), f64(5, Buffer.alloc(8))] })],
        more: [int(1, 5), f32(5, 1)],
      },
      int(14, 1),
    ),
  },
  {
    name: 'omitted inputs and outputs',
    bytes: small({ nodes: [relu({ inputs: ['x', '', ''], outputs: ['y', ''] })] }),
  },
  {
    name: 'stray and repeated value_info',
    bytes: small({
      nodes: [relu({ outputs: ['h'] }), node({ op: 'Abs', inputs: ['h'], outputs: ['y'] })],
      infos: [
        valueInfo('h'),
        valueInfo('gone'),
        valueInfo('h', ['n']),
        valueInfo('y', ['m']),
        valueInfo('x', ['k']),
      ],
    }),
  },
  { name: 'value_info without a type', bytes: small({ infos: [field(1, 'y')], outputs: [field(1, 'y')] }) },
  {
    name: 'quantization annotation',
    bytes: small({ more: [field(14, join(field(1, 'x'), field(2, entry('SCALE_TENSOR', 's'))))] }),
  },
  {
    name: 'sparse initializer',
    bytes: model(
      graph({
        nodes: [node({ op: 'Add', inputs: ['x', 'w'], outputs: ['y'], name: 'n' })],
        inputs: [valueInfo('x')],
        outputs: [valueInfo('y')],
        more: [
          field(
            15,
            join(field(1, tensor('w', [1], floats(3))), field(2, tensor('', [1], packed(0), 7)), int(3, 2)),
          ),
        ],
      }),
    ),
  },
  {
    name: 'sequence, optional, map and opaque inputs',
    bytes: small({
      inputs: [
        valueInfo('x'),
        join(field(1, 's'), field(2, field(4, field(1, tensorType(1, []))))),
        join(field(1, 'o'), field(2, field(9, field(1, tensorType(7, [1]))))),
        join(field(1, 'm'), field(2, field(5, join(int(1, 7), field(2, tensorType(1, [])))))),
        join(field(1, 'q'), field(2, field(7, join(field(1, 'dom'), field(2, 'name'))))),
      ],
    }),
  },
  {
    name: 'an attribute given twice',
    bytes: small({
      nodes: [
        relu({
          attributes: [
            join(field(1, 'a'), int(3, 1), int(20, 2)),
            join(field(1, 'a'), int(3, 2), int(20, 2)),
          ],
        }),
      ],
    }),
  },
];
