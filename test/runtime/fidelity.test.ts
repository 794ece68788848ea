import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PNG } from 'pngjs';
import { describe, expect, it } from 'vitest';
import { compareTensors, meanSsim, psnr, randomNumbers, writePicture } from '../../src/runtime/index.js';
import { planesOf } from '../../src/runtime/planes.js';
import { fromNumbers } from '../../src/runtime/tensors.js';

const video = (seed: number, noise = 0) => {
  const extra = randomNumbers('normal', 1024, seed);
  const values = extra.map((e, i) => Math.sin(i / 9) + noise * e);
  return fromNumbers('float32', [1, 1, 4, 16, 16], values);
};
const DISPLAY = {
  output: 'latent' as const,
  axes: ['batch' as const, 'channel' as const, 'frame' as const, 'height' as const, 'width' as const],
  range: [-1, 1] as [number, number],
};

describe('fidelity', () => {
  it('is perfect for equal tensors', () => {
    expect(compareTensors(video(1), video(2))).toEqual({ bitEqual: true, maxAbs: 0, relativeError: 0 });
    expect(psnr(video(1), video(1))).toBe(Number.POSITIVE_INFINITY);
    expect(meanSsim(video(1), video(1), DISPLAY)).toBe(1);
  });

  it('measures known differences', () => {
    const a = fromNumbers('float32', [2, 2], [3, 0, 4, 0]);
    const b = fromNumbers('float32', [2, 2], [3, 0, 4, 0.5]);
    expect(compareTensors(a, b)).toEqual({ bitEqual: false, maxAbs: 0.5, relativeError: 0.1 });
    // mse 1/16, range 4: 10 log10(16 / (1/16)) = 10 log10(256)
    expect(psnr(a, b)).toBeCloseTo(10 * Math.log10(256), 9);
    expect(psnr(a, b, [0, 1])).toBeCloseTo(10 * Math.log10(16), 9);
  });

  it('calls the two zeros unequal in bits and equal in value', () => {
    const [plus, minus] = [fromNumbers('float32', [1], [0]), fromNumbers('float32', [1], [-0])];
    expect(compareTensors(plus, minus)).toEqual({ bitEqual: false, maxAbs: 0, relativeError: 0 });
  });

  it('does not hide not-a-number', () => {
    const bad = fromNumbers('float32', [2], [Number.NaN, 1]);
    expect(compareTensors(fromNumbers('float32', [2], [1, 1]), bad).maxAbs).toBeNaN();
  });

  it('orders similarity by noise', () => {
    const [little, much] = [
      meanSsim(video(1), video(1, 0.05), DISPLAY),
      meanSsim(video(1), video(1, 0.5), DISPLAY),
    ];
    expect(little).toBeLessThan(1);
    expect(much).toBeLessThan(little);
    expect(much).toBeGreaterThan(0);
  });

  it.each([[[1, 6, 5]], [[1, 4, 8, 8]], [[3, 2]], [[7]], [[1, 1, 1, 16, 16]]])('takes shape %s', dims => {
    const a = fromNumbers('float32', dims, randomNumbers('normal', 256, 3));
    const b = fromNumbers('float32', dims, randomNumbers('normal', 256, 4));
    expect(meanSsim(a, a)).toBe(1);
    expect(meanSsim(a, b)).toBeLessThan(1);
  });
});

describe('planes', () => {
  it('cuts along named axes', () => {
    const tensor = fromNumbers('float32', [2, 1, 3, 2], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    const planes = planesOf(tensor, ['frame', 'batch', 'height', 'channel']);
    expect(planes.map(p => [p.frame, p.channel, [...p.values]])).toEqual([
      [0, 0, [0, 2, 4]],
      [0, 1, [1, 3, 5]],
      [1, 0, [6, 8, 10]],
      [1, 1, [7, 9, 11]],
    ]);
    const tokens = fromNumbers('float32', [1, 2, 3], [0, 1, 2, 3, 4, 5]);
    expect(planesOf(tokens, ['batch', 'token', 'channel'])).toMatchObject([
      { width: 3, height: 2, channel: 0 },
    ]);
  });
});

describe('picture', () => {
  it('shows the original above the compiled and the difference', () => {
    const folder = mkdtempSync(join(tmpdir(), 'bwc-test-'));
    const black = fromNumbers('float32', [1, 1, 3, 2, 2], new Float32Array(12).fill(-1));
    const white = fromNumbers('float32', [1, 1, 3, 2, 2], new Float32Array(12).fill(1));
    const path = join(folder, 'deeper', 'frames.png');
    const picture = writePicture(path, black, white, { display: DISPLAY, difference: 0.5, scale: 3 });
    const png = PNG.sync.read(readFileSync(path));
    rmSync(folder, { recursive: true });
    expect([png.width, png.height]).toEqual([3 * 10 + 4, 3 * 10 + 4]);
    expect(picture).toEqual({ path, width: png.width, height: png.height });
    const grey = (x: number, y: number): number | undefined => png.data[4 * (y * png.width + x)];
    expect([grey(5, 5), grey(5, 15), grey(5, 25), grey(25, 9)]).toEqual([0, 255, 128, 0]);
    expect(grey(11, 5)).toBe(32);
    expect(png.data[3]).toBe(255);
  });
});
