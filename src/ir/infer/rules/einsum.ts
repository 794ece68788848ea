import type { Dim, Shape } from '../../types.js';
import { broadcast, broadcastDim } from '../shapes.js';

/** The parts of an equation: one term for each operand and the output's (spec: `Einsum`). */
export interface Equation {
  readonly operands: readonly string[];
  readonly output: string;
}

/** Labels of the dimensions that `...` stands for are kept as that text. */
export function parseEquation(equation: string): Equation | undefined {
  const [left, right, ...more] = equation.replaceAll(' ', '').split('->');
  if (left === undefined || more.length > 0) return undefined;
  const operands = left.split(',');
  return { operands, output: right ?? implicitOutput(left) };
}

/** Labels that occur once, in alphabetical order, after the ellipsis. */
function implicitOutput(left: string): string {
  const letters = Array.from(left.replaceAll('...', '').replaceAll(',', ''));
  const once = letters.filter(letter => letters.indexOf(letter) === letters.lastIndexOf(letter)).sort();
  return (left.includes('...') ? '...' : '') + once.join('');
}

/** Size of every label, and the dimensions that the ellipsis stands for. */
export function labelSizes(
  operands: readonly string[],
  shapes: readonly (Shape | undefined)[],
): { readonly sizes: ReadonlyMap<string, Dim>; readonly ellipsis: Shape } | undefined {
  const sizes = new Map<string, Dim>();
  const ellipses: Shape[] = [];
  for (const [i, term] of operands.entries()) {
    const shape = shapes[i];
    if (shape === undefined) return undefined;
    const at = term.indexOf('...');
    const before = at < 0 ? term : term.slice(0, at);
    const after = at < 0 ? '' : term.slice(at + 3);
    const hidden = shape.length - before.length - after.length;
    if (hidden < 0 || (at < 0 && hidden > 0)) return undefined;
    if (at >= 0) ellipses.push(shape.slice(before.length, before.length + hidden));
    const put = (label: string, dim: Dim): void => {
      sizes.set(label, sizes.has(label) ? (broadcastDim(sizes.get(label), dim) ?? undefined) : dim);
    };
    Array.from(before).forEach((label, d) => {
      put(label, shape[d]);
    });
    Array.from(after).forEach((label, d) => {
      put(label, shape[before.length + hidden + d]);
    });
  }
  return { sizes, ellipsis: broadcast(ellipses) ?? [] };
}

export function einsumShape(equation: string, shapes: readonly (Shape | undefined)[]): Shape | undefined {
  const parsed = parseEquation(equation);
  const labels = parsed && labelSizes(parsed.operands, shapes);
  if (parsed === undefined || labels === undefined) return undefined;
  const parts = parsed.output.split('...');
  const dims = parts.map(part => Array.from(part, label => labels.sizes.get(label)));
  const [before = [], after] = dims;
  return after === undefined ? before : [...before, ...labels.ellipsis, ...after];
}
