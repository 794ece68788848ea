import { describe, expect, it } from 'vitest';
import { bitEqual } from '../../src/runtime/bits.js';
import { Random, randomNumbers } from '../../src/runtime/index.js';
import { convert, copyOf, fromBytes, fromNumbers, numbersOf, zeros } from '../../src/runtime/tensors.js';

describe('random numbers', () => {
  it('are the same on every machine', () => {
    const random = new Random(100);
    const bits = Array.from({ length: 3 }, () => random.bits());
    expect(bits).toMatchInlineSnapshot(`
      [
        3309337609,
        943173214,
        1119604894,
      ]
    `);
    expect([...randomNumbers('normal', 4, 100)]).toMatchInlineSnapshot(`
      [
        0.854248977547695,
        -0.7557441947818417,
        -0.5170641255977962,
        0.12078358172064006,
      ]
    `);
    expect([...randomNumbers('uniform', 2, 100, 10)]).toMatchInlineSnapshot(`
      [
        7.705152051120968,
        2.6067832536296844,
      ]
    `);
  });

  it('differ by seed and repeat for the same seed', () => {
    expect(randomNumbers('normal', 8, 1)).toEqual(randomNumbers('normal', 8, 1));
    expect(randomNumbers('normal', 8, 1)).not.toEqual(randomNumbers('normal', 8, 2));
    expect(randomNumbers('normal', 8, 1)).not.toEqual(randomNumbers('normal', 8, 1 + 2 ** 32));
  });

  it('have the moments of their distribution', () => {
    const moment = (values: Float64Array, power: number): number =>
      values.reduce((sum, x) => sum + x ** power, 0) / values.length;
    const normal = randomNumbers('normal', 200_000, 7);
    expect(moment(normal, 1)).toBeCloseTo(0, 2);
    expect(moment(normal, 2)).toBeCloseTo(1, 2);
    expect(moment(normal, 3)).toBeCloseTo(0, 1);
    expect(moment(normal, 4)).toBeCloseTo(3, 1);
    const uniform = randomNumbers('uniform', 200_000, 7);
    expect(moment(uniform, 1)).toBeCloseTo(1 / 2, 2);
    expect(moment(uniform, 2)).toBeCloseTo(1 / 3, 2);
  });
});

describe('tensors', () => {
  it('convert numbers to each element type', () => {
    expect(fromNumbers('float16', [3], [1, -2, 0.1]).data).toEqual(Uint16Array.of(0x3c00, 0xc000, 0x2e66));
    expect(fromNumbers('int64', [2], [3.7, -3.7]).data).toEqual(BigInt64Array.of(3n, -3n));
    expect(fromNumbers('bool', [3], [0, 0.5, -1]).data).toEqual(Uint8Array.of(0, 1, 1));
    expect([...numbersOf(fromNumbers('float16', [2], [1, -2]))]).toEqual([1, -2]);
    expect(convert(fromNumbers('int32', [1], [5]), 'float32').data).toEqual(Float32Array.of(5));
  });

  it('compare by bits', () => {
    const a = fromNumbers('float32', [2], [0, Number.NaN]);
    expect(bitEqual(a, copyOf(a))).toBe(true);
    expect(bitEqual(a, fromNumbers('float32', [2], [-0, Number.NaN]))).toBe(false);
    expect(bitEqual(a, { ...a, dims: [1, 2] })).toBe(false);
    expect(bitEqual(zeros('int32', [2]), zeros('float32', [2]))).toBe(false);
  });

  it('read bytes at any offset', () => {
    const bytes = Uint8Array.of(9, 0, 0, 128, 63);
    expect([...numbersOf(fromBytes('float32', [1], bytes.subarray(1)))]).toEqual([1]);
  });
});
