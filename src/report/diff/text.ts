import type { Node } from '../../ir/index.js';
import { alike, moreText, withoutNumbers } from '../alike.js';
import { pairs, table } from '../table.js';
import { plural, printable, rangesText, type Screen, type Style, shorten } from '../text.js';
import type { Change, GraphDiff, NodeChange, WeightChange } from './compare.js';
import type { ModelDiff } from './diff.js';
import { type DiffFacts, nodeCounts, type ShownFacts, shownFacts } from './facts.js';
import { movesOf, type Place, placesOf } from './places.js';
import { nodeText, pathOf } from './render.js';
import type { RewriteFacts } from './rewrite.js';

/** Operators and changed fields that `--stat` lists, so that it stays within a screen. */
const ROWS = 10;

/** Values of metadata and the like are cut to this. */
const VALUE = 60;

/** Places and weights that are listed by name where many are alike. */
const NAMED = 4;

/** `bwc diff` for people: every change, in the manner of git diff. */
export function diffText(diff: ModelDiff, screen: Screen): string {
  const facts = shownFacts(diff);
  if (facts.equal) return `${noDifference(facts)}\n`;
  const { main } = diff;
  return [
    heads(diff, screen),
    modelLines(facts, screen),
    ...(facts.rewrite === null ? [] : [rewriteText(facts.rewrite, screen)]),
    ...portHunks(main, screen),
    ...movesOf(main).map(
      m =>
        `${hunk(`${m.from} → ${m.to}`, screen)}${paint(screen, 'cyan', '»', `${plural(m.nodes.length, 'node')} moved: ${some(m.nodes.map(n => operator(n)))}`)}`,
    ),
    ...placesOf(main).map(place => placeText(place, main, screen)),
    weightLines(main.weights, screen),
    ...diff.functions.map(f => functionText(f, screen)),
    notesText(facts, screen),
    `${summary(facts, screen)}\n`,
  ].join('');
}

/** `bwc diff --stat`: counts only, at most a screen. */
export function statText(diff: ModelDiff, screen: Screen): string {
  const facts = shownFacts(diff);
  if (facts.equal) return `${noDifference(facts)}\n`;
  const operators = facts.operators.slice(0, ROWS);
  const rest = facts.operators.slice(ROWS);
  const sum = (key: 'added' | 'removed' | 'changed'): number => rest.reduce((n, o) => n + o[key], 0);
  const rows = [
    ...operators,
    ...(rest.length === 0
      ? []
      : [
          {
            op: `${rest.length} more`,
            added: sum('added'),
            removed: sum('removed'),
            changed: sum('changed'),
          },
        ]),
  ].map(o => [
    printable(o.op),
    signed('+', o.added, 'green', screen),
    signed('-', o.removed, 'red', screen),
    signed('~', o.changed, 'yellow', screen),
  ]);
  const right = 'right' as const;
  const columns = [{ head: '' }, ...[0, 1, 2].map(() => ({ head: '', align: right }))];
  const moves = facts.moves.slice(0, NAMED).map(m => `  » ${plural(m.nodes, 'node')} ${m.from} → ${m.to}\n`);
  return [
    heads(diff, screen),
    modelLines({ ...facts, model: facts.model.slice(0, 4) }, screen),
    ...(facts.rewrite === null ? [] : [rewriteText(facts.rewrite, screen)]),
    ...(facts.rewrite === null ? [...moves, rows.length > 0 ? table(columns, rows, screen) : ''] : []),
    `${summary(facts, screen)}\n`,
  ].join('');
}

function noDifference({ notes }: ShownFacts): string {
  const more = [
    ...(notes.renamed > 0 ? [`${plural(notes.renamed, 'name')} changed`] : []),
    ...(notes.remarks > 0 ? [`${plural(notes.remarks, 'remark')} changed`] : []),
    ...(notes.defaults > 0
      ? [`${plural(notes.defaults, 'attribute')} at the default written or left out`]
      : []),
    ...(notes.stored > 0 ? [`${plural(notes.stored, 'weight')} stored elsewhere`] : []),
  ];
  return more.length === 0 ? 'No difference.' : `No difference but in words: ${more.join(', ')}.`;
}

