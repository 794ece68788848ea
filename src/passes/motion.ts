import type { Builder, Value } from '../ir/index.js';
import type { Taps } from '../plan/index.js';
import { lengthOf, shapeOf } from './lengths.js';
import { type Sample, SCALAR, sizeOf, TINY } from './sampling.js';

/**
 * How far the frames of what was sampled lie apart, by their size: the mean over the probed tensors, of the sample of the
 * batch that moves most, float32 [1]. What holds nothing but zeros, or one frame, moves by `usual`.
 */
export function motionOf(
  b: Builder,
  samples: readonly Sample[],
  taps: readonly Taps[],
  usual: number,
): Value {
  const each = samples.map(({ now }, i) => {
    const group = taps[i];
    if (group?.frames === undefined) throw new Error('motion is looked at frame by frame');
    const shape = shapeOf(b, 0, group.values.length, lengthOf(b, group.frames.count), -1);
    const frames = b.op('Reshape', [now, shape], { name: 'frames' });
    const some = (from: number, to: number): Value =>
      b.op('Slice', [frames, b.i64(from), b.i64(to), b.i64(2)]);
    const [later, earlier] = [some(1, Number.MAX_SAFE_INTEGER), some(0, -1)];
    const size = (of: Value): Value => sizeOf(b, of, [2, 3]);
    const apart = b.op('Max', [size(b.op('Sub', [later, earlier])), b.f32(TINY * usual)]);
    const both = b.op('Max', [b.op('Add', [size(later), size(earlier)]), b.f32(TINY)]);
    return b.op('Div', [apart, both], { name: 'apart' });
  });
  const mean = b.reduce('ReduceMean', b.concat(each, 1), [1], false);
  return b.reduce('ReduceMax', mean, [0], true, { name: 'motion', type: SCALAR });
}
