import { type Builder, int, Tensor, type Value } from '../ir/index.js';
import type { LearnedGate } from '../methods/index.js';

/**
 * How much some channels need to be computed, by their learned gates at the step of that index: between 0 and 1, float32
 * [batch, channels].
 * @param now what they are judged by, float32 [batch, channels, elements]
 */
export function scoreOf(
  b: Builder,
  { weights, bias, high }: LearnedGate,
  now: Value,
  channels: readonly number[],
  index: Value,
): Value {
  const sign = high === 'computes' ? 1 : -1;
  const table = (rows: readonly (readonly number[])[], ...dims: readonly number[]): Value => {
    const numbers = rows.flat().map(x => sign * x);
    const key = `${channels.join()} ${dims.join('x')}`;
    const all = b.constant(Tensor.of('float32', numbers, [rows.length, ...dims]), key, 'gates');
    return b.op('Gather', [all, index], { attributes: [int('axis', 0)] });
  };
  const rows = weights.map(step => channels.flatMap(channel => step[channel] ?? []));
  const width = weights[0]?.[channels[0] ?? 0]?.length ?? 0;
  const weighed = b.op('Mul', [now, table(rows, channels.length, width)]);
  const sum = b.reduce('ReduceSum', weighed, [2], false, { name: 'logit' });
  const shifts = bias?.map(step => channels.map(channel => step[channel] ?? 0));
  return b.op('Sigmoid', [shifts ? b.op('Add', [sum, table(shifts, channels.length)]) : sum], {
    name: 'score',
  });
}