function heads({ a, b }: ModelDiff, screen: Screen): string {
  const name = (path: string | undefined): string => printable(path ?? 'a model in memory');
  return `${screen.paint('bold', `--- ${name(a.path)}\n+++ ${name(b.path)}`)}\n`;
}

function summary({ nodes: n, weights: w, operators, places }: ShownFacts, screen: Screen): string {
  const counted = (c: DiffFacts['nodes'], what: string): string => {
    const parts = (['moved', 'added', 'changed', 'removed'] as const).map(k => `${thousands(c[k])} ${k}`);
    return `${what} ${thousands(c.before)} → ${thousands(c.after)}: ${thousands(c.kept)} kept, ${parts.join(', ')}`;
  };
  const folded = places.reduce((sum, p) => sum + p.alike.length, 0);
  const alike =
    folded === 0 || operators.length === 0
      ? ''
      : `; ${plural(places.length, 'place')} stand for ${places.length + folded}`;
  return screen.paint('bold', `${counted(n, 'Nodes')}${alike}.\n${counted(w, 'Weights')}.`);
}

function modelLines({ model }: ShownFacts, screen: Screen): string {
  return model.map(c => changeLines(c, screen)).join('');
}

function changeLines({ what, before, after }: Change, screen: Screen, indent = ''): string {
  const line = (mark: '-' | '+', value: string): string =>
    paint(
      screen,
      mark === '-' ? 'red' : 'green',
      mark,
      `${indent}${what}: ${shorten(printable(value), VALUE)}`,
    );
  return (before === null ? '' : line('-', before)) + (after === null ? '' : line('+', after));
}

function portHunks({ graphs }: GraphDiff, screen: Screen): string[] {
  const byPath = new Map<string, Change[]>();
  for (const { graph, change } of graphs) {
    const path = pathOf(graph);
    const list = byPath.get(path);
    if (list) list.push(change);
    else byPath.set(path, [change]);
  }
  return [...byPath].map(
    ([path, changes]) => hunk(path, screen) + changes.map(c => changeLines(c, screen)).join(''),
  );
}

function placeText(place: Place, diff: GraphDiff, screen: Screen): string {
  const lines: string[] = [];
  let graph = '';
  const first = place.nodes[0];
  for (const change of place.nodes) {
    const node = change.b ?? change.a;
    const path = node?.graph === undefined ? '' : pathOf(node.graph);
    if (path !== graph) {
      lines.push(hunk(path, screen));
      graph = path;
      if (change === first) lines.push(...neighbour(change, diff, -1, screen));
    }
    lines.push(nodeLines(change, screen));
  }
  const last = place.nodes.at(-1);
  if (last) lines.push(...neighbour(last, diff, 1, screen));
  if (place.alike.length > 0) {
    const where = place.alike.map(nodes => labelOf(nodes[0]?.b ?? nodes[0]?.a));
    lines.push(
      paint(
        screen,
        'dim',
        ' ',
        `${place.alike.length + 1} places changed alike: shown once; also at ${some(where)}`,
      ),
    );
  }
  return lines.join('');
}

/** The node before or after in the file, for context, where it is one that stayed. */
function neighbour(change: NodeChange, diff: GraphDiff, by: 1 | -1, screen: Screen): string[] {
  const [node, which] = change.b ? [change.b, 1 as const] : [change.a, 0 as const];
  const index = (which === 1 ? diff.b : diff.a).nodeIndex.get(node as Node) ?? -1;
  const next = (which === 1 ? diff.b : diff.a).nodes[index + by];
  if (next === undefined || next.graph !== node?.graph || diff.pairs.node(next, which) === undefined)
    return [];
  return [paint(screen, 'dim', ' ', cut(nodeText(next), screen))];
}

