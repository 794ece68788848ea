import { describe, expect, it } from 'vitest';
import { type Attribute, attr, Tensor, typeText } from '../../src/ir/index.js';
import { evaluate, inferTypes } from '../../src/ir/infer/index.js';
import {
  bools,
  constant,
  fed,
  feedsFor,
  floats,
  indices,
  list,
  type NodeInit,
  type Operand,
  runtimeTypes,
  scalar,
  single,
  weights,
} from './build.js';

/** Sizes that symbols have when ONNX Runtime runs a case. */
const SIZES = new Map([
  ['b', 2],
  ['n', 6],
  ['m', 9],
  ['h', 8],
  ['w', 12],
]);

interface Case extends NodeInit {
  readonly types: readonly string[];
  /** False where ONNX Runtime has no CPU kernel, or returns what the binding cannot hand over. */
  readonly runs?: boolean;
}

const { int, ints, float, string } = attr;
const floatConstant = (...values: number[]): Operand => constant(Tensor.float32(values));
const none = undefined;

function one(
  op: string,
  inputs: NodeInit['inputs'],
  type: string,
  ...attributes: readonly Attribute[]
): Case {
  return { op, inputs, types: [type], attributes };
}

const at = (opset: number, c: Case): Case => ({ ...c, opset });
const unrun = (c: Case): Case => ({ ...c, runs: false });
const x = floats('b', 'n', 4);

const UNARY =
  'Sqrt Exp Log Erf Tanh Sigmoid Softplus Neg Abs Reciprocal Floor Ceil Round Sin Cos Relu LeakyRelu Elu Softmax LogSoftmax Identity';

const elementwise: Case[] = [
  ...UNARY.split(' ').map(op => one(op, [x], 'float[b,n,4]')),
  ...'Add Sub Mul Div Pow Min Max Mod'
    .split(' ')
    .map(op => one(op, [x, floats(4)], 'float[b,n,4]', ...(op === 'Mod' ? [int('fmod', 1)] : []))),
  one('Add', [floats('b', 1, 4), floats('n', 1)], 'float[b,n,4]'),
  one('Add', [floats('n', 4), floats('n', 'n', 1, 1)], 'float[n,n,n,4]'),
  one('Max', [floats('b', 1), floats(1, 'n'), floats(3, 1, 1)], 'float[3,b,n]'),
  ...'Equal Less Greater LessOrEqual GreaterOrEqual'
    .split(' ')
    .map(op => one(op, [x, floats('n', 1)], 'bool[b,n,4]')),
  ...'And Or Xor'.split(' ').map(op => one(op, [bools('b', 1), bools('n')], 'bool[b,n]')),
  one('Not', [bools('b')], 'bool[b]'),
  one('IsNaN', [x], 'bool[b,n,4]'),
  one('IsInf', [x], 'bool[b,n,4]'),
  one('Where', [bools('n', 1), x, floats()], 'float[b,n,4]'),
  one('Clip', [x, constant(Tensor.float32([0], [])), none], 'float[b,n,4]'),
  one('Cast', [x], 'int64[b,n,4]', int('to', 7)),
  one('CastLike', [x, indices(1)], 'int64[b,n,4]'),
  { op: 'Dropout', inputs: [x], outputs: 2, types: ['float[b,n,4]', 'bool[b,n,4]'] },
  one('CumSum', [x, scalar(1)], 'float[b,n,4]'),
  one('Trilu', [x], 'float[b,n,4]'),
  at(20, one('Gelu', [x], 'float[b,n,4]')),
  one('com.microsoft::Gelu', [x], 'float[b,n,4]'),
  one('com.microsoft::QuickGelu', [x], 'float[b,n,4]'),
  one('com.microsoft::FastGelu', [x, weights(4)], 'float[b,n,4]'),
  one('com.microsoft::BiasGelu', [x, weights(4)], 'float[b,n,4]'),
];

