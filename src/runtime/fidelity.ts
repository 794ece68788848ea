import { ssim } from 'ssim.js';
import { bitEqual } from './bits.js';
import { type Plane, planesOf } from './planes.js';
import type { ProfileData } from './profile.js';
import { type HostTensor, numbersOf } from './tensors.js';

export interface Fidelity {
  readonly bitEqual: boolean;
  /** Largest absolute difference; NaN when either holds one that the other does not. */
  readonly maxAbs: number;
  /** Norm of the difference by norm of the reference (L2). */
  readonly relativeError: number;
}

/** How far `other` is from `reference`; both of one shape. */
export function compareTensors(reference: HostTensor, other: HostTensor): Fidelity {
  if (bitEqual(reference, other)) return { bitEqual: true, maxAbs: 0, relativeError: 0 };
  const a = numbersOf(reference);
  const b = numbersOf(other);
  if (a.length !== b.length) return { bitEqual: false, maxAbs: Number.NaN, relativeError: Number.NaN };
  let maxAbs = 0;
  let error = 0;
  let norm = 0;
  for (let i = 0; i < a.length; i++) {
    const x = a[i] ?? 0;
    const y = b[i] ?? 0;
    const d = x === y || (Number.isNaN(x) && Number.isNaN(y)) ? 0 : Math.abs(x - y);
    maxAbs = Number.isNaN(d) ? d : Math.max(maxAbs, d);
    error += d * d;
    norm += x * x;
  }
  return { bitEqual: false, maxAbs, relativeError: error === 0 ? 0 : Math.sqrt(error / norm) };
}

/** Peak signal-to-noise ratio in decibel; Infinity for equal tensors. `range` is the width of the scale. */
export function psnr(reference: HostTensor, other: HostTensor, range = rangeOf(reference)): number {
  const a = numbersOf(reference);
  const b = numbersOf(other);
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += ((a[i] ?? 0) - (b[i] ?? 0)) ** 2;
  const [low, high] = range;
  return 10 * Math.log10((high - low) ** 2 / (sum / a.length));
}

/**
 * Structural similarity (Wang et al. 2004: Gaussian window of 11, 8-bit images), the mean over all channels of all
 * frames; 1 for equal tensors.
 */
export function meanSsim(reference: HostTensor, other: HostTensor, display?: ProfileData['display']): number {
  const range = display?.range ?? rangeOf(reference);
  const a = planesOf(reference, display?.axes);
  const b = planesOf(other, display?.axes);
  let sum = 0;
  a.forEach((plane, i) => {
    const twin = b[i] ?? plane;
    const shortest = Math.min(plane.width, plane.height);
    const windowSize = Math.min(11, shortest - ((shortest + 1) % 2));
    sum += ssim(imageOf(plane, range), imageOf(twin, range), { ssim: 'fast', windowSize }).mssim;
  });
  return sum / a.length;
}

/** Smallest and largest element. */
export function rangeOf(tensor: HostTensor): readonly [number, number] {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const x of numbersOf(tensor)) {
    low = Math.min(low, x);
    high = Math.max(high, x);
  }
  return low < high ? [low, high] : [low, low + 1];
}

/** A value's grey level: 0 to 255 over `range`, clamped. */
export function greyOf(value: number, [low, high]: readonly [number, number]): number {
  return Math.max(0, Math.min(255, Math.round((255 * (value - low)) / (high - low))));
}

function imageOf(
  plane: Plane,
  range: readonly [number, number],
): { data: Uint8ClampedArray; width: number; height: number } {
  const data = new Uint8ClampedArray(plane.values.length * 4);
  plane.values.forEach((value, i) => {
    data.fill(greyOf(value, range), 4 * i, 4 * i + 3);
    data[4 * i + 3] = 255;
  });
  return { data, width: plane.width, height: plane.height };
}
