import { compatible, type Value } from '../../ir/index.js';

/** Which input (or output) of one model is which of the other: by name first, then in order among types that fit. */
export function pairPorts(a: readonly Value[], b: readonly Value[]): [number, number][] {
  const pairs: [number, number][] = [];
  const taken = new Set<number>();
  const free = new Map<string, number[]>();
  b.forEach((value, i) => {
    const list = free.get(value.name);
    if (list) list.push(i);
    else free.set(value.name, [i]);
  });
  const left: number[] = [];
  a.forEach((value, i) => {
    const same = free.get(value.name)?.shift();
    if (same === undefined) left.push(i);
    else {
      pairs.push([i, same]);
      taken.add(same);
    }
  });
  let from = 0;
  for (const i of left) {
    for (let j = from; j < b.length; j++) {
      if (taken.has(j) || !compatible(a[i]?.type, b[j]?.type)) continue;
      pairs.push([i, j]);
      taken.add(j);
      from = j + 1;
      break;
    }
  }
  return pairs;
}