const contractions: Case[] = [
  one('MatMul', [x, weights(4, 7)], 'float[b,n,7]'),
  one('MatMul', [floats('b', 3, 'n', 4), floats('b', 1, 4, 'm')], 'float[b,3,n,m]'),
  one('MatMul', [floats(4), weights(4, 7)], 'float[7]'),
  one('MatMul', [x, floats(4)], 'float[b,n]'),
  one('MatMul', [floats(4), floats(4)], 'float'),
  one('Gemm', [floats('n', 4), weights(7, 4), weights(7)], 'float[n,7]', int('transB', 1)),
  one('Gemm', [floats(4, 'n'), weights(4, 7)], 'float[n,7]', int('transA', 1)),
  one(
    'Einsum',
    [floats('b', 'n', 4), floats('b', 'm', 4)],
    'float[b,n,m]',
    string('equation', 'bid,bjd->bij'),
  ),
  one('Einsum', [floats('b', 'n', 4), floats(4, 5)], 'float[b,n,5]', string('equation', '...d, dk -> ...k')),
  one('Einsum', [floats('n', 4)], 'float[4,n]', string('equation', 'ij->ji')),
  one('Einsum', [floats('n', 4), floats(4, 'm')], 'float[n,m]', string('equation', 'ij,jk')),
  one(
    'Conv',
    [floats('b', 4, 'h', 'w'), weights(8, 4, 2, 2)],
    'float[b,8,h//2,w//2]',
    ints('strides', [2, 2]),
  ),
  one(
    'Conv',
    [floats('b', 4, 'h', 'w'), weights(8, 4, 3, 3), weights(8)],
    'float[b,8,h,w]',
    ints('pads', [1, 1, 1, 1]),
  ),
  one(
    'Conv',
    [floats('b', 4, 'h'), weights(4, 1, 3)],
    'float[b,4,h - 4]',
    int('group', 4),
    ints('dilations', [2]),
  ),
  one(
    'Conv',
    [floats('b', 4, 9, 9), weights(8, 4, 3, 3)],
    'float[b,8,5,5]',
    ints('strides', [2, 2]),
    string('auto_pad', 'SAME_UPPER'),
  ),
  one(
    'ConvTranspose',
    [floats('b', 4, 'h', 5), weights(4, 3, 2, 2)],
    'float[b,3,2*h,10]',
    ints('strides', [2, 2]),
  ),
  one(
    'ConvTranspose',
    [floats('b', 4, 'h'), weights(4, 2, 4)],
    'float[b,4,2*h + 1]',
    ints('strides', [2]),
    ints('pads', [1, 1]),
    ints('output_padding', [1]),
    int('group', 2),
  ),
  one(
    'MaxPool',
    [floats('b', 4, 'h', 'w')],
    'float[b,4,h//2,w//2]',
    ints('kernel_shape', [2, 2]),
    ints('strides', [2, 2]),
  ),
  one('AveragePool', [floats('b', 4, 'h')], 'float[b,4,h - 2]', ints('kernel_shape', [3])),
  one('GlobalAveragePool', [floats('b', 4, 'h', 'w')], 'float[b,4,1,1]'),
  one('DepthToSpace', [floats('b', 8, 'h', 'w')], 'float[b,2,2*h,2*w]', int('blocksize', 2)),
  one('SpaceToDepth', [floats('b', 2, 'h', 'w')], 'float[b,8,h//2,w//2]', int('blocksize', 2)),
  at(
    23,
    one(
      'Attention',
      [floats('b', 3, 'n', 8), floats('b', 3, 'm', 8), floats('b', 3, 'm', 8)],
      'float[b,3,n,8]',
    ),
  ),
  at(
    23,
    one(
      'Attention',
      [floats('b', 'n', 24), floats('b', 'm', 24), floats('b', 'm', 12)],
      'float[b,n,12]',
      int('q_num_heads', 3),
      int('kv_num_heads', 3),
    ),
  ),
  one(
    'com.microsoft::MultiHeadAttention',
    [floats('b', 'n', 24), floats('b', 'm', 24), floats('b', 'm', 24)],
    'float[b,n,24]',
    int('num_heads', 3),
  ),
  one(
    'com.microsoft::Attention',
    [floats('b', 'n', 6), weights(6, 36), weights(36)],
    'float[b,n,12]',
    int('num_heads', 3),
  ),
  one(
    'com.microsoft::FusedMatMul',
    [floats('b', 4, 'n'), floats('b', 'm', 4)],
    'float[b,n,m]',
    int('transA', 1),
    int('transB', 1),
  ),
  one(
    'com.microsoft::FusedMatMul',
    [floats(3, 'b', 4), floats('b', 4, 5)],
    'float[b,3,5]',
    int('transBatchA', 1),
  ),
  unrun(
    one('com.microsoft::MatMulNBits', [floats('b', 'n', 32)], 'float[b,n,16]', int('N', 16), int('K', 32)),
  ),
  unrun({
    op: 'com.microsoft::GroupQueryAttention',
    inputs: [floats('b', 'n', 32), floats('b', 'n', 8), floats('b', 'n', 8)],
    attributes: [int('num_heads', 8), int('kv_num_heads', 2)],
    outputs: 2,
    types: ['float[b,n,32]', 'float[b,2,?,4]'],
  }),
];

