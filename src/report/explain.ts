import type { Explanation } from '../blocks/index.js';
import { pairs, table } from './table.js';
import { printable, type Screen } from './text.js';

/** `bwc inspect --explain` for people. */
export function explainText({ updates, units, nearest }: Explanation, screen: Screen): string {
  const kinds = Object.entries(updates).map(([kind, count]) => `${count} × ${kind}`);
  const rows = units.map((unit, i) => [
    `${i}`,
    unit.kind,
    printable(unit.out),
    unit.onLatent ? '' : 'not on the way of the latent',
  ]);
  const facts: [string, string][] = [
    [
      'residual updates',
      kinds.join(', ') ||
        'none: no addition has an ancestor of one operand as the other, with a weight between',
    ],
    ['nearest miss', printable(nearest ?? 'none')],
  ];
  const columns = [
    { head: 'unit' },
    { head: 'updates' },
    { head: 'ends at', gives: 'middle' as const },
    { head: '' },
  ];
  return [pairs(facts, screen), rows.length === 0 ? '' : `\n${table(columns, rows, screen)}`].join('');
}
