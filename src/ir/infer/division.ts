import {
  addPoly,
  atomic,
  call,
  collect,
  constant,
  exactQuotient,
  mulPoly,
  numberOf,
  type Poly,
  scale,
  subPoly,
  type Term,
  withoutAtoms,
} from './polynomial.js';

/** `floor(a / b)`; valid wherever `b` is not 0. */
export function floorDivPoly(a: Poly, b: Poly): Poly | undefined {
  const divisor = numberOf(b);
  if (divisor === 0) return undefined;
  if (divisor !== undefined) return divisor < 0 ? floorDivBy(scale(a, -1), -divisor) : floorDivBy(a, divisor);
  const exact = exactQuotient(a, b);
  if (exact !== undefined) return exact;
  const [num, den] = cancel(a, b);
  return numberOf(den) === undefined ? atomic(call('//', [num, den])) : floorDivPoly(num, den);
}

/** `a - b * floor(a / b)`: the remainder with the divisor's sign. */
export function modPoly(a: Poly, b: Poly): Poly | undefined {
  const quotient = floorDivPoly(a, b);
  const taken = quotient && mulPoly(quotient, b);
  return taken && subPoly(a, taken);
}

/** Takes the common factor of all terms out of both. */
function cancel(a: Poly, b: Poly): readonly [Poly, Poly] {
  const all = [...a, ...b];
  let common = [...(all[0]?.atoms ?? [])];
  let factor = 0;
  for (const { coefficient, atoms } of all) {
    factor = gcd(factor, Math.abs(coefficient));
    const left = [...atoms];
    common = common.filter(atom => {
      const at = left.findIndex(candidate => candidate.text === atom.text);
      if (at >= 0) left.splice(at, 1);
      return at >= 0;
    });
  }
  const reduce = (poly: Poly): Poly =>
    poly.map(({ coefficient, atoms }) => ({
      coefficient: coefficient / factor,
      atoms: withoutAtoms(atoms, common) ?? atoms,
    }));
  return [reduce(a), reduce(b)];
}

/** Division by a positive number: `(d*q + r) // d = q + r // d`, with all coefficients of `r` in [0, d). */
function floorDivBy(a: Poly, d: number): Poly | undefined {
  if (d === 1) return a;
  const quotient: Term[] = [];
  const rest: Term[] = [];
  let offset = 0;
  let common = d;
  for (const { coefficient, atoms } of a) {
    const whole = Math.floor(coefficient / d);
    const left = coefficient - whole * d;
    if (whole !== 0) quotient.push({ coefficient: whole, atoms });
    if (left === 0) continue;
    if (atoms.length === 0) offset = left;
    else {
      rest.push({ coefficient: left, atoms });
      common = gcd(common, left);
    }
  }
  if (rest.length === 0) return collect(quotient);
  const reduced: Term[] = rest.map(({ coefficient, atoms }) => ({
    coefficient: coefficient / common,
    atoms,
  }));
  const shift = Math.floor(offset / common);
  const divisor = d / common;
  const numerator = shift === 0 ? reduced : [...reduced, { coefficient: shift, atoms: [] }];
  const whole = collect(quotient);
  const tail =
    divisor === 1
      ? numerator
      : (denest(numerator, divisor) ?? atomic(call('//', [numerator, constant(divisor)])));
  return whole && addPoly(whole, tail);
}

/** `(x // k + c) // d = (x + c*k) // (k*d)` for positive numbers `k` and `d`. */
function denest(numerator: Poly, d: number): Poly | undefined {
  const [first, second] = numerator;
  const [atom] = first?.atoms ?? [];
  if (first?.coefficient !== 1 || first.atoms.length !== 1 || numerator.length > 2) return undefined;
  if (second !== undefined && second.atoms.length > 0) return undefined;
  if (atom?.kind !== 'call' || atom.fn !== '//') return undefined;
  const [inner, by] = atom.args;
  const k = by && numberOf(by);
  if (inner === undefined || k === undefined || k <= 0) return undefined;
  const shifted = addPoly(inner, constant((second?.coefficient ?? 0) * k));
  return shifted && floorDivBy(shifted, k * d);
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}
