/**
 * Normal form of integer expressions over dimension symbols: a polynomial whose atoms are symbols and the
 * operations that no polynomial can express (floor and truncating division, max, min). Two expressions that
 * reduce to the same polynomial have the same text. Symbols are sizes, so they are at least 0.
 */

export type Atom =
  | { readonly kind: 'symbol'; readonly text: string }
  | {
      readonly kind: 'call';
      readonly fn: AtomFunction;
      readonly args: readonly Poly[];
      readonly text: string;
    };

/** `//` rounds down, `trunc` towards zero; `wrap(x, n)` is x, or x + n where x is negative: an index from the end. */
export type AtomFunction = '//' | 'trunc' | 'max' | 'min' | 'wrap';

/** A product: atoms are sorted by text and repeated for powers. */
export interface Term {
  readonly coefficient: number;
  readonly atoms: readonly Atom[];
}

/** A sum of terms in descending lexicographic order, no two alike, no coefficient 0; empty means 0. */
export type Poly = readonly Term[];

/** More terms than any size computed by a network has; beyond it an expression counts as unknown. */
const MAX_TERMS = 32;

export const ZERO: Poly = [];

export function constant(value: number): Poly {
  return value === 0 ? ZERO : [{ coefficient: value, atoms: [] }];
}

export function atomic(atom: Atom): Poly {
  return [{ coefficient: 1, atoms: [atom] }];
}

export function symbol(text: string): Poly {
  return atomic({ kind: 'symbol', text });
}

/** The number a polynomial without atoms stands for. */
export function numberOf(poly: Poly): number | undefined {
  const [first, second] = poly;
  if (first === undefined) return 0;
  return second === undefined && first.atoms.length === 0 ? first.coefficient : undefined;
}

export function addPoly(a: Poly, b: Poly): Poly | undefined {
  return collect([...a, ...b]);
}

export function subPoly(a: Poly, b: Poly): Poly | undefined {
  return addPoly(a, scale(b, -1));
}

export function mulPoly(a: Poly, b: Poly): Poly | undefined {
  if (a.length * b.length > MAX_TERMS * MAX_TERMS) return undefined;
  const terms: Term[] = [];
  for (const x of a) for (const y of b) terms.push(mulTerm(x, y));
  return collect(terms);
}

/** The quotient when `b` divides `a` without remainder as polynomials. */
export function exactQuotient(a: Poly, b: Poly): Poly | undefined {
  const [lead] = b;
  if (lead === undefined) return undefined;
  const quotient: Term[] = [];
  let rest = a;
  for (let i = 0; i <= MAX_TERMS; i++) {
    const [top] = rest;
    if (top === undefined) return collect(quotient);
    const atoms = withoutAtoms(top.atoms, lead.atoms);
    const coefficient = top.coefficient / lead.coefficient;
    if (atoms === undefined || !Number.isInteger(coefficient)) return undefined;
    const term: Term = { coefficient, atoms };
    quotient.push(term);
    const taken = mulPoly([term], b);
    const next = taken && subPoly(rest, taken);
    if (next === undefined) return undefined;
    rest = next;
  }
  return undefined;
}

/** The value at an assignment of symbols; undefined when one is missing or a divisor is 0. */
export function evaluatePoly(poly: Poly, binding: ReadonlyMap<string, number>): number | undefined {
  let sum = 0;
  for (const { coefficient, atoms } of poly) {
    let product = coefficient;
    for (const atom of atoms) {
      const value = evaluateAtom(atom, binding);
      if (value === undefined) return undefined;
      product *= value;
    }
    sum += product;
  }
  return sum;
}

export function collectSymbols(poly: Poly, into: Set<string>): void {
  for (const { atoms } of poly) {
    for (const atom of atoms) {
      if (atom.kind === 'symbol') into.add(atom.text);
      else for (const arg of atom.args) collectSymbols(arg, into);
    }
  }
}

/** Canonical text; `expression.ts` reads it back. */
export function textOf(poly: Poly): string {
  const [first] = poly;
  if (first === undefined) return '0';
  const [atom] = first.atoms;
  if (poly.length === 1 && first.coefficient === 1 && first.atoms.length === 1 && atom !== undefined) {
    return atom.kind === 'call' && atom.fn === '//' ? atom.text.slice(1, -1) : atom.text;
  }
  let text = '';
  for (const { coefficient, atoms } of poly) {
    const size = Math.abs(coefficient);
    const factors = powers(atoms);
    if (size !== 1 || factors.length === 0) factors.unshift(String(size));
    const sign = coefficient < 0 ? '-' : '+';
    text += text === '' ? (coefficient < 0 ? '-' : '') : ` ${sign} `;
    text += factors.join('*');
  }
  return text;
}

