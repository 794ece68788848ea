import type { Dim } from '../types.js';
import { atLeastPoly, isNonNegative } from './bounds.js';
import { floorDivPoly, modPoly } from './division.js';
import { parseDim } from './expression.js';
import { extremePoly, truncDivPoly, wrapPoly } from './operations.js';
import {
  addPoly,
  collectSymbols,
  constant,
  evaluatePoly,
  mulPoly,
  numberOf,
  type Poly,
  subPoly,
  textOf,
} from './polynomial.js';

/**
 * Arithmetic on dimensions. Symbolic results are canonical texts (`4*batch`, `frames*(height//2)`), so sizes
 * computed in different ways compare equal as strings wherever the normal form shows it. Unknown operands
 * and results that are too large to hold give undefined.
 */

export const addDims: (a: Dim, b: Dim) => Dim = lift(addPoly, (a, b) => a + b);
export const subDims: (a: Dim, b: Dim) => Dim = lift(subPoly, (a, b) => a - b);
/** Rounds down; the divisor must not be 0 at run time. */
export const floorDivDims: (a: Dim, b: Dim) => Dim = lift(floorDivPoly, (a, b) => (a - modOf(a, b)) / b);
/** Rounds towards zero, as ONNX `Div` of integers. */
export const truncDivDims: (a: Dim, b: Dim) => Dim = lift(truncDivPoly, (a, b) => (a - (a % b)) / b);
/** The remainder with the divisor's sign, as ONNX `Mod` of integers. */
export const modDims: (a: Dim, b: Dim) => Dim = lift(modPoly, modOf);
export const maxDims: (a: Dim, b: Dim) => Dim = lift((a, b) => extremePoly('max', a, b), Math.max);
export const minDims: (a: Dim, b: Dim) => Dim = lift((a, b) => extremePoly('min', a, b), Math.min);
/** An index counted from the front of `length` elements; negative ones count from the end. */
export const wrapDims: (index: Dim, length: Dim) => Dim = lift(wrapPoly, (index, length) =>
  index < 0 ? index + length : index,
);

const multiply = lift(mulPoly, (a, b) => a * b);

export function mulDims(a: Dim, b: Dim): Dim {
  return a === 0 || b === 0 ? 0 : multiply(a, b);
}

/** The quotient when `by` provably divides `dim`; undefined otherwise. */
export function divideExactly(dim: Dim, by: Dim): Dim {
  const quotient = floorDivDims(dim, by);
  return sameDim(mulDims(quotient, by), dim) ? quotient : undefined;
}

/** Rounds up. */
export function ceilDivDims(a: Dim, b: Dim): Dim {
  return mulDims(floorDivDims(mulDims(a, -1), b), -1);
}

export function sumOf(dims: Iterable<Dim>): Dim {
  let sum: Dim = 0;
  for (const dim of dims) sum = addDims(sum, dim);
  return sum;
}

export function productOf(dims: Iterable<Dim>): Dim {
  let product: Dim = 1;
  for (const dim of dims) product = mulDims(product, dim);
  return product;
}

/** The canonical spelling; undefined for text that names no size, such as `?`. */
export function canonical(dim: Dim): Dim {
  return typeof dim === 'string' ? addDims(dim, 0) : dim;
}

/** True when both are known and provably equal. */
export function sameDim(a: Dim, b: Dim): boolean {
  return a !== undefined && b !== undefined && (a === b || canonical(a) === canonical(b));
}

/** True when both are known and no assignment of the symbols makes them equal. */
export function differentDims(a: Dim, b: Dim): boolean {
  if (a === b) return false;
  if (typeof a === 'number' && typeof b === 'number') return true;
  return atLeast(subDims(a, b)) > 0 || atLeast(subDims(b, a)) > 0;
}

/** A lower bound, symbols being sizes; -Infinity when none is known. */
export function atLeast(dim: Dim): number {
  if (typeof dim === 'number') return dim;
  const poly = polyOf(dim);
  return poly === undefined ? Number.NEGATIVE_INFINITY : atLeastPoly(poly);
}

/** Whether `a <= b` for every assignment of the symbols that a run can have. */
export const atMost: (a: Dim, b: Dim) => boolean = memoised((a, b) => {
  const x = polyOf(a);
  const y = polyOf(b);
  const difference = x && y && subPoly(y, x);
  return difference !== undefined && isNonNegative(difference);
});

/** The size at an assignment of the symbols; undefined when one that it needs is missing. */
export function evaluate(dim: Dim, binding: ReadonlyMap<string, number> = new Map()): number | undefined {
  if (typeof dim !== 'string') return dim;
  const bound = binding.get(dim);
  if (bound !== undefined) return bound;
  const poly = polyOf(dim);
  return poly && evaluatePoly(poly, binding);
}

/** Symbols that a dimension is made of. */
export function symbolsOf(dim: Dim): ReadonlySet<string> {
  const symbols = new Set<string>();
  const poly = typeof dim === 'string' ? polyOf(dim) : undefined;
  if (poly !== undefined) collectSymbols(poly, symbols);
  return symbols;
}

/** Results that one operation remembers at a time. */
const MAX_REMEMBERED = 2048;

/** Longer texts are not worth carrying through a graph. */
const MAX_TEXT = 400;

function polyOf(dim: Dim): Poly | undefined {
  if (typeof dim === 'string') return parseDim(dim);
  return dim !== undefined && Number.isSafeInteger(dim) ? constant(dim) : undefined;
}

/** The remainder with the divisor's sign. */
function modOf(a: number, b: number): number {
  return ((a % b) + b) % b;
}

/** @param direct the same for two numbers; a result that is no safe integer is unknown */
function lift(
  operation: (a: Poly, b: Poly) => Poly | undefined,
  direct?: (a: number, b: number) => number,
): (a: Dim, b: Dim) => Dim {
  return memoised((a, b) => {
    if (direct !== undefined && typeof a === 'number' && typeof b === 'number') {
      const result = direct(a, b);
      const safe = Number.isSafeInteger(a) && Number.isSafeInteger(b) && Number.isSafeInteger(result);
      return safe ? result : undefined;
    }
    const x = polyOf(a);
    const y = polyOf(b);
    const result = x && y && operation(x, y);
    if (result === undefined) return undefined;
    const value = numberOf(result);
    if (value !== undefined) return value;
    const text = textOf(result);
    return text.length <= MAX_TEXT ? text : undefined;
  });
}

/** Remembers results of pairs with a symbol: the same sizes meet again and again in a graph. */
function memoised<T>(operation: (a: Dim, b: Dim) => T): (a: Dim, b: Dim) => T {
  const known = new Map<Dim, Map<Dim, T>>();
  let count = 0;
  return (a, b) => {
    if (typeof a !== 'string' && typeof b !== 'string') return operation(a, b);
    const row = known.get(a);
    if (row?.has(b)) return row.get(b) as T;
    const result = operation(a, b);
    if (++count > MAX_REMEMBERED) {
      known.clear();
      count = 0;
    }
    known.set(a, (known.get(a) ?? new Map<Dim, T>()).set(b, result));
    return result;
  };
}
