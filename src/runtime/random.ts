const BITS = new DataView(new ArrayBuffer(8));

/**
 * Natural logarithm from additions, multiplications and divisions alone, which IEEE 754 rounds the same way
 * everywhere; `Math.log` may differ between engines in the last bit. Accurate to a few units in the last place
 * for positive normal numbers.
 */
function log(x: number): number {
  BITS.setFloat64(0, x);
  const high = BITS.getUint32(0);
  let exponent = (high >>> 20) - 1023;
  BITS.setUint32(0, (high & 0xfffff) | 0x3ff00000);
  let m = BITS.getFloat64(0);
  if (m > Math.SQRT2) {
    m /= 2;
    exponent++;
  }
  const s = (m - 1) / (m + 1);
  const square = s * s;
  let sum = 0;
  for (let k = 21; k >= 1; k -= 2) sum = sum * square + 1 / k;
  return exponent * Math.LN2 + 2 * s * sum;
}

/** A stream of random numbers that is the same on every machine for the same seed. */
export class Random {
  #a = 0;
  #b = 0;
  #c = 0;
  #counter = 1;
  #spare: number | undefined;

  /** @param seed an integer; its low 53 bits count. */
  constructor(seed: number) {
    this.#a = seed >>> 0;
    this.#b = Math.floor(seed / 2 ** 32) >>> 0;
    for (let i = 0; i < 20; i++) this.bits();
  }

  /** 32 random bits: sfc32 of PractRand (Doty-Humphrey). */
  bits(): number {
    const out = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + out;
    return out >>> 0;
  }

  /** Uniform in [0, 1), with 53 bits. */
  uniform(): number {
    return ((this.bits() >>> 5) * 2 ** 26 + (this.bits() >>> 6)) / 2 ** 53;
  }

  /** Standard normal: Box-Muller in Marsaglia's polar form, which needs no trigonometry. */
  normal(): number {
    if (this.#spare !== undefined) {
      const spare = this.#spare;
      this.#spare = undefined;
      return spare;
    }
    for (;;) {
      const u = 2 * this.uniform() - 1;
      const v = 2 * this.uniform() - 1;
      const s = u * u + v * v;
      if (s >= 1 || s === 0) continue;
      const factor = Math.sqrt((-2 * log(s)) / s);
      this.#spare = v * factor;
      return u * factor;
    }
  }
}

/** `count` numbers of a distribution, multiplied by `scale`, in float64. */
export function randomNumbers(
  distribution: 'normal' | 'uniform',
  count: number,
  seed: number,
  scale = 1,
): Float64Array {
  const random = new Random(seed);
  const numbers = new Float64Array(count);
  for (let i = 0; i < count; i++) numbers[i] = scale * random[distribution]();
  return numbers;
}