const normalisations: Case[] = [
  {
    op: 'LayerNormalization',
    inputs: [x, weights(4), weights(4)],
    outputs: 3,
    types: ['float[b,n,4]', 'float[b,n,1]', 'float[b,n,1]'],
  },
  at(
    21,
    one(
      'GroupNormalization',
      [floats('b', 4, 'h'), weights(4), weights(4)],
      'float[b,4,h]',
      int('num_groups', 2),
    ),
  ),
  one('InstanceNormalization', [floats('b', 4, 'h'), weights(4), weights(4)], 'float[b,4,h]'),
  one(
    'BatchNormalization',
    [floats('b', 4, 'h'), weights(4), weights(4), weights(4), weights(4)],
    'float[b,4,h]',
  ),
  at(23, one('RMSNormalization', [x, weights(4)], 'float[b,n,4]')),
  at(
    23,
    one(
      'RotaryEmbedding',
      [floats('b', 2, 'n', 4), floats('b', 'n', 2), floats('b', 'n', 2)],
      'float[b,2,n,4]',
    ),
  ),
  one('SimplifiedLayerNormalization', [x, weights(4)], 'float[b,n,4]'),
  {
    op: 'com.microsoft::SkipLayerNormalization',
    inputs: [x, x, weights(4), weights(4)],
    outputs: 4,
    types: ['float[b,n,4]', 'float[b,n,1]', 'float[b,n,1]', 'float[b,n,4]'],
    runs: false,
  },
];

