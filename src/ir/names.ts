/** Owner of every name in a model, over all nested scopes: nothing collides, nothing is repaired later. */
export class Names {
  readonly #taken = new Set<string>();
  readonly #next = new Map<string, number>();

  /** Marks a name that the model already has. */
  reserve(name: string): void {
    this.#taken.add(name);
  }

  /** Marks all that another model has. */
  reserveAll(other: Names): void {
    for (const name of other.#taken) this.#taken.add(name);
  }

  has(name: string): boolean {
    return this.#taken.has(name);
  }

  /** `hint` itself when it is free, else `hint_1`, `hint_2`, ...: the first that is. */
  fresh(hint: string): string {
    if (!this.#taken.has(hint)) {
      this.#taken.add(hint);
      return hint;
    }
    let i = this.#next.get(hint) ?? 1;
    while (this.#taken.has(`${hint}_${i}`)) i++;
    this.#next.set(hint, i + 1);
    const name = `${hint}_${i}`;
    this.#taken.add(name);
    return name;
  }
}
