import { isNonNegative } from './bounds.js';
import { floorDivPoly } from './division.js';
import {
  type AtomFunction,
  addPoly,
  atomic,
  call,
  constant,
  exactQuotient,
  numberOf,
  order,
  type Poly,
  scale,
  subPoly,
  textOf,
} from './polynomial.js';

/** Division that rounds towards zero, as ONNX `Div` of integers does. */
export function truncDivPoly(a: Poly, b: Poly): Poly | undefined {
  if (numberOf(b) === 0) return undefined;
  const exact = exactQuotient(a, b);
  if (exact !== undefined) return exact;
  if (isNonNegative(b)) {
    if (isNonNegative(a)) return floorDivPoly(a, b);
    const opposite = scale(a, -1);
    const quotient = isNonNegative(opposite) ? floorDivPoly(opposite, b) : undefined;
    if (quotient !== undefined) return scale(quotient, -1);
  }
  const x = numberOf(a);
  const y = numberOf(b);
  if (x !== undefined && y !== undefined) return constant(Math.trunc(x / y));
  return atomic(call('trunc', [a, b]));
}

/** The larger or smaller of two, without arguments that others make needless. */
export function extremePoly(fn: 'max' | 'min', a: Poly, b: Poly): Poly | undefined {
  const args = new Map<string, Poly>();
  for (const operand of [a, b]) for (const arg of flatten(fn, operand)) args.set(textOf(arg), arg);
  for (const [text, arg] of args) {
    for (const [other, rival] of args) {
      if (other === text || !yields(fn, arg, rival)) continue;
      args.delete(text);
      break;
    }
  }
  const sorted = [...args].sort(([x], [y]) => order(x, y)).map(([, arg]) => arg);
  const [only] = sorted;
  return sorted.length === 1 && only !== undefined ? only : atomic(call(fn, sorted));
}

/** Whether `arg` is never the one that counts beside `rival`. */
function yields(fn: 'max' | 'min', arg: Poly, rival: Poly): boolean {
  const margin = fn === 'max' ? subPoly(rival, arg) : subPoly(arg, rival);
  return margin !== undefined && isNonNegative(margin);
}

/** An index counted from the front, where negative ones count from the end. */
export function wrapPoly(index: Poly, length: Poly): Poly | undefined {
  if (isNonNegative(index)) return index;
  const known = numberOf(index);
  return known === undefined ? atomic(call('wrap', [index, length])) : addPoly(index, length);
}

function flatten(fn: AtomFunction, poly: Poly): readonly Poly[] {
  const [first] = poly;
  const [atom] = first?.atoms ?? [];
  const lone = poly.length === 1 && first?.coefficient === 1 && first.atoms.length === 1;
  return lone && atom?.kind === 'call' && atom.fn === fn ? atom.args : [poly];
}