function nodeLines({ kind, a, b, changes, moved }: NodeChange, screen: Screen): string {
  const line = (style: Style, mark: string, node: Node): string =>
    paint(screen, style, mark, cut(nodeText(node), screen));
  if (kind === 'added' && b) return line('green', '+', b);
  if (kind === 'removed' && a) return line('red', '-', a);
  if (a === undefined || b === undefined) return '';
  const from = moved && a.graph ? paint(screen, 'cyan', '»', `moved from ${pathOf(a.graph)}`) : '';
  const what = changes.map(
    c => `${c.what}: ${printable(c.before ?? 'none')} → ${printable(c.after ?? 'none')}`,
  );
  return (
    from +
    line('red', '-', a) +
    line('green', '+', b) +
    paint(screen, 'yellow', '~', cut(`    ${what.join('; ')}`, screen))
  );
}

function weightLines(weights: readonly WeightChange[], screen: Screen): string {
  if (weights.length === 0) return '';
  const groups = new Map<string, WeightChange[]>();
  for (const w of weights) {
    const type = (v: WeightChange['a']): string => `${v?.initializer?.elem} ${v?.initializer?.dims.length}`;
    const key = `${w.kind} ${type(w.a)} ${type(w.b)}`;
    const group = groups.get(key);
    if (group) group.push(w);
    else groups.set(key, [w]);
  }
  const lines = [...groups.values()].map(group => {
    const first = group[0];
    if (first === undefined) return '';
    const [name, text] = [(w: WeightChange) => printable((w.b ?? w.a)?.name ?? ''), weightOf(first)];
    const { style, mark } = MARKS[first.kind];
    const more = group.length > 1 ? `, ${group.length} alike: ${some(group.map(name))}` : '';
    return paint(screen, style, mark, cut(`${name(first)} ${text}${more}`, screen));
  });
  return hunk('weights', screen) + lines.join('');
}

const MARKS = {
  added: { style: 'green', mark: '+' },
  removed: { style: 'red', mark: '-' },
  changed: { style: 'yellow', mark: '~' },
  moved: { style: 'cyan', mark: '»' },
} as const;

function weightOf({ kind, a, b, changes }: WeightChange): string {
  const type = (v: WeightChange['a']): string =>
    v?.initializer ? `${v.initializer.elem}[${v.initializer.dims.join(', ')}]` : '';
  const [change] = changes;
  if (kind === 'changed' && change) return printable(`${change.before} → ${change.after}`);
  return type(b ?? a);
}

function functionText(f: ModelDiff['functions'][number], screen: Screen): string {
  const { style, mark } = MARKS[f.kind];
  const lines = [hunk(`function ${printable(f.name)}`, screen)];
  if (f.body === undefined) lines.push(paint(screen, style, mark, `function ${f.kind}`));
  lines.push(...f.changes.map(c => changeLines(c, screen)));
  const { body } = f;
  if (body) {
    lines.push(...portHunks(body, screen));
    lines.push(...placesOf(body).map(place => placeText(place, body, screen)));
    lines.push(weightLines(body.weights, screen));
    const n = nodeCounts(body);
    lines.push(paint(screen, 'dim', ' ', `${n.added} added, ${n.changed} changed, ${n.removed} removed`));
  }
  return lines.join('');
}

type Pair = readonly [string, string];

/** One gate with its place; of several those that are alike, by the name of their region. */
function gateRows(gates: RewriteFacts['gates']): Pair[] {
  const [only, ...more] = gates;
  if (only !== undefined && more.length === 0) {
    const where = `around blocks ${rangesText(only.blocks)}: ${plural(only.nodes, 'node')} in ${only.path}`;
    return [['gate', printable(where)]];
  }
  return alike(gates, g => `${withoutNumbers(g.region)} ${g.nodes}`).map(({ first, count }): Pair => {
    const text = `around ${first.region}: ${plural(first.nodes, 'node')}${moreText(count)}`;
    return ['gate', printable(text)];
  });
}

