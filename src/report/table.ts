import { stripVTControlCharacters } from 'node:util';
import Table from 'cli-table3';
import { type Screen, shorten, wrap } from './text.js';

export interface Column {
  readonly head: string;
  readonly align?: 'left' | 'right';
  /**
   * How it gives way when the table is wider than the screen: names lose their middle, prose goes on in the next
   * line, its words whole. Its cells must not be coloured.
   */
  readonly gives?: 'middle' | 'lines';
}

const GAP = 2;
const INDENT = 2;
const LEAST = 12;

const NO_BORDERS = Object.fromEntries(
  ['top', 'bottom', 'left', 'right', 'mid']
    .flatMap(side => [side, `${side}-mid`, `${side}-left`, `${side}-right`])
    .concat('left-mid', 'mid-mid', 'right-mid', 'middle')
    .map(name => [name, '']),
);

/** Columns that line up, without lines around them; as many rows as are given, each ending in a line break. */
export function table(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  screen: Screen,
): string {
  const widths = columns.map((column, i) =>
    Math.max(lengthOf(column.head), ...rows.map(r => lengthOf(r[i] ?? ''))),
  );
  const wide = INDENT + widths.reduce((sum, w) => sum + w + GAP, 0) - GAP;
  const giving = columns.flatMap((column, i) => (column.gives ? [i] : []));
  const least = columns.map(({ head, gives }, i) =>
    gives === 'lines'
      ? Math.max(head.length, ...rows.flatMap(r => (r[i] ?? '').split(/\s+/).map(word => word.length)))
      : LEAST,
  );
  for (let excess = wide - screen.width; excess > 0; excess--) {
    const [widest] = giving
      .filter(i => (widths[i] ?? 0) > (least[i] ?? 0))
      .sort((a, b) => (widths[b] ?? 0) - (widths[a] ?? 0));
    if (widest === undefined) break;
    widths[widest] = (widths[widest] ?? 0) - 1;
  }
  const hasHead = columns.some(column => column.head !== '');
  const drawn = new Table({
    ...(hasHead && { head: columns.map(column => screen.paint('dim', column.head)) }),
    chars: NO_BORDERS,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': GAP },
    colAligns: columns.map(column => column.align ?? 'left'),
    colWidths: widths.map(w => w + GAP),
  });
  for (const row of rows) {
    drawn.push(columns.map(({ gives }, i) => fitted(row[i] ?? '', widths[i] ?? 0, gives)));
  }
  const lines = drawn.toString().split('\n');
  return lines.map(line => `${(' '.repeat(INDENT) + line).trimEnd()}\n`).join('');
}

/** Names and what they are, in two columns without heads; long texts are broken into lines. */
export function pairs(rows: readonly (readonly [string, string])[], screen: Screen): string {
  const left = INDENT + Math.max(...rows.map(([name]) => name.length)) + GAP;
  const width = Math.max(LEAST, Math.min(screen.width, 120) - left);
  const cells = rows.map(([name, text]) => [screen.paint('dim', name), wrap(text, width).join('\n')]);
  return table([{ head: '' }, { head: '' }], cells, screen);
}

function fitted(text: string, width: number, gives: Column['gives']): string {
  if (gives === undefined || lengthOf(text) <= width) return text;
  return gives === 'middle' ? shorten(text, width) : wrap(text, width).join('\n');
}

function lengthOf(text: string): number {
  return Math.max(
    ...stripVTControlCharacters(text)
      .split('\n')
      .map(line => line.length),
  );
}
