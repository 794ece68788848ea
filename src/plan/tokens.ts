import type { Node, Value } from '../ir/index.js';
import type { Inferred } from '../ir/infer/index.js';

/** Operators that treat each element by itself. */
const ELEMENTWISE: ReadonlySet<string> = new Set([
  'Abs',
  'Add',
  'Cast',
  'Clip',
  'Div',
  'Elu',
  'Erf',
  'Exp',
  'Gelu',
  'HardSigmoid',
  'HardSwish',
  'Identity',
  'LeakyRelu',
  'Max',
  'Min',
  'Mish',
  'Mul',
  'Neg',
  'Pow',
  'Reciprocal',
  'Relu',
  'Sigmoid',
  'Softplus',
  'Sqrt',
  'Sub',
  'Swish',
  'Tanh',
  'com.microsoft::BiasGelu',
  'com.microsoft::FastGelu',
  'com.microsoft::Gelu',
  'com.microsoft::QuickGelu',
]);

/** Operators that mix along the axis that their attribute `axis` names; its default. */
const ALONG_AXIS: ReadonlyMap<string, number> = new Map([
  ['LayerNormalization', -1],
  ['RMSNormalization', -1],
  ['SimplifiedLayerNormalization', -1],
  ['Softmax', -1],
  ['Split', 0],
  ['Concat', 0],
]);

/** Operators that reduce the axes that their second input or attribute `axes` names. */
const REDUCTIONS: ReadonlySet<string> = new Set(['ReduceMean', 'ReduceSum', 'ReduceSumSquare', 'ReduceL2']);

/** Batch, tokens, channels. */
const RANK = 3;

/**
 * True when the nodes make of each token of what enters (float [batch, tokens, channels]) one token of the result, whatever the other
 * tokens are: then they can be done for some of the tokens alone.
 */
export function isTokenwise(nodes: readonly Node[], enters: readonly Value[], inferred: Inferred): boolean {
  const tokens = new Set(enters);
  const rankOf = (value: Value): number | undefined => inferred.shapeOf(value)?.length;
  if (enters.some(v => rankOf(v) !== RANK)) return false;
  /** Of one token for all: a weight, a vector a channel, or a row for each sample. */
  const shared = (value: Value | undefined): boolean => {
    if (value === undefined) return true;
    const shape = inferred.shapeOf(value);
    return shape !== undefined && shape.length <= RANK && (shape.length < 2 || shape.at(-2) === 1);
  };
  const last = (axis: unknown): boolean => axis === -1 || axis === RANK - 1;
  const each = (node: Node): boolean => {
    const [first, ...others] = node.inputs;
    if (ELEMENTWISE.has(node.op))
      return node.inputs.every(v => v === undefined || tokens.has(v) || shared(v));
    const axis = ALONG_AXIS.get(node.op);
    if (axis !== undefined) {
      const joined = node.op === 'Concat' ? node.inputs : [first];
      return last(node.int('axis', axis)) && joined.every(v => v !== undefined && tokens.has(v));
    }
    if (first === undefined || !tokens.has(first) || others.some(v => v && tokens.has(v))) return false;
    if (node.op === 'MatMul') return others.every(v => v !== undefined && rankOf(v) === 2);
    if (node.op === 'com.microsoft::MatMulNBits') return true;
    if (REDUCTIONS.has(node.op))
      return node.int('keepdims', 1) === 1 && axesOf(node, inferred)?.every(last) === true;
    return false;
  };
  for (const node of nodes) {
    if (node.subgraphs.length > 0 || !each(node)) return false;
    for (const output of node.outputs) if (output) tokens.add(output);
  }
  return true;
}

function axesOf(node: Node, inferred: Inferred): readonly unknown[] | undefined {
  const attribute = node.attributes.get('axes');
  if (attribute?.kind === 'ints') return attribute.value.map(Number);
  return node.inputs[1] && inferred.constantOf(node.inputs[1]);
}