const movements: Case[] = [
  one('Reshape', [x, list(0, -1)], 'float[b,4*n]'),
  one('Reshape', [x, list(-1, 2, 2)], 'float[b*n,2,2]'),
  one('Reshape', [x, list(0, 0, 2, -1)], 'float[b,n,2,2]'),
  one('Reshape', [floats('b', 'h', 'w', 4), list(0, -1, 8)], 'float[b,(h*w)//2,8]'),
  at(14, one('Reshape', [floats(0, 3), list(3, 0)], 'float[3,0]', int('allowzero', 1))),
  one('Transpose', [x], 'float[4,n,b]'),
  one('Transpose', [x], 'float[n,b,4]', ints('perm', [1, 0, 2])),
  one('Flatten', [x], 'float[b,4*n]'),
  one('Flatten', [x], 'float[b*n,4]', int('axis', -1)),
  one('Squeeze', [floats('b', 1, 'n', 1), list(1, -1)], 'float[b,n]'),
  one('Squeeze', [floats(1, 3, 1)], 'float[3]'),
  unrun(at(11, one('Squeeze', [floats('b', 1)], 'float[b]', ints('axes', [1])))),
  one('Unsqueeze', [floats('b', 'n'), list(-1, 1)], 'float[b,1,n,1]'),
  one('Expand', [floats('b', 1), list(1, 5)], 'float[b,5]'),
  one('Expand', [floats('n', 1), list(2, 1, 4)], 'float[2,n,4]'),
  one('Tile', [x, list(1, 2, 3)], 'float[b,2*n,12]'),
  one('Concat', [floats('b', 'n'), floats('b', 'm'), floats('b', 3)], 'float[b,m + n + 3]', int('axis', -1)),
  {
    op: 'Split',
    inputs: [floats('b', 6), list(2, 4)],
    attributes: [int('axis', 1)],
    outputs: 2,
    types: ['float[b,2]', 'float[b,4]'],
  },
  {
    op: 'Split',
    inputs: [floats('b', 6)],
    attributes: [int('axis', -1)],
    outputs: 3,
    types: ['float[b,2]', 'float[b,2]', 'float[b,2]'],
  },
  at(18, {
    op: 'Split',
    inputs: [floats(7)],
    attributes: [int('num_outputs', 3)],
    outputs: 3,
    types: ['float[3]', 'float[3]', 'float[1]'],
  }),
  one('Slice', [x, list(1), list(3), list(2)], 'float[b,n,2]'),
  one('Slice', [x, list(1), list(2 ** 40), list(1)], 'float[b,max(0, n - 1),4]'),
  one('Slice', [x, list(0), list(3), list(1)], 'float[b,min(3, n),4]'),
  one('Slice', [x, list(-1), list(2 ** 40), list(-1), list(1)], 'float[b,n,1]'),
  one('Slice', [x, list(0), list(2 ** 40), list(1), list(2)], 'float[b,n - (n//2),4]'),
  one('Slice', [floats(7), list(-1), list(-(2 ** 40)), list(0), list(-2)], 'float[4]'),
  one('Slice', [floats(7), list(-20), list(20), list(0), list(3)], 'float[3]'),
  one('Pad', [floats('b', 'n'), list(0, 1, 0, 2)], 'float[b,n + 3]'),
  at(18, one('Pad', [floats('b', 'n'), list(1, -1), none, list(1)], 'float[b,n]')),
  one('Resize', [floats('b', 4, 'h', 'w'), none, floatConstant(1, 1, 2, 0.5)], 'float[b,4,2*h,w//2]'),
  one('Resize', [floats('b', 4, 'h', 5), none, none, list(2, 4, 3, 7)], 'float[2,4,3,7]'),
  at(
    18,
    one('Resize', [floats('b', 4, 'h', 5), none, none, list(3, 7)], 'float[b,4,3,7]', ints('axes', [2, 3])),
  ),
  at(9, one('Upsample', [floats('b', 4, 'h', 5), floatConstant(1, 1, 2, 1.5)], 'float[b,4,2*h,7]')),
  one('Gather', [x, indices('m', 2)], 'float[b,m,2,4]', int('axis', 1)),
  one('Gather', [x, scalar(0)], 'float[b,4]', int('axis', 1)),
  one('GatherElements', [floats('b', 'n'), indices('b', 3)], 'float[b,3]', int('axis', 1)),
  one('GatherND', [x, indices('m', 2)], 'float[m,4]'),
  one('GatherND', [x, indices('b', 3, 1)], 'float[b,3,4]', int('batch_dims', 1)),
  one('ScatterND', [x, indices('m', 2), floats('m', 4)], 'float[b,n,4]'),
  one('ScatterElements', [floats('b', 'n'), indices('b', 1), floats('b', 1)], 'float[b,n]'),
  one('NonZero', [x], 'int64[3,?]'),
  one('OneHot', [indices('b', 'n'), scalar(5), floatConstant(0, 1)], 'float[b,n,5]'),
  one('OneHot', [indices('b', 'n'), scalar(5), floatConstant(0, 1)], 'float[b,5,n]', int('axis', 1)),
  { op: 'TopK', inputs: [x, list(3)], outputs: 2, types: ['float[b,n,3]', 'int64[b,n,3]'] },
  one('Compress', [floats('b', 'n'), bools('n')], 'float[b,?]', int('axis', 1)),
  one('GridSample', [floats('b', 4, 'h', 'w'), floats('b', 5, 6, 2)], 'float[b,4,5,6]'),
];

const reductions: Case[] = [
  ...'Mean Max Min Prod L1 L2 SumSquare LogSumExp'
    .split(' ')
    .map(op => one(`Reduce${op}`, [x], 'float[b,n,1]', ints('axes', [-1]))),
  one('ReduceSum', [x, list(1)], 'float[b,4]', int('keepdims', 0)),
  at(18, one('ReduceMean', [x, list(0, 2)], 'float[1,n,1]')),
  one('ReduceMean', [x], 'float', int('keepdims', 0)),
  one('ReduceSum', [x, list()], 'float[b,n,4]', int('noop_with_empty_axes', 1)),
  one('ReduceSum', [x, indices(1)], 'float[?,?,?]'),
  one('ArgMax', [x], 'int64[b,n]', int('axis', -1), int('keepdims', 0)),
  one('ArgMin', [x], 'int64[1,n,4]'),
];

