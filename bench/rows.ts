import { table } from '../src/report/table.js';
import { plain, type Screen } from '../src/report/text.js';

/** One line of the table: what was measured, what it is compared with, and what is aimed at. */
export interface Row {
  readonly what: string;
  readonly ours: string;
  /** What stands beside it. */
  readonly reference: string;
  readonly ratio?: number;
  /** The largest ratio that is good enough; `least` is for ratios that should be large. */
  readonly most?: number;
  readonly least?: number;
  /** For absolute targets: whether it is met, and what it says. */
  readonly target?: { readonly text: string; readonly met: boolean };
}

/** A benchmark: prints nothing, returns its rows. */
export interface Benchmark {
  readonly name: string;
  readonly what: string;
  readonly run: (say: (text: string) => void) => Promise<readonly Row[]>;
}

export function skipped(what: string, reason: string): Row {
  return { what, ours: 'skipped', reference: reason };
}

export function compared(
  what: string,
  ours: string,
  reference: string,
  ratio: number,
  limit: { readonly most?: number; readonly least?: number } = {},
): Row {
  return { what, ours, reference, ratio, ...limit };
}

export function absolute(what: string, ours: string, text: string, met: boolean): Row {
  return { what, ours, reference: '', target: { text, met } };
}

export const seconds = (value: number): string =>
  value >= 1 ? `${value.toFixed(2)} s` : `${(value * 1000).toFixed(value < 0.01 ? 2 : 0)} ms`;

export const mib = (value: number | undefined): string =>
  value === undefined ? '–' : `${value.toFixed(0)} MiB`;

const SCREEN: Screen = { paint: plain, width: Number.POSITIVE_INFINITY };

export function tableOf(rows: readonly Row[]): string {
  const cells = rows.map(row => [
    row.what,
    row.ours,
    row.reference,
    row.ratio === undefined ? '' : row.ratio.toFixed(3),
    targetText(row),
    verdict(row),
  ]);
  return table(
    [
      { head: 'what' },
      { head: 'bwc', align: 'right' },
      { head: 'reference', align: 'right' },
      { head: 'ratio', align: 'right' },
      { head: 'target', align: 'right' },
      { head: '' },
    ],
    cells,
    SCREEN,
  );
}

function targetText({ most, least, target }: Row): string {
  if (target !== undefined) return target.text;
  if (most !== undefined) return `≤ ${most}`;
  return least === undefined ? '' : `≥ ${least}`;
}

function verdict({ ratio, most, least, target }: Row): string {
  if (target !== undefined) return target.met ? 'met' : 'missed';
  if (ratio === undefined || (most === undefined && least === undefined)) return '';
  return (most === undefined || ratio <= most) && (least === undefined || ratio >= least) ? 'met' : 'missed';
}
