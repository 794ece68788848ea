import type { Diagnostic } from '../../diagnostics/index.js';
import type { Model } from '../../ir/index.js';
import type { Manifest } from '../../plan/index.js';
import { tallied } from '../alike.js';
import { decidedBy } from '../decision.js';
import type { ModelDiff } from '../diff/diff.js';
import { nodeCounts } from '../diff/facts.js';
import { manifestIn } from '../diff/rewrite.js';
import { diffText, statText } from '../diff/text.js';
import type { InspectFacts } from '../inspect-facts.js';
import {
  bytesText,
  flopsText,
  percent,
  plain,
  plural,
  printable,
  rangesText,
  tensorBytes,
  tensorBytesText,
} from '../text.js';
import { type BenchShown, benchHtml, type Frame, gainText } from './bench.js';
import { picturesOf } from './data.js';
import { Drawing, escaped } from './draw.js';
import { SCRIPT, STYLE } from './style.js';

export interface Page {
  readonly title: string;
  readonly model: Model;
  readonly diff?: ModelDiff | undefined;
  /** Facts of the original, where bwc knows its blocks. */
  readonly inspected?: InspectFacts | undefined;
  readonly bench?: BenchShown | undefined;
  readonly frames?: readonly Frame[];
  readonly charts?: readonly ReportChart[];
  readonly diagnostics: readonly Diagnostic[];
}

/** A picture of numbers, under the heading of its section. */
export interface ReportChart {
  readonly section: string;
  readonly title: string;
  readonly svg: string;
}

/** Lines of the textual diff that the page shows. */
const LINES = 1500;

const SCREEN = { paint: plain, width: 160 };

