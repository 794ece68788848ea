import type { Graph } from '../graph.js';
import type { Node } from '../node.js';
import type { Dim, Shape } from '../types.js';
import { divideExactly, evaluate, mulDims, productOf, sumOf } from './dims.js';
import type { Inferred } from './inferred.js';
import { labelSizes, parseEquation } from './rules/einsum.js';

/**
 * Floating point operations of a node: 2 for each multiply-add of a contraction, 1 for each output element of
 * an elementwise operator, a few for each element of a normalisation, 0 for what only moves data. Symbolic
 * when sizes are and no binding gives them; undefined when a size it needs is unknown.
 */
export function flopsOf(
  node: Node,
  inferred: Inferred,
  binding: ReadonlyMap<string, number>,
): number | undefined;
export function flopsOf(node: Node, inferred: Inferred): Dim;
export function flopsOf(node: Node, inferred: Inferred, binding?: ReadonlyMap<string, number>): Dim {
  const shapes: Shapes = {
    input: index => bind(node.inputs[index], inferred, binding),
    output: index => bind(node.outputs[index], inferred, binding),
  };
  if (node.subgraphs.length > 0) return flopsOfBodies(node, inferred, binding);
  const count = COUNTS.get(node.op);
  if (count !== undefined) return count(node, shapes);
  if (FREE.has(node.op)) return 0;
  const perElement = PER_ELEMENT.get(node.op);
  return perElement === undefined ? sizeOf(shapes.output(0)) : mulDims(sizeOf(shapes.input(0)), perElement);
}

interface Shapes {
  readonly input: (index: number) => Shape | undefined;
  readonly output: (index: number) => Shape | undefined;
}

type Count = (node: Node, shapes: Shapes) => Dim;

function bind(
  value: Node['inputs'][number],
  inferred: Inferred,
  binding: ReadonlyMap<string, number> | undefined,
): Shape | undefined {
  const shape = value && inferred.shapeOf(value);
  return binding === undefined ? shape : shape?.map(dim => evaluate(dim, binding));
}

function sizeOf(shape: Shape | undefined): Dim {
  return shape && productOf(shape);
}

/** `If` costs as much as its dearer branch; a loop is not counted, as its trip count is not known. */
function flopsOfBodies(
  node: Node,
  inferred: Inferred,
  binding: ReadonlyMap<string, number> | undefined,
): Dim {
  if (node.op !== 'If') return undefined;
  const costs = node.subgraphs.map(graph => flopsOfGraph(graph, inferred, binding));
  if (costs.every(cost => typeof cost === 'number')) return Math.max(...costs);
  return costs.every(cost => cost === costs[0]) ? costs[0] : undefined;
}

function flopsOfGraph(
  graph: Graph,
  inferred: Inferred,
  binding: ReadonlyMap<string, number> | undefined,
): Dim {
  return sumOf(
    graph.nodes.map(node => (binding ? flopsOf(node, inferred, binding) : flopsOf(node, inferred))),
  );
}

/** Twice the output's elements times the length of the sums. */
function contraction(length: Count): Count {
  return (node, shapes) => mulDims(mulDims(2, sizeOf(shapes.output(0))), length(node, shapes));
}

const lastOfFirst: Count = (_, shapes) => shapes.input(0)?.at(-1);

const matMul = contraction(lastOfFirst);

const gemm = contraction((node, shapes) => shapes.input(0)?.[node.int('transA', 0) === 0 ? 1 : 0]);

const fusedMatMul = contraction((node, { input }) => {
  const rank = input(0)?.length ?? 0;
  const rows = node.int('transBatchA', 0) === 0 ? rank - 2 : 0;
  return input(0)?.[node.int('transA', 0) === 0 ? rank - 1 : rows];
});

/** Weights are (out, in / group, ...kernel), so all but the first dimension is summed over. */
function conv(weights: number): Count {
  return contraction((_, shapes) => sizeOf(shapes.input(weights)?.slice(1)));
}

/** Each input element is multiplied with (out / group, ...kernel) weights. */
const convTranspose: Count = (_, shapes) =>
  mulDims(mulDims(2, sizeOf(shapes.input(0))), sizeOf(shapes.input(1)?.slice(1)));

const einsum: Count = (node, shapes) => {
  const equation = parseEquation(node.string('equation') ?? '');
  const labels =
    equation &&
    labelSizes(
      equation.operands,
      equation.operands.map((_, i) => shapes.input(i)),
    );
  if (labels === undefined) return undefined;
  const all = productOf([...labels.sizes.values(), ...labels.ellipsis]);
  return node.inputs.length < 2 ? all : mulDims(all, 2);
};

/** Scores and weighted sum, 2 * (query length * key length * size) each over all heads, and a softmax. */
function attentionCore(batch: Dim, heads: Dim, queries: Dim, keys: Dim, size: Dim, valueSize: Dim): Dim {
  const scores = productOf([batch, heads, queries, keys]);
  return sumOf([
    mulDims(productOf([2, scores]), size),
    mulDims(productOf([2, scores]), valueSize),
    mulDims(scores, SOFTMAX),
  ]);
}

const attention: Count = (node, { input, output }) => {
  const q = input(0);
  const k = input(1);
  const v = input(2);
  if (q === undefined || k === undefined || v === undefined) return undefined;
  if (q.length === 4) {
    const keys = output(1)?.[2] ?? k[2];
    return attentionCore(q[0], q[1], q[2], keys, q[3], v[3]);
  }
  const heads = node.int('q_num_heads');
  return attentionCore(
    q[0],
    heads,
    q[1],
    output(1)?.[2] ?? k[1],
    divideExactly(q[2], heads),
    divideExactly(v[2], node.int('kv_num_heads') ?? heads),
  );
};

