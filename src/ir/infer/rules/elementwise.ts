import { DATA_TYPES, type DataType } from '../../types.js';
import { broadcast } from '../shapes.js';
import { type Rule, type Rules, type Site, tensor } from '../site.js';

/** One output like the first input. */
export const like: Rule = at => [tensor(at.elem(0), at.shape(0))];

/** One output of the first input's shape and a given element type. */
function likeAs(elem: DataType): Rule {
  return at => [tensor(elem, at.shape(0))];
}

/** All inputs broadcast against each other; the element type is the first known one. */
const broadcasting: Rule = at => [tensor(firstElem(at), broadcastInputs(at))];

const comparison: Rule = at => [tensor('bool', broadcastInputs(at))];

/** Before opset 7 the second operand adapted to the first one (spec: `Add`, version 6). */
function broadcastInputs(at: Site): ReturnType<typeof broadcast> {
  return at.opset < 7 && at.node.int('broadcast', 0) === 1 ? at.shape(0) : broadcast(at.shapes());
}

function firstElem(at: Site): DataType | undefined {
  for (let i = 0; i < at.count; i++) {
    const elem = at.elem(i);
    if (elem !== undefined) return elem;
  }
  return undefined;
}

const cast: Rule = at => [tensor(DATA_TYPES[at.node.int('to', 0)], at.shape(0))];

const where: Rule = at => [tensor(at.elem(1) ?? at.elem(2), broadcast(at.shapes()))];

const dropout: Rule = at => [
  tensor(at.elem(0), at.shape(0)),
  tensor(at.opset < 10 ? at.elem(0) : 'bool', at.shape(0)),
];

function table(names: string, rule: Rule): Rules {
  return Object.fromEntries(names.split(' ').map(name => [name, rule]));
}

const LIKE =
  'Abs Acos Acosh Asin Asinh Atan Atanh Ceil Celu Clip Cos Cosh CumSum CumProd Elu Erf Exp Floor Gelu HardSigmoid HardSwish ' +
  'Hardmax LeakyRelu Log LogSoftmax Mish Neg Not PRelu Reciprocal Relu Round Selu Shrink Sigmoid Sign Sin Sinh Softmax ' +
  'Softplus Softsign Sqrt Swish Tan Tanh ThresholdedRelu Trilu BitwiseNot Bernoulli Identity RotaryEmbedding ' +
  'MeanVarianceNormalization LpNormalization LRN ReverseSequence Scatter ScatterElements ScatterND TensorScatter ' +
  'com.microsoft::BiasAdd com.microsoft::BiasGelu com.microsoft::FastGelu com.microsoft::Gelu com.microsoft::QuickGelu ' +
  'com.microsoft::RotaryEmbedding com.microsoft::Trilu com.microsoft::BiasSoftmax com.microsoft::GroupNorm';

const BROADCASTING = 'Add Sub Mul Div Pow Mod Min Max Sum Mean BitShift BitwiseAnd BitwiseOr BitwiseXor';

export const elementwise: Rules = {
  ...table(LIKE, like),
  ...table(BROADCASTING, broadcasting),
  ...table('Equal Less Greater LessOrEqual GreaterOrEqual', comparison),
  ...table('And Or Xor', comparison),
  ...table('IsNaN IsInf', likeAs('bool')),
  Cast: cast,
  CastLike: at => [tensor(at.elem(1), at.shape(0))],
  Where: where,
  Dropout: dropout,
};
