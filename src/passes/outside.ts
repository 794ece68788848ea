import { type Builder, int, Tensor, type TensorType, type Value } from '../ir/index.js';
import type { Chunks as ChunkDesign } from '../methods/index.js';
import type { Exit, OpenAttention, StatePlan } from '../plan/index.js';
import { Chunks, NOTHING } from './chunks.js';
import { copied } from './copied.js';
import { type Context, stateOf } from './pass.js';

/**
 * Attention of each token to some of them: what these give, float32 [.., tokens, channels], and the logarithm of what they weigh
 * together, the sum of the exponentials of their scores, float32 [.., tokens, 1].
 */
export interface Part {
  readonly output: Value;
  readonly normaliser: Value;
}

/** An exit that attention gives, whose type is that of its operands. */
export interface Attended extends Exit {
  readonly attention: OpenAttention;
}

/** Least share of the tokens outside a chunk that is told from the rounding of what the whole sequence gives. */
const LEAST = 2 ** -20;

/**
 * What tokens outside each one's chunk give, from what all give and what those of the chunk do. Reads nothing in a way that keeps
 * ONNX Runtime from fusing what it fuses in the original.
 */
export function outsideOf(b: Builder, exit: Attended, { count }: ChunkDesign): Part {
  const { value, attention } = exit;
  const { elem } = exit.type;
  const own = within(b, exit, count, x => x);
  const all = logWeight(b, attention.softmax.inputs[0], attention.softmax.output, attention.elem);
  const inside = b.op('Exp', [b.op('Sub', [own.normaliser, all])], { name: 'share' });
  const share = b.op('Max', [b.op('Sub', [b.f32(1), inside]), b.f32(LEAST)], { name: 'share_outside' });
  const rest = b.op('Sub', [float(b, value, elem), b.op('Mul', [inside, own.output])]);
  return {
    output: b.op('Div', [rest, share], { name: 'outside' }),
    normaliser: b.op('Add', [all, b.op('Log', [share])], { name: 'normaliser' }),
  };
}

/**
 * Attention to each token's own chunk, computed anew, with what is kept of the others: weighed as if one softmax had been
 * taken over both (arXiv 2602.05305). In the exit's own type.
 */
export function merged(
  context: Context,
  b: Builder,
  exit: Attended,
  { count }: ChunkDesign,
  kept: readonly StatePlan[],
): Value {
  const { enters, near } = exit.attention;
  const { elem } = exit.type;
  const [output, normaliser] = kept;
  if (output === undefined || normaliser === undefined) throw new Error('attention outside has two states');
  const outer = new Map(enters.map(value => [value, context.emitted.outside.get(value) ?? value]));
  const own = within(b, exit, count, copied(b, near, outer));
  const others = float(b, stateOf(context, output), output.type.elem);
  const nearer = b.op('Sigmoid', [b.op('Sub', [own.normaliser, stateOf(context, normaliser)])], {
    name: 'nearer',
  });
  const towards = b.op('Mul', [nearer, b.op('Sub', [own.output, others])]);
  const sum = b.op('Add', [others, towards], {
    name: 'merged',
    ...(elem === 'float32' && { type: exit.declared }),
  });
  return elem === 'float32' ? sum : b.cast(sum, elem, exit.declared);
}

/** Attention to each token's own chunk, where `at` says what stands for what the products read. */
function within(b: Builder, exit: Attended, most: number, at: (value: Value) => Value): Part {
  const { attention, value, type } = exit;
  const { queries, keys, values, turned, masks, scoring, softmax, giving, elem, channels } = attention;
  const [scores] = softmax.inputs;
  if (scores === undefined) throw new Error('a softmax reads scores');
  const chunks = new Chunks(b, attention, at(values), most);
  const cut = new Map<Value, Value>([
    [queries, chunks.cut(at(queries))],
    [keys, turned ? chunks.cut(at(keys)) : chunks.cutTurned(at(keys))],
    ...masks.map(mask => [mask.value, chunks.cutMask(mask.value, mask.rank)] as const),
  ]);
  const real = chunks.filledOut(copied(b, scoring, cut)(scores), elem);
  // So that a chunk whose keys are all masked weighs nothing, and is not undefined.
  const least = b.constant(Tensor.of(elem, [NOTHING], []), 'least', 'least');
  const scored = masks.length === 0 ? real : b.op('Max', [real, least], { name: 'scores' });
  const weights = b.op('Softmax', [scored], { attributes: [int('axis', -1)], name: 'weights' });
  const given = new Map(cut).set(softmax.output, weights).set(values, chunks.cut(at(values)));
  return {
    output: float(b, chunks.join(copied(b, giving, given)(value), channels), type.elem),
    normaliser: chunks.join(logWeight(b, scored, weights, elem), 1),
  };
}

/**
 * The logarithm of the sum of the exponentials of scores, from the largest one and its weight. For `ReduceLogSumExp`, which is the
 * same, ONNX Runtime 1.30 takes longer on the processor than for the softmax itself.
 */
function logWeight(b: Builder, scores: Value | undefined, weights: Value, elem: TensorType['elem']): Value {
  if (scores === undefined) throw new Error('a softmax reads scores');
  const most = (value: Value): Value => b.reduce('ReduceMax', float(b, value, elem), [-1], true);
  return b.op('Sub', [most(scores), b.op('Log', [most(weights)])]);
}

function float(b: Builder, value: Value, elem: TensorType['elem']): Value {
  return elem === 'float32' ? value : b.cast(value, 'float32');
}
