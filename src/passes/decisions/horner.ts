import type { Builder, Value } from '../../ir/index.js';

/** The polynomial at x, highest degree first, in float32: coefficients reach 3e5 with alternating signs. */
export function horner(b: Builder, coefficients: readonly number[], x: Value): Value {
  let sum: Value | undefined;
  for (const c of coefficients) {
    sum =
      sum === undefined ? b.f32(c) : b.op('Add', [b.op('Mul', [sum, x]), b.f32(c)], { name: 'polynomial' });
  }
  return sum ?? b.f32(0);
}
