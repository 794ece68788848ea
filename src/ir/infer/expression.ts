import { floorDivPoly, modPoly } from './division.js';
import { extremePoly, truncDivPoly, wrapPoly } from './operations.js';
import {
  addPoly,
  constant,
  mulPoly,
  numberOf,
  PLAIN_NAME,
  type Poly,
  subPoly,
  symbol,
} from './polynomial.js';

/**
 * Reads the text of a symbolic dimension: names, integers, `+ - * // % **`, parentheses, `max`, `min`, `trunc`, `wrap`,
 * and the spellings that torch's dynamo exporter takes from sympy (`Max`, `Min`, `FloorDiv`, `Mod`, `PythonMod`).
 * Any other text, such as `batch/size`, is one symbol. Undefined when the text names no size at all.
 */
export function parseDim(text: string): Poly | undefined {
  let poly = cache.get(text);
  if (poly === undefined) {
    if (NO_SYMBOL.test(text)) return undefined;
    poly = new Parser(text).whole() ?? symbol(text);
    if (cache.size >= CACHE_SIZE) cache.clear();
    cache.set(text, poly);
  }
  return poly;
}

/** What files write as `dim_param` where they know nothing. */
const NO_SYMBOL = /^\s*(?:-?\d+|\?|None|)\s*$/;

const CACHE_SIZE = 4096;
const cache = new Map<string, Poly>();

const TOKEN = /\s*(\/\/|\*\*|\d+(?![\w.])|[-+*%(),]|\{[^{}]*\})/y;
const SPACE = /\s*/y;
const MAX_POWER = 8;
const MAX_NESTING = 32;

class Parser {
  readonly #text: string;
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  whole(): Poly | undefined {
    const poly = this.#sum();
    this.#match(SPACE);
    return this.#at === this.#text.length ? poly : undefined;
  }

  #sum(): Poly | undefined {
    if (++this.#depth > MAX_NESTING) return undefined;
    let left = this.#product();
    for (
      let sign = this.#take('+', '-');
      sign !== undefined && left !== undefined;
      sign = this.#take('+', '-')
    ) {
      const right = this.#product();
      left = right && (sign === '+' ? addPoly(left, right) : subPoly(left, right));
    }
    this.#depth--;
    return left;
  }

  #product(): Poly | undefined {
    let left = this.#unary();
    for (
      let op = this.#take('*', '//', '%');
      op !== undefined && left !== undefined;
      op = this.#take('*', '//', '%')
    ) {
      const right = this.#unary();
      left = right && PRODUCTS[op]?.(left, right);
    }
    return left;
  }

  #unary(): Poly | undefined {
    if (this.#take('-') === undefined) return this.#power();
    const operand = this.#power();
    return operand && mulPoly(operand, constant(-1));
  }

  #power(): Poly | undefined {
    const base = this.#primary();
    if (base === undefined || this.#take('**') === undefined) return base;
    const exponent = this.#primary();
    const times = exponent && numberOf(exponent);
    if (times === undefined || times > MAX_POWER) return undefined;
    let result: Poly | undefined = constant(1);
    for (let i = 0; i < times && result !== undefined; i++) result = mulPoly(result, base);
    return result;
  }

  #primary(): Poly | undefined {
    if (this.#take('(') !== undefined) {
      const inner = this.#sum();
      return this.#take(')') === undefined ? undefined : inner;
    }
    const token = this.#peek();
    if (token !== undefined && (/^\d/.test(token) || token.startsWith('{'))) {
      this.#match(TOKEN);
      if (token.startsWith('{')) return symbol(token.slice(1, -1));
      return Number.isSafeInteger(Number(token)) ? constant(Number(token)) : undefined;
    }
    this.#match(SPACE);
    const name = this.#match(PLAIN_NAME);
    if (name === undefined || name === '') return undefined;
    return this.#take('(') === undefined ? symbol(name) : this.#call(name);
  }

  #call(name: string): Poly | undefined {
    const fn = CALLS.get(name);
    let result = this.#sum();
    if (fn === undefined) return undefined;
    while (result !== undefined && this.#take(',') !== undefined) {
      const argument = this.#sum();
      result = argument && fn(result, argument);
    }
    return this.#take(')') === undefined ? undefined : result;
  }

  #take(...options: readonly string[]): string | undefined {
    const token = this.#peek();
    if (token === undefined || !options.includes(token)) return undefined;
    this.#match(TOKEN);
    return token;
  }

  #peek(): string | undefined {
    TOKEN.lastIndex = this.#at;
    return TOKEN.exec(this.#text)?.[1];
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text);
    if (found === null) return undefined;
    this.#at = pattern.lastIndex;
    return found[0];
  }
}

type Operation = (a: Poly, b: Poly) => Poly | undefined;

const PRODUCTS: Partial<Record<string, Operation>> = { '*': mulPoly, '//': floorDivPoly, '%': modPoly };

const largest: Operation = (a, b) => extremePoly('max', a, b);
const smallest: Operation = (a, b) => extremePoly('min', a, b);

const CALLS: ReadonlyMap<string, Operation> = new Map([
  ['max', largest],
  ['Max', largest],
  ['min', smallest],
  ['Min', smallest],
  ['trunc', truncDivPoly],
  ['wrap', wrapPoly],
  ['FloorDiv', floorDivPoly],
  ['Mod', modPoly],
  ['PythonMod', modPoly],
]);