const generators: Case[] = [
  one('Shape', [x], 'int64[3]'),
  one('Shape', [x], 'int64[2]', int('start', 1)),
  one('Size', [x], 'int64'),
  one('Constant', [], 'int64', int('value_int', 3)),
  one('Constant', [], 'float[2]', { name: 'value_floats', kind: 'floats', value: [1, 2] }),
  one('Constant', [], 'int64[2,1]', attr.tensor('value', Tensor.int64([1, 2], [2, 1]))),
  one('ConstantOfShape', [list(2, 3)], 'float[2,3]'),
  one('ConstantOfShape', [indices(2)], 'int64[?,?]', attr.tensor('value', Tensor.int64([1]))),
  one('Range', [scalar(0), scalar(7), scalar(2)], 'int64[4]'),
  one('Range', [scalar(5), scalar(0), scalar(-2)], 'int64[3]'),
  one('EyeLike', [floats('n', 'n')], 'float[n,n]'),
  one('RandomNormalLike', [x], 'float[b,n,4]'),
  one('DFT', [floats('b', 'n', 1)], 'float[b,n,2]'),
  one('DFT', [floats('b', 'n', 1)], 'float[b,(n//2) + 1,2]', int('onesided', 1)),
];

const bytes = (...shape: (number | string)[]): Operand => fed('uint8', shape);
const scale = constant(Tensor.float32([0.5], []));
const zero = fed('uint8', [], 0);

const quantised: Case[] = [
  one('QuantizeLinear', [x, scale, zero], 'uint8[b,n,4]'),
  one('QuantizeLinear', [x, scale], 'uint8[b,n,4]'),
  one('DequantizeLinear', [bytes('b', 'n'), scale, zero], 'float[b,n]'),
  { op: 'DynamicQuantizeLinear', inputs: [x], outputs: 3, types: ['uint8[b,n,4]', 'float', 'uint8'] },
  one('QLinearMatMul', [bytes('n', 4), scale, zero, bytes(4, 5), scale, zero, scale, zero], 'uint8[n,5]'),
  one('MatMulInteger', [bytes('b', 'n', 4), bytes(4, 5)], 'int32[b,n,5]'),
  one('ConvInteger', [bytes('b', 4, 'h'), bytes(8, 4, 2)], 'int32[b,8,h - 1]'),
];

const sequences: Case[] = [
  unrun(one('SplitToSequence', [x, list(1, 3)], 'seq(float[b,n,?])', int('axis', 2))),
  unrun(one('SplitToSequence', [x], 'seq(float[b,n])', int('axis', 2), int('keepdims', 0))),
  unrun(one('SequenceConstruct', [floats('b', 3), floats('b', 4)], 'seq(float[b,?])')),
];

describe.each([
  ['elementwise', elementwise],
  ['contraction', contractions],
  ['normalisation', normalisations],
  ['movement', movements],
  ['reduction', reductions],
  ['generation', generators],
  ['quantised', quantised],
  ['sequence', sequences],
])('%s operators', (_, cases) => {
  it.each(cases.map(c => [`${c.op} → ${c.types.join(', ')}`, c] as const))('%s', async (_name, c) => {
    const { model, outputs } = single(c);
    const inferred = inferTypes(model);
    expect(outputs.map(value => typeText(inferred.typeOf(value)))).toEqual(c.types);
    expect(inferred.unruled.size).toBe(0);
    if (c.runs === false) return;
    const fill = (name: string): number => {
      const operand = c.inputs[Number(name.slice(2))];
      return operand?.kind === 'fed' ? operand.fill : 0;
    };
    const actual = await runtimeTypes(model, feedsFor(model, SIZES, fill));
    for (const value of outputs) {
      const dims = inferred.shapeOf(value) ?? [];
      const found = actual.get(value.name);
      expect(found?.elem).toBe(inferred.elemOf(value));
      expect(dims.map((d, i) => (d === undefined ? found?.dims[i] : evaluate(d, SIZES)))).toEqual(
        found?.dims,
      );
    }
  });
});

it('keeps what the file declares where an operator is unknown', () => {
  const { model, outputs } = single({ op: 'acme::Mystery', inputs: [x], attributes: [float('alpha', 1)] });
  const inferred = inferTypes(model);
  expect(outputs.map(value => inferred.typeOf(value))).toEqual([undefined]);
  expect([...inferred.unruled]).toEqual(model.graph.nodes);
});
