import type { Diagnostic, Severity } from '../diagnostics/index.js';
import { type Paint, printable, type Style } from './text.js';

const STYLES: Readonly<Record<Severity, Style>> = { error: 'red', warning: 'yellow', note: 'cyan' };

/** A diagnostic for people: what, where, why, and what to do. */
export function diagnosticText(d: Diagnostic, paint: Paint): string {
  const lines = [
    `${paint(STYLES[d.severity], paint('bold', `${d.severity} ${d.code}`))}: ${paint('bold', printable(d.message))}`,
  ];
  if (d.at !== undefined) lines.push(`  ${paint('dim', ' at:')} ${printable(d.at)}`);
  lines.push(
    `  ${paint('dim', 'why:')} ${printable(d.why)}`,
    `  ${paint('dim', ' do:')} ${printable(d.hint)}`,
  );
  return `${lines.join('\n')}\n`;
}