function rewriteText(r: RewriteFacts, screen: Screen): string {
  const o = r.original;
  const verb = r.did === 'compiled' ? 'added' : 'taken out';
  const rows: Pair[] = [
    ...gateRows(r.gates),
    ...alike(r.state, s => s.type).map(({ first: s, count }): Pair => {
      const text =
        count === 1 ? `${s.input} ${s.type}: ${s.holds}` : `${s.input} ${s.type}${moreText(count)}`;
      return ['state', printable(text)];
    }),
    ['knobs', r.knobs.map(k => `${k.input}: ${k.fields.join(', ')}`).join('; ')],
    ['signals', r.signals.join(', ')],
    ['nodes', r.scopes.map(s => `${s.nodes} ${printable(s.scope)}`).join(', ')],
    [
      'original',
      `nodes ${thousands(o.nodes)}, moved ${thousands(o.moved)}, added ${thousands(o.added)}, ` +
        `changed ${thousands(o.changed)}, removed ${thousands(o.removed)}`,
    ],
  ];
  const title = `bwc ${r.did} it: ${r.method} for ${r.steps} steps; ${verb}:`;
  return `${screen.paint('bold', title)}\n${pairs(rows, screen)}`;
}

function notesText({ notes }: ShownFacts, screen: Screen): string {
  const texts = [
    ...(notes.renamed > 0 ? [`${plural(notes.renamed, 'name')} of what stayed differ`] : []),
    ...(notes.remarks > 0
      ? [`${plural(notes.remarks, 'remark')} differ (documentation, metadata, inner types)`]
      : []),
    ...(notes.rewired > 0
      ? [`${plural(notes.rewired, 'input')} read the same through an added gate or copy`]
      : []),
    ...(notes.defaults > 0
      ? [`${plural(notes.defaults, 'attribute')} at the default written or left out`]
      : []),
    ...(notes.stored > 0 ? [`${plural(notes.stored, 'weight')} of equal contents stored elsewhere`] : []),
    ...(notes.sampled > 0
      ? [`${plural(notes.sampled, 'weight')} above 16 MiB compared by samples; --all-bytes reads them whole`]
      : []),
    ...(notes.missing > 0
      ? [`${plural(notes.missing, 'external weight')} missing, compared by reference`]
      : []),
  ];
  return texts.map(text => paint(screen, 'dim', '#', text)).join('');
}

function hunk(path: string, screen: Screen): string {
  return `${screen.paint('cyan', `@@ ${path} @@`)}\n`;
}

function paint(screen: Screen, style: Style, mark: string, text: string): string {
  return `${screen.paint(style, `${mark} ${text}`.trimEnd())}\n`;
}

function cut(text: string, screen: Screen): string {
  return Number.isFinite(screen.width) ? shorten(text, Math.max(40, screen.width - 2)) : text;
}

function signed(sign: string, count: number, style: Style, screen: Screen): string {
  return count === 0 ? '' : screen.paint(style, `${sign}${thousands(count)}`);
}

function thousands(n: number): string {
  return n.toLocaleString('en-US');
}

function operator(change: NodeChange): string {
  return (change.b ?? change.a)?.opType ?? '';
}

/** The most frequent first, with their counts. */
function some(texts: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  const sorted = [...counts].sort((x, y) => y[1] - x[1]);
  const shown = sorted.slice(0, NAMED).map(([text, n]) => (n > 1 ? `${n} ${text}` : text));
  return shown.join(', ') + (sorted.length > NAMED ? `, … ${sorted.length - NAMED} more` : '');
}

function labelOf(node: Node | undefined): string {
  return printable(node?.name || node?.outputs[0]?.name || node?.opType || '');
}
