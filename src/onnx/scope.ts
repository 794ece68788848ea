import type { Value } from '../ir/index.js';

/** Values by name in a graph, and around it. Sibling branches may use the same names. */
export class Scope {
  readonly #values = new Map<string, Value>();
  readonly #outer: Scope | undefined;
  /** How many graphs lie around. */
  readonly depth: number;

  constructor(outer?: Scope) {
    this.#outer = outer;
    this.depth = outer === undefined ? 0 : outer.depth + 1;
  }

  /** The value of this very graph. */
  own(name: string): Value | undefined {
    return this.#values.get(name);
  }

  find(name: string): Value | undefined {
    return this.#values.get(name) ?? this.#outer?.find(name);
  }

  define(value: Value): Value {
    this.#values.set(value.name, value);
    return value;
  }
}
