import type { Axis } from './profile.js';
import { type HostTensor, numbersOf, sizeOf } from './tensors.js';

/** One image: a channel of a frame of a sample. */
export interface Plane {
  readonly batch: number;
  readonly frame: number;
  readonly channel: number;
  readonly width: number;
  readonly height: number;
  /** `height` rows of `width` values. */
  readonly values: Float64Array;
}

const BY_RANK: readonly (readonly Axis[])[] = [
  [],
  ['width'],
  ['height', 'width'],
  ['batch', 'height', 'width'],
  ['batch', 'channel', 'height', 'width'],
  ['batch', 'channel', 'frame', 'height', 'width'],
];

/** How tokens are laid out as an image. */
const TOKENS: Partial<Record<Axis, Axis>> = { token: 'height', channel: 'width' };

/**
 * Cuts a tensor into images, ordered by batch, frame, channel.
 * @param axes what each axis is; by rank where left out, so that any tensor of rank 0 to 5 has planes
 */
export function planesOf(tensor: HostTensor, axes: readonly Axis[] = axesOf(tensor.dims)): Plane[] {
  const strides = tensor.dims.map((_, i) => sizeOf(tensor.dims.slice(i + 1)));
  const names = axes.includes('token') ? axes.map(name => TOKENS[name] ?? name) : axes;
  const axis = (name: Axis): { size: number; stride: number } => {
    const at = names.indexOf(name);
    return { size: tensor.dims[at] ?? 1, stride: strides[at] ?? 0 };
  };
  const [batches, channels, frames, rows, columns] = [
    axis('batch'),
    axis('channel'),
    axis('frame'),
    axis('height'),
    axis('width'),
  ];
  const data = numbersOf(tensor);
  const planes: Plane[] = [];
  for (let batch = 0; batch < batches.size; batch++) {
    for (let frame = 0; frame < frames.size; frame++) {
      for (let channel = 0; channel < channels.size; channel++) {
        const start = batch * batches.stride + frame * frames.stride + channel * channels.stride;
        const values = new Float64Array(rows.size * columns.size);
        for (let y = 0; y < rows.size; y++) {
          for (let x = 0; x < columns.size; x++) {
            values[y * columns.size + x] = data[start + y * rows.stride + x * columns.stride] ?? 0;
          }
        }
        planes.push({ batch, frame, channel, width: columns.size, height: rows.size, values });
      }
    }
  }
  return planes;
}

function axesOf(dims: readonly number[]): readonly Axis[] {
  const axes = BY_RANK[dims.length];
  if (axes === undefined) throw new Error(`a tensor of rank ${dims.length} needs named axes`);
  return axes;
}
