/** What changed between two texts, line by line: `-` gone, `+` new, unchanged lines left out but for one around. */
export function diff(before: string, after: string): string {
  const [a, b] = [before.trimEnd().split('\n'), after.trimEnd().split('\n')];
  const marked = script(a, b);
  const near = (i: number): boolean =>
    [i - 1, i, i + 1].some(j => marked[j] !== undefined && !marked[j].startsWith(' '));
  const lines: string[] = [];
  marked.forEach((line, i) => {
    if (near(i)) lines.push(line.trimEnd());
    else if (lines.at(-1) !== ' ⋮') lines.push(' ⋮');
  });
  return `${lines.join('\n')}\n`;
}

/** All lines in order, marked by the longest common subsequence. */
function script(a: readonly string[], b: readonly string[]): string[] {
  const lengths = Array.from({ length: a.length + 1 }, () => new Int32Array(b.length + 1));
  const at = (i: number, j: number): number => lengths[i]?.[j] ?? 0;
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      const row = lengths[i];
      if (row) row[j] = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const out: string[] = [];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      out.push(`  ${a[i]}`);
      i++;
      j++;
    } else if (i < a.length && (j >= b.length || at(i + 1, j) >= at(i, j + 1))) out.push(`- ${a[i++]}`);
    else out.push(`+ ${b[j++]}`);
  }
  return out;
}
