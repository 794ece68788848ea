import { bytesText, decimal, percent, plural } from '../report/text.js';
import type { CiResult, ModelResult } from './result.js';

/** The result as Markdown, as a job's summary shows it: a table, what failed, what changed. */
export function summaryMarkdown(result: CiResult): string {
  const { models } = result;
  const failed = models.filter(model => !model.ok);
  const verdict =
    failed.length === 0
      ? `All checks and gates of ${plural(models.length, 'model')} passed.`
      : `**${failed.length} of ${models.length} models failed.**`;
  return [
    '## bwc ci',
    verdict,
    table(['model', '', 'method', 'speed-up', 'of the bound', 'PSNR', 'state', 'new nodes'], models.map(row)),
    ...failed.map(model =>
      `### ${text(model.name)} failed\n\n${reasons(model)
        .map(r => `- ${r}\n`)
        .join('')}`.trimEnd(),
    ),
    ...models.flatMap(changes),
    '',
  ]
    .join('\n\n')
    .replace(/\n+$/, '\n');
}

function row({ name, ok, method, bench, stateBytes, addedNodes }: ModelResult): string[] {
  return [
    text(name),
    ok ? 'passed' : '**failed**',
    text(method ?? '–'),
    bench === null ? '–' : `${decimal(bench.speedup, 2)} ×`,
    bench === null ? '–' : percent(bench.efficiency),
    bench === null ? '–' : bench.psnr === null ? 'equal' : `${decimal(bench.psnr, 1)} dB`,
    stateBytes === null ? '–' : bytesText(stateBytes),
    addedNodes === null ? '–' : String(addedNodes),
  ];
}

function reasons({ refused, checks, gates }: ModelResult): string[] {
  return [
    ...(refused === null ? [] : [`${refused.code}: ${text(refused.message)}`]),
    ...checks.filter(check => !check.ok).map(({ name, detail }) => `verify, ${text(name)}: ${text(detail)}`),
    ...gates
      .filter(gate => !gate.ok)
      .map(({ gate, found, limit }) => `\`${gate}\`: ${text(found)}, must be ${text(limit)}`),
  ];
}

function changes({ name, changes: list }: ModelResult): string[] {
  if (list === null) return [];
  const title = `${text(name)} since the last release`;
  if (list.length === 0) return [`${title}: the same manifest.`];
  const rows = list.map(({ what, before, after }) => [text(what), text(before), text(after)]);
  return [`<details><summary>${title}</summary>\n\n${table(['', 'before', 'after'], rows)}\n\n</details>`];
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), `|${head.map(() => '---|').join('')}`, ...rows.map(line)].join('\n');
}

/** A model's text where Markdown or HTML could begin. */
function text(raw: string): string {
  return raw.replaceAll(/[\\`*_[\]<>|&#]/g, '\\$&').replaceAll(/\s+/g, ' ');
}
