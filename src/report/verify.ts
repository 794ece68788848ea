import { type Diagnostic, diagnostic } from '../diagnostics/index.js';
import type { Verification } from '../runtime/index.js';
import { type Column, table } from './table.js';
import { printable, type Screen } from './text.js';

/** A BWC501 for each check that failed. */
export function failures({ checks }: Verification): Diagnostic[] {
  return checks.filter(c => !c.ok).map(c => diagnostic('BWC501', { check: c.name, detail: c.detail }));
}

/** `bwc verify` for people. */
export function verifyText(result: Verification, screen: Screen): string {
  const { checks, steps } = result;
  const failed = checks.filter(c => !c.ok).length;
  const rows = checks.map(c => [
    c.ok ? screen.paint('green', 'ok') : screen.paint('red', 'FAILED'),
    c.name,
    printable(c.detail),
  ]);
  const verdict =
    failed > 0
      ? screen.paint('red', `${failed} of ${checks.length} checks failed.`)
      : screen.paint('green', `All ${checks.length} checks passed over ${steps} steps.`);
  const difference = result.bitEqual
    ? 'Computed steps equal the original bit for bit.'
    : `Largest difference ${result.maxAbs}.`;
  const columns: readonly Column[] = [{ head: '' }, { head: 'check' }, { head: 'found', gives: 'lines' }];
  return `${table(columns, rows, screen)}\n${verdict}\n${difference}\n`;
}
