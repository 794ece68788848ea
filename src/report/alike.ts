/** Things that a reader need see once: the first of them, and how many there are. */
export interface Alike<T> {
  readonly first: T;
  readonly count: number;
}

/** Groups what has one key, in the order in which each key comes first. */
export function alike<T>(items: readonly T[], key: (item: T) => string): readonly Alike<T>[] {
  const groups = new Map<string, { readonly first: T; count: number }>();
  for (const item of items) {
    const known = groups.get(key(item));
    if (known === undefined) groups.set(key(item), { first: item, count: 1 });
    else known.count++;
  }
  return [...groups.values()];
}

/** Texts with a number before those that occur more than once. */
export function tallied(texts: readonly string[]): readonly string[] {
  return alike(texts, text => text).map(({ first, count }) => (count === 1 ? first : `${count} × ${first}`));
}

/** What else there is beside the one that is shown. */
export function moreText(count: number): string {
  return count === 1 ? '' : ` (+ ${count - 1} like it)`;
}

/** A name without the numbers that tell one block from another. */
export function withoutNumbers(name: string): string {
  return name.replace(/\d+/g, '#');
}