export const PLAIN_NAME: RegExp = /[A-Za-z_][\w.]*(?:-[A-Za-z_][\w.]*)*/y;

function powers(atoms: readonly Atom[]): string[] {
  const factors: string[] = [];
  for (let i = 0; i < atoms.length; ) {
    const atom = atoms[i];
    if (atom === undefined) break;
    let count = 1;
    while (atoms[i + count]?.text === atom.text) count++;
    const base = atom.kind === 'symbol' && !isPlainName(atom.text) ? `{${atom.text}}` : atom.text;
    factors.push(count === 1 ? base : `${base}**${count}`);
    i += count;
  }
  return factors;
}

function isPlainName(text: string): boolean {
  PLAIN_NAME.lastIndex = 0;
  return PLAIN_NAME.exec(text)?.[0].length === text.length;
}

/** An operation as an atom; use the functions that simplify first. */
export function call(fn: AtomFunction, args: readonly Poly[]): Atom {
  return { kind: 'call', fn, args, text: callText(fn, args.map(operandText(fn))) };
}

function callText(fn: AtomFunction, args: readonly string[]): string {
  return fn === '//' ? `(${args.join('//')})` : `${fn}(${args.join(', ')})`;
}

function operandText(fn: AtomFunction): (poly: Poly) => string {
  return poly => {
    const text = textOf(poly);
    const [first] = poly;
    const factors = first === undefined ? [] : powers(first.atoms);
    if (poly.length === 1 && first?.coefficient === 1 && factors.length === 1) return factors[0] ?? text;
    const number = numberOf(poly);
    return fn !== '//' || (number !== undefined && number >= 0) ? text : `(${text})`;
  };
}

export function scale(poly: Poly, by: number): Poly {
  return poly.map(({ coefficient, atoms }) => ({ coefficient: coefficient * by, atoms }));
}

function mulTerm(a: Term, b: Term): Term {
  return {
    coefficient: a.coefficient * b.coefficient,
    atoms: [...a.atoms, ...b.atoms].sort(compareAtoms),
  };
}

/** The polynomial that terms add up to; undefined when it is too large. */
export function collect(terms: readonly Term[]): Poly | undefined {
  const sorted = [...terms].sort(compareTerms);
  const result: Term[] = [];
  for (const term of sorted) {
    const last = result.at(-1);
    if (last !== undefined && compareTerms(last, term) === 0) {
      result[result.length - 1] = { coefficient: last.coefficient + term.coefficient, atoms: last.atoms };
    } else result.push(term);
  }
  const kept = result.filter(term => term.coefficient !== 0);
  if (kept.length > MAX_TERMS) return undefined;
  return kept.every(term => Number.isSafeInteger(term.coefficient)) ? kept : undefined;
}

/** Lexicographic monomial order, larger first: the order that polynomial division needs. */
function compareTerms(a: Term, b: Term): number {
  for (const [i, atom] of a.atoms.entries()) {
    const other = b.atoms[i];
    if (other === undefined) break;
    const difference = compareAtoms(atom, other);
    if (difference !== 0) return difference;
  }
  return b.atoms.length - a.atoms.length;
}

/** Symbols by name, then operations. */
function compareAtoms(a: Atom, b: Atom): number {
  if (a.kind !== b.kind) return a.kind === 'symbol' ? -1 : 1;
  return order(a.text, b.text);
}

export function order(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** `from` less `taken`, as multisets; undefined when something is not there. */
export function withoutAtoms(from: readonly Atom[], taken: readonly Atom[]): readonly Atom[] | undefined {
  const left = [...from];
  for (const atom of taken) {
    const at = left.findIndex(candidate => candidate.text === atom.text);
    if (at < 0) return undefined;
    left.splice(at, 1);
  }
  return left;
}

function evaluateAtom(atom: Atom, binding: ReadonlyMap<string, number>): number | undefined {
  if (atom.kind === 'symbol') return binding.get(atom.text);
  const args: number[] = [];
  for (const arg of atom.args) {
    const value = evaluatePoly(arg, binding);
    if (value === undefined) return undefined;
    args.push(value);
  }
  const [a = 0, b = 0] = args;
  switch (atom.fn) {
    case 'max':
      return Math.max(...args);
    case 'min':
      return Math.min(...args);
    case '//':
      return b === 0 ? undefined : Math.floor(a / b);
    case 'trunc':
      return b === 0 ? undefined : Math.trunc(a / b);
    case 'wrap':
      return a < 0 ? a + b : a;
  }
}
