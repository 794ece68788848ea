import { type Column, table } from '../report/table.js';
import { bytesText, decimal, percent, plural, printable, type Screen } from '../report/text.js';
import type { CiResult, ModelResult } from './result.js';

const COLUMNS: readonly Column[] = [
  { head: '' },
  { head: 'model', gives: 'middle' },
  { head: 'speed-up', align: 'right' },
  { head: 'of the bound', align: 'right' },
  { head: 'PSNR', align: 'right' },
  { head: 'state', align: 'right' },
  { head: 'checks', align: 'right' },
  { head: 'gates', align: 'right' },
];

/** `bwc ci` for people; what failed is told by the diagnostics. */
export function ciText(result: CiResult, summary: string, screen: Screen): string {
  const { models } = result;
  const failed = models.filter(model => !model.ok).length;
  const rows = models.map(model => [
    model.ok ? screen.paint('green', 'ok') : screen.paint('red', 'FAILED'),
    printable(model.name),
    model.bench === null ? '–' : `${decimal(model.bench.speedup, 2)} ×`,
    model.bench === null ? '–' : percent(model.bench.efficiency),
    psnr(model),
    model.stateBytes === null ? '–' : bytesText(model.stateBytes),
    passed(model.checks),
    passed(model.gates),
  ]);
  const verdict =
    failed === 0
      ? screen.paint('green', `${plural(models.length, 'model')} passed.`)
      : screen.paint('red', `${failed} of ${plural(models.length, 'model')} failed.`);
  return `${models.length === 0 ? '' : `${table(COLUMNS, rows, screen)}\n`}${verdict} Summary in ${summary}.\n`;
}

function psnr({ bench }: ModelResult): string {
  if (bench === null) return '–';
  return bench.psnr === null ? 'equal' : `${decimal(bench.psnr, 1)} dB`;
}

function passed(checks: readonly { readonly ok: boolean }[]): string {
  return checks.length === 0 ? '–' : `${checks.filter(check => check.ok).length}/${checks.length}`;
}