const multiHeadAttention: Count = (node, { input, output }) => {
  const q = input(0);
  const out = output(0);
  const heads = node.int('num_heads');
  const k = input(1);
  if (q === undefined || out === undefined) return undefined;
  const own = k === undefined ? q[1] : k.length === 4 ? k[2] : k[1];
  return attentionCore(
    q[0],
    heads,
    q[1],
    output(1)?.[2] ?? own,
    q.length === 5 ? q[4] : divideExactly(q[2], heads),
    divideExactly(out[2], heads),
  );
};

/** com.microsoft `Attention`: the projections, then attention over the input itself. */
const projectedAttention: Count = (node, { input, output }) => {
  const x = input(0);
  const w = input(1);
  const out = output(0);
  const heads = node.int('num_heads');
  if (x === undefined || w === undefined || out === undefined) return undefined;
  const projections = productOf([2, x[0], x[1], w[0], w[1]]);
  const size = divideExactly(out[2], heads);
  return sumOf([projections, attentionCore(x[0], heads, x[1], x[1], size, size)]);
};

const groupQueryAttention: Count = (node, { input, output }) => {
  const q = input(0);
  const out = output(0);
  const heads = node.int('num_heads');
  if (q === undefined || out === undefined) return undefined;
  const size = divideExactly(out[2], heads);
  return attentionCore(q[0], heads, q[1], output(1)?.[2] ?? input(1)?.[1] ?? q[1], size, size);
};

const matMulNBits = contraction(node => node.int('K'));

const SOFTMAX = 5;
const NORMALIZATION = 8;

/** Operations for each element of the first input. */
const PER_ELEMENT: ReadonlyMap<string, number> = new Map([
  ['Softmax', SOFTMAX],
  ['LogSoftmax', SOFTMAX],
  ['LayerNormalization', NORMALIZATION],
  ['GroupNormalization', NORMALIZATION],
  ['InstanceNormalization', NORMALIZATION],
  ['com.microsoft::SkipLayerNormalization', NORMALIZATION + 1],
  ['com.microsoft::SkipSimplifiedLayerNormalization', NORMALIZATION - 2],
  ['com.microsoft::GroupNorm', NORMALIZATION],
  ['RMSNormalization', NORMALIZATION - 3],
  ['SimplifiedLayerNormalization', NORMALIZATION - 3],
  ['com.microsoft::SimplifiedLayerNormalization', NORMALIZATION - 3],
  ['BatchNormalization', 2],
  ['LpNormalization', 3],
  ['Gelu', 8],
  ['com.microsoft::Gelu', 8],
  ['com.microsoft::BiasGelu', 9],
  ['com.microsoft::FastGelu', 9],
  ['com.microsoft::QuickGelu', 5],
  ['Swish', 5],
  ['Mish', 6],
  ['RotaryEmbedding', 3],
  ['com.microsoft::RotaryEmbedding', 3],
  ...['L1', 'L2', 'LogSum', 'LogSumExp', 'Max', 'Mean', 'Min', 'Prod', 'Sum', 'SumSquare'].map(
    (name): [string, number] => [`Reduce${name}`, 1],
  ),
  ['ArgMax', 1],
  ['ArgMin', 1],
  ['CumSum', 1],
  ['GlobalAveragePool', 1],
  ['GlobalMaxPool', 1],
]);

/** Operators that compute nothing: they move, select, reinterpret or name data. */
const FREE: ReadonlySet<string> = new Set(
  (
    'Reshape Transpose Flatten Squeeze Unsqueeze Expand Tile Concat Split Slice Pad Gather GatherElements GatherND ' +
    'Scatter ScatterElements ScatterND Shape Size Constant ConstantOfShape Identity Dropout Cast CastLike Trilu ' +
    'NonZero OneHot EyeLike DepthToSpace SpaceToDepth Compress SplitToSequence SequenceAt SequenceConstruct ' +
    'SequenceEmpty SequenceInsert SequenceErase SequenceLength ConcatFromSequence Optional OptionalGetElement ' +
    'OptionalHasElement ReverseSequence TensorScatter Range com.microsoft::Trilu'
  ).split(' '),
);

const COUNTS: ReadonlyMap<string, Count> = new Map([
  ['MatMul', matMul],
  ['MatMulInteger', matMul],
  ['QLinearMatMul', matMul],
  ['com.microsoft::DynamicQuantizeMatMul', matMul],
  ['com.microsoft::MatMulIntegerToFloat', matMul],
  ['com.microsoft::GemmFastGelu', matMul],
  ['com.microsoft::FusedMatMul', fusedMatMul],
  ['com.microsoft::MatMulNBits', matMulNBits],
  ['Gemm', gemm],
  ['com.microsoft::FusedGemm', gemm],
  ['Conv', conv(1)],
  ['com.microsoft::FusedConv', conv(1)],
  ['ConvInteger', conv(1)],
  ['QLinearConv', conv(3)],
  ['ConvTranspose', convTranspose],
  ['Einsum', einsum],
  ['Attention', attention],
  ['com.microsoft::MultiHeadAttention', multiHeadAttention],
  ['com.microsoft::Attention', projectedAttention],
  ['com.microsoft::GroupQueryAttention', groupQueryAttention],
]);
