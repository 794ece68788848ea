import { floorDivPoly } from './division.js';
import {
  type Atom,
  addPoly,
  collect,
  mulPoly,
  numberOf,
  type Poly,
  scale,
  type Term,
  withoutAtoms,
} from './polynomial.js';

/** A lower bound, -Infinity when none is known. */
export function atLeastPoly(poly: Poly): number {
  let bound = 0;
  for (const { coefficient, atoms } of poly) {
    let least = coefficient;
    for (const atom of atoms) {
      const lower = coefficient > 0 ? atLeastAtom(atom) : Number.NEGATIVE_INFINITY;
      if (lower < 0) return Number.NEGATIVE_INFINITY;
      least *= lower;
    }
    bound += least;
  }
  return bound;
}

/** Replacements that one proof may try. */
const FUEL = 200;

/**
 * Whether a polynomial is provably at least 0. Where its terms do not show it, an atom is replaced by what it
 * may be: `max(x, y)` is one of its arguments and at least each of them, `wrap(x, n)` is x or x + n, and so on.
 */
export function isNonNegative(poly: Poly): boolean {
  return prove(poly, { fuel: FUEL });
}

interface Search {
  fuel: number;
}

function prove(poly: Poly, search: Search): boolean {
  if (atLeastPoly(poly) >= 0) return true;
  const tried = new Set<string>();
  for (const { atoms } of poly) {
    for (const atom of atoms) {
      if (!isReplaceable(atom) || tried.has(atom.text)) continue;
      tried.add(atom.text);
      if (search.fuel-- <= 0) return false;
      if (proveWithout(atom, poly, search)) return true;
    }
  }
  return false;
}

function proveWithout(atom: Atom, poly: Poly, search: Search): boolean {
  const parts = extract(poly, atom);
  if (parts === undefined) return false;
  const replaced = (by: Poly | undefined): boolean => {
    const product = by && mulPoly(parts.factor, by);
    const next = product && addPoly(parts.rest, product);
    return next !== undefined && prove(next, search);
  };
  const { either, below, above } = alternatives(atom);
  if (below.length > 0 && atLeastPoly(parts.factor) >= 0 && below.some(replaced)) return true;
  if (above.length > 0 && atLeastPoly(scale(parts.factor, -1)) >= 0 && above.some(replaced)) return true;
  return either.length > 0 && either.every(replaced);
}

function isReplaceable(atom: Atom): boolean {
  return atom.kind === 'call' && atom.fn !== '//';
}

/** `poly` as `factor * atom + rest`; the factor may hold the atom again. */
function extract(poly: Poly, atom: Atom): { readonly factor: Poly; readonly rest: Poly } | undefined {
  const rest: Term[] = [];
  const factor: Term[] = [];
  for (const term of poly) {
    const atoms = withoutAtoms(term.atoms, [atom]);
    if (atoms === undefined) rest.push(term);
    else factor.push({ coefficient: term.coefficient, atoms });
  }
  const sum = collect(factor);
  return sum && { factor: sum, rest };
}

interface Alternatives {
  /** The atom is one of these. */
  readonly either: readonly Poly[];
  /** The atom is at least each of these. */
  readonly below: readonly (Poly | undefined)[];
  /** The atom is at most each of these. */
  readonly above: readonly (Poly | undefined)[];
}

function alternatives(atom: Atom): Alternatives {
  if (atom.kind === 'symbol') return { either: [], below: [], above: [] };
  const [x = [], n = []] = atom.args;
  switch (atom.fn) {
    case 'max':
      return { either: atom.args, below: atom.args, above: [] };
    case 'min':
      return { either: atom.args, below: [], above: atom.args };
    case 'wrap': {
      const wrapped = addPoly(x, n);
      if (wrapped === undefined) return { either: [], below: [], above: [] };
      const grows = atLeastPoly(n) >= 0;
      return { either: [x, wrapped], below: grows ? [x] : [], above: grows ? [wrapped] : [] };
    }
    case 'trunc': {
      const positive = (numberOf(n) ?? 0) > 0;
      return { either: [], below: positive ? [floorDivPoly(x, n)] : [], above: [] };
    }
    case '//':
      return { either: [], below: [], above: [] };
  }
}

function atLeastAtom(atom: Atom): number {
  if (atom.kind === 'symbol') return 0;
  const bounds = atom.args.map(atLeastPoly);
  const [first = 0, second = 0] = bounds;
  switch (atom.fn) {
    case 'max':
      return Math.max(...bounds);
    case 'min':
      return Math.min(...bounds);
    case '//':
    case 'trunc':
      return bounds.every(bound => bound >= 0) ? 0 : Number.NEGATIVE_INFINITY;
    case 'wrap':
      return Math.min(first, first + second);
  }
}