/** One HTML file that needs nothing else: no script, style, font or picture from anywhere. */
export async function reportPage(page: Page): Promise<string> {
  const { title, model, diff, inspected, bench, diagnostics } = page;
  const manifest = (diff && manifestIn(diff.b.model)) ?? manifestIn(model);
  const pictures = picturesOf(model, diff?.main, await Drawing.create());
  const policy = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:";
  const sections = [
    summary(page, manifest),
    section('graph', 'Graph', graphHtml(pictures.before, pictures.after)),
    bench === undefined ? '' : section('bench', 'A run, step by step', benchHtml(bench, page.frames ?? [])),
    manifest === undefined ? '' : section('plan', 'Plan', planHtml(manifest)),
    inspected === undefined ? '' : section('costs', 'Costs', costsHtml(inspected, manifest)),
    diff === undefined ? '' : section('changes', 'Changes', changesHtml(diff)),
    ...chartSections(page.charts ?? []),
    diagnostics.length === 0 ? '' : section('diagnostics', 'Diagnostics', diagnosticsHtml(diagnostics)),
  ];
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${policy}"><title>${escaped(title)}</title><style>${STYLE}</style></head>
<body><a class="skip" href="#main">To the report</a><header><h1>${escaped(title)}</h1><button id="theme" type="button">Light or dark</button></header>
<main id="main">${sections.join('\n')}</main>
<script type="application/json" id="data">${json(pictures.data)}</script><script>${SCRIPT}</script></body></html>
`;
}

/** A section for each heading, with its pictures in order. */
function chartSections(charts: readonly ReportChart[]): string[] {
  return [...new Set(charts.map(c => c.section))].map((name, i) => {
    const figures = charts
      .filter(c => c.section === name)
      .map(({ title, svg }) => {
        const label = escaped(title);
        return `<figure class="chart"><figcaption>${label}</figcaption><div class="scroll" tabindex="0" role="region" aria-label="${label}">${svg}</div></figure>`;
      });
    return section(`chart-${i}`, escaped(name), figures.join(''));
  });
}

/** JSON that cannot end the element it stands in. */
function json(data: unknown): string {
  return JSON.stringify(data).replaceAll('<', '\\u003c');
}

function section(id: string, title: string, body: string): string {
  return `<section aria-labelledby="${id}"><h2 id="${id}">${title}</h2>${body}</section>`;
}

/** What a person wants to know first: what is skipped, what decides, what it costs, what it keeps. */
function summary({ diff, inspected, model, bench }: Page, manifest: Manifest | undefined): string {
  const cards: [string, string][] = [];
  if (manifest !== undefined) {
    const flops = manifest.regions.reduce<number | null>(
      (s, r) => (s === null || r.flops === null ? null : s + r.flops),
      0,
    );
    const share =
      flops === null || manifest.cost.flops === null
        ? ''
        : `, ${percent(flops / manifest.cost.flops)} of a step’s operations`;
    const blocks = [...new Set(manifest.regions.flatMap(r => r.blocks))];
    cards.push(
      ['What is skipped', `Blocks ${rangesText(blocks)}${share}, on steps that are reused.`],
      ['What decides', `Method ${escaped(manifest.method)}: ${decidedBy(manifest)}.`],
      [
        'What it costs',
        `${manifest.cost.addedNodes} added nodes; device-to-host copies a step on CUDA: ${manifest.cost.deviceToHost}.${bench === undefined ? '' : ` ${stepText(bench)}`}`,
      ],
      ['What it keeps', `${escaped(keptText(manifest.state))} between steps.`],
    );
    if (bench !== undefined) cards.push(['What it gains', gainText(bench)]);
  }
  if (diff !== undefined) {
    const nodes = nodeCounts(diff.main);
    const words = `${nodes.kept} kept, ${nodes.moved} moved, ${nodes.added} added, ${nodes.changed} changed, ${nodes.removed} removed`;
    cards.push(['What changed', `Nodes ${nodes.before} → ${nodes.after}: ${words}.`]);
  } else if (manifest === undefined) {
    const blocks = inspected?.blocks.length;
    cards.push([
      'The model',
      `${model.graph.nodes.length} nodes${blocks === undefined ? '' : `, ${blocks} blocks`}, opset ${model.opset}.`,
    ]);
    for (const m of inspected?.methods ?? [])
      if (m.refused === null)
        cards.push([
          `With ${m.name}`,
          `a reused step skips blocks ${rangesText(m.blocks)}: ${flopsText(m.flops)}, ${percent(m.share)}.`,
        ]);
  }
  const items = cards.map(([name, text]) => `<li><b>${escaped(name)}</b> ${text}</li>`);
  return section('summary', 'In short', `<ul class="cards">${items.join('')}</ul>`);
}

function stepText({ computeOverhead, perStep: { original, reused } }: BenchShown): string {
  const computed = computeOverhead === null ? [] : [`a computed step took ${percent(computeOverhead)}`];
  const other = reused === null ? [] : [`a reused one ${percent(reused / original)}`];
  return `Measured: ${[...computed, ...other].join(', ')} of the original’s time.`;
}

/** The bytes of all state tensors together; with one open dimension as a multiple of it. */
function keptText(state: Manifest['state']): string {
  const tensors = plural(state.length, 'tensor');
  const sizes = state.map(({ type, shape, bytes }) =>
    bytes === null ? tensorBytes(type, shape) : { bytes, open: [] },
  );
  const open = new Set(sizes.map(s => s.open.join(' × ')).filter(text => text !== ''));
  const [only = '', ...more] = open;
  if (more.length > 0) return `${tallied(state.map(stateBytes)).join(' + ')}, in ${tensors},`;
  const sum = bytesText(
    sizes.filter(s => s.open.length > 0 || open.size === 0).reduce((all, s) => all + s.bytes, 0),
  );
  const fixed = sizes.filter(s => s.open.length === 0 && open.size > 0).reduce((all, s) => all + s.bytes, 0);
  return `${sum}${only === '' ? '' : ` × ${printable(only)}`}${fixed === 0 ? '' : ` + ${bytesText(fixed)}`} in ${tensors}`;
}

function stateBytes({ type, shape, bytes }: Manifest['state'][number]): string {
  return bytes === null ? tensorBytesText(type, shape) : bytesText(bytes);
}

function graphHtml(before: string, after: string | null): string {
  const legend = (['same', 'moved', 'changed', 'added', 'removed'] as const).map(
    s => `<li><i class="${s}"></i>${s}</li>`,
  );
  const pane = (name: string, svg: string): string =>
    `<section aria-label="${name}"><h3>${name}</h3><div class="scroll graph" tabindex="0" role="region" aria-label="${name}, drawing">${svg}</div></section>`;
  return `<p>Each box holds nodes that belong together; frames are branches. Choose a box to unfold it; Escape folds it again.</p>
${after === null ? '' : `<ul class="legend">${legend.join('')}</ul>`}
<div class="sides"${after === null ? '' : ` style="--before:${widthOf(before)}fr;--after:${widthOf(after)}fr"`}>${pane(after === null ? 'Model' : 'Before', before)}${after === null ? '' : pane('After', after)}</div>
<section id="detail" hidden aria-labelledby="detail-title"><h3 id="detail-title" tabindex="-1">Nodes</h3><p id="detail-path" class="dim"></p><p id="detail-note"></p>
<div id="drawing" class="scroll graph" tabindex="0" role="region" aria-label="Unfolded drawing"></div><ul id="detail-nodes" class="nodes"></ul></section>
<div class="search"><h3 id="find">Find nodes</h3><input id="search" type="search" aria-labelledby="find" placeholder="name, operator or value"><p id="count" role="status" class="dim"></p><ul id="results" class="nodes"></ul></div>`;
}

/** A drawing's share of the page, at least a quarter of the usual. */
function widthOf(svg: string): number {
  return Math.max(150, Math.min(600, Number(/width="([\d.]+)"/.exec(svg)?.[1] ?? 0)));
}

function table(head: readonly string[], rows: readonly (readonly string[])[], label: string): string {
  const cells = (row: readonly string[]): string => row.map(c => `<td>${c}</td>`).join('');
  return `<div class="scroll" tabindex="0" role="region" aria-label="${label}"><table><thead><tr>${head.map(h => `<th scope="col">${h}</th>`).join('')}</tr></thead><tbody>${rows.map(r => `<tr>${cells(r)}</tr>`).join('')}</tbody></table></div>`;
}

function planHtml(m: Manifest): string {
  const options = Object.entries(m.options).map(([k, v]) => `${k}=${JSON.stringify(v)}`);
  const code = (text: string): string => `<code>${escaped(text)}</code>`;
  return `<p>${escaped(m.compiler)}, method ${escaped(m.method)}, ${m.steps} steps; ${escaped(options.join(', '))}.</p>
<h3>State: outputs of a step are inputs of the next</h3>${table(
    ['input', 'output', 'type', 'bytes', 'holds'],
    m.state.map(s => [
      code(s.input),
      code(s.output),
      escaped(`${s.type} [${s.shape.join(', ')}]`),
      escaped(stateBytes(s)),
      escaped(s.holds),
    ]),
    'State',
  )}
<h3>Knobs: zeros mean as compiled</h3>${table(
    ['input', 'field', 'meaning'],
    m.knobs.flatMap(k => k.fields.map(f => [code(k.input), escaped(f.name), escaped(f.doc)])),
    'Knobs',
  )}
<h3>Signals</h3>${table(
    ['output', 'meaning'],
    m.signals.map(s => [code(s.output), escaped(s.doc)]),
    'Signals',
  )}`;
}

/** Operations as bars, blocks alike in a row; those that a reused step skips in another colour. */
function costsHtml({ blocks, model }: InspectFacts, manifest: Manifest | undefined): string {
  const skipped = new Set(manifest?.regions.flatMap(r => r.blocks) ?? []);
  const groups = new Map<string, (typeof blocks)[number][]>();
  for (const block of blocks) {
    const key = `${block.kind} ${block.flops} ${skipped.has(block.index)}`;
    const group = groups.get(key);
    if (group) group.push(block);
    else groups.set(key, [block]);
  }
  const inBlocks = sumOf(blocks.map(b => b.flops));
  const around = inBlocks === null || model.flops === null ? null : model.flops - inBlocks;
  const row = (
    name: string,
    what: string,
    nodes: number,
    flops: number | null,
    onReuse: 'skipped' | 'always',
  ): string[] => {
    const share = flops === null || model.flops === null ? null : flops / model.flops;
    const bar =
      share === null ? '' : `<span class="bar ${onReuse}" style="width:${(100 * share).toFixed(1)}%"></span>`;
    return [name, what, `${nodes}`, flopsText(flops), percent(share), bar, onReuse];
  };
  const rows = [...groups.values()].map(group => {
    const [first] = group;
    return row(
      rangesText(group.map(b => b.index)),
      `${group.length} × ${escaped(first?.kind ?? '')}`,
      group.reduce((sum, b) => sum + b.nodes, 0),
      sumOf(group.map(b => b.flops)),
      first !== undefined && skipped.has(first.index) ? 'skipped' : 'always',
    );
  });
  const rest = model.nodes - blocks.reduce((sum, b) => sum + b.nodes, 0);
  rows.push(row('', 'around the blocks', rest, around, 'always'));
  const needs =
    model.flops === null ? 'depends on sizes that are open' : `takes ${flopsText(model.flops)} a sample`;
  return `<p>One step ${needs}; weights ${bytesText(model.weightBytes)}.</p>${table(
    ['blocks', 'what', 'nodes', 'operations', 'share', 'as a bar', 'on reuse'],
    rows,
    'Costs by block',
  )}`;
}

function sumOf(numbers: readonly (number | null)[]): number | null {
  return numbers.reduce<number | null>((sum, x) => (sum === null || x === null ? null : sum + x), 0);
}

function changesHtml(diff: ModelDiff): string {
  const lines = diffText(diff, SCREEN).split('\n');
  const text = lines.slice(0, LINES).join('\n');
  const more = lines.length > LINES ? `\n… ${lines.length - LINES} more lines: bwc diff shows them` : '';
  const pre = (content: string, label: string): string =>
    `<div class="scroll graph" tabindex="0" role="region" aria-label="${label}"><pre>${content.split('\n').map(lineHtml).join('\n')}</pre></div>`;
  return `${pre(statText(diff, SCREEN), 'Summary of changes')}<details><summary>Every change</summary>${pre(text + more, 'Every change')}</details>`;
}

const MARKS: Readonly<Record<string, string>> = {
  '+': 'added',
  '-': 'removed',
  '~': 'changed',
  '»': 'moved',
  '@': 'moved',
};

/** A line of a textual diff in the colour of its mark. */
function lineHtml(line: string): string {
  const status = MARKS[line[0] ?? ''];
  return status === undefined ? escaped(line) : `<span class="${status}">${escaped(line)}</span>`;
}

function diagnosticsHtml(diagnostics: readonly Diagnostic[]): string {
  return diagnostics
    .map(
      d =>
        `<div class="diag"><strong>${d.code} ${d.severity}</strong>: ${escaped(d.message)}<br><span class="dim">${escaped(d.why)} ${escaped(d.hint)}</span></div>`,
    )
    .join('');
}
