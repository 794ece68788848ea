/**
 * Weights with which values at `nodes` make the polynomial through them at `at` (Lagrange): one node holds the value,
 * two draw a line, and so on.
 */
export function lagrange(nodes: readonly number[], at: number): number[] {
  return nodes.map((node, i) =>
    nodes.reduce((product, other, j) => (j === i ? product : (product * (at - other)) / (node - other)), 1),
  );
}

/** Solves a symmetric positive definite system by Cholesky's factors; undefined where it is singular. */
export function solve(
  matrix: readonly (readonly number[])[],
  target: readonly number[],
): number[] | undefined {
  const factor: number[][] = [];
  const middle: number[] = [];
  for (const [i, row] of matrix.entries()) {
    const known: number[] = [];
    for (let j = 0; j <= i; j++) {
      let rest = row[j] ?? 0;
      for (let k = 0; k < j; k++)
        rest -= (known[k] ?? 0) * (factor[j]?.[k] ?? (j === i ? (known[k] ?? 0) : 0));
      if (j < i) known.push(rest / (factor[j]?.[j] ?? 1));
      else if (rest > 0) known.push(Math.sqrt(rest));
      else return undefined;
    }
    factor.push(known);
    let rest = target[i] ?? 0;
    for (let k = 0; k < i; k++) rest -= (known[k] ?? 0) * (middle[k] ?? 0);
    middle.push(rest / (known[i] ?? 1));
  }
  const solution = [...middle];
  for (let i = matrix.length - 1; i >= 0; i--) {
    let rest = solution[i] ?? 0;
    for (let k = i + 1; k < matrix.length; k++) rest -= (factor[k]?.[i] ?? 0) * (solution[k] ?? 0);
    solution[i] = rest / (factor[i]?.[i] ?? 1);
  }
  return solution;
}
