import type { Node } from '../../ir/index.js';
import { alike, moreText, withoutNumbers } from '../alike.js';
import { pairs, table } from '../table.js';
import { plural, printable, rangesText, type Screen, type Style, shorten, wrap } from '../text.js';
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
    ...portHunks(main, screen, facts.rewrite !== null),
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

/** An input or output of the model itself. */
const PORT = /^(input|output) \d+$/;

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
    ...(facts.rewrite === null
      ? [
          changesText(facts.model, screen, NAMED),
          changesText(
            facts.graphs.map(g => g.change).filter(c => PORT.test(c.what)),
            screen,
            NAMED,
          ),
          ...moves,
          rows.length > 0 ? table(columns, rows, screen) : '',
          ...weightGroups(diff.main.weights)
            .filter(({ of }) => of === 'changed')
            .map(({ type, group }) =>
              paint(screen, 'yellow', ' ', `${plural(group.length, 'weight')} ${type}`),
            ),
        ]
      : [rewriteText(facts.rewrite, screen)]),
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
      : `; ${plural(places.length, 'place')} ${places.length === 1 ? 'stands' : 'stand'} for ${places.length + folded}`;
  const lines = [`${counted(n, 'Nodes')}${alike}.`, `${counted(w, 'Weights')}.`];
  return screen.paint('bold', lines.flatMap(line => wrap(line, screen.width)).join('\n'));
}

function modelLines({ model, rewrite }: ShownFacts, screen: Screen): string {
  return changesText(rewrite === null ? model : model.filter(c => !OURS.test(c.what)), screen);
}

/** What bwc adds to a model's metadata, inputs and outputs: its own words say it. */
const OURS = /^metadata bwc\./;
const OUR_PORT = /^bwc\./;

/** Changes, of metadata the first ones, at most `most` together. */
function changesText(changes: readonly Change[], screen: Screen, most = Number.POSITIVE_INFINITY): string {
  const ofMetadata = changes.filter(c => c.what.startsWith('metadata')).slice(NAMED);
  const shown = changes.filter(c => !ofMetadata.includes(c)).slice(0, most);
  const more = changes.length - shown.length;
  const rest =
    more === 0
      ? ''
      : paint(
          screen,
          'dim',
          ' ',
          `${more} more ${shown.length < most ? 'entries of metadata' : 'like these'}`,
        );
  return shown.map(c => changeLines(c, screen)).join('') + rest;
}

function changeLines({ what, before, after }: Change, screen: Screen, indent = ''): string {
  const line = (mark: '-' | '+', value: string): string =>
    paint(
      screen,
      mark === '-' ? 'red' : 'green',
      mark,
      cut(`${indent}${what}: ${shorten(printable(value), VALUE)}`, screen),
    );
  return (before === null ? '' : line('-', before)) + (after === null ? '' : line('+', after));
}

function portHunks({ graphs }: GraphDiff, screen: Screen, isOurs: boolean): string[] {
  const byPath = new Map<string, Change[]>();
  for (const { graph, change } of graphs) {
    if (isOurs && OUR_PORT.test(change.after ?? change.before ?? '')) continue;
    const path = pathOf(graph);
    const list = byPath.get(path);
    if (list) list.push(change);
    else byPath.set(path, [change]);
  }
  return [...byPath].map(([path, changes]) => hunk(path, screen) + changesText(changes, screen));
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
    const head = `${place.alike.length + 1} places changed alike: shown once; also at `;
    lines.push(paint(screen, 'dim', ' ', head + listed(where, roomOf(screen) - head.length)));
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
  return [paint(screen, 'dim', ' ', nodeText(next, roomOf(screen)))];
}

function nodeLines({ kind, a, b, changes, moved }: NodeChange, screen: Screen): string {
  const line = (style: Style, mark: string, node: Node): string =>
    paint(screen, style, mark, nodeText(node, roomOf(screen)));
  if (kind === 'added' && b) return line('green', '+', b);
  if (kind === 'removed' && a) return line('red', '-', a);
  if (a === undefined || b === undefined) return '';
  const what = [
    ...(moved && a.graph ? [`moved from ${pathOf(a.graph)}`] : []),
    ...changes.map(c => `${c.what}: ${printable(c.before ?? 'none')} → ${printable(c.after ?? 'none')}`),
  ];
  return (
    line('yellow', '~', b) +
    what.map(text => paint(screen, 'yellow', ' ', cut(`    ${text}`, screen))).join('')
  );
}

function weightLines(weights: readonly WeightChange[], screen: Screen): string {
  if (weights.length === 0) return '';
  const lines = weightGroups(weights).map(({ of, type, group }) => {
    const { style, mark } = MARKS[of];
    const names = group.map(w => printable((w.b ?? w.a)?.name ?? ''));
    const [only, ...more] = group;
    const head = more.length > 0 || only === undefined ? `${group.length} × ${type}: ` : '';
    const text =
      head === '' && only !== undefined
        ? `${names[0]} ${weightOf(only)}`
        : listed(names, roomOf(screen) - head.length);
    return paint(screen, style, mark, cut(head + text, screen));
  });
  return hunk('weights', screen) + lines.join('');
}

interface WeightGroup {
  readonly of: WeightChange['kind'];
  /** Their type, or how it changed. */
  readonly type: string;
  readonly group: readonly WeightChange[];
}

/** Weights that came, went or changed alike, the most first. */
function weightGroups(weights: readonly WeightChange[]): WeightGroup[] {
  const groups = new Map<string, { of: WeightChange['kind']; type: string; group: WeightChange[] }>();
  for (const w of weights) {
    const [before, after] = [w.a?.initializer?.elem, w.b?.initializer?.elem];
    const contents = w.kind === 'changed' ? ', other contents' : '';
    const type =
      w.kind === 'changed' && before !== after ? `${before} → ${after}` : `${after ?? before}${contents}`;
    const key = `${w.kind} ${type}`;
    const known = groups.get(key);
    if (known) known.group.push(w);
    else groups.set(key, { of: w.kind, type, group: [w] });
  }
  return [...groups.values()].sort((x, y) => y.group.length - x.group.length);
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
    lines.push(...portHunks(body, screen, false));
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
    ['decides', r.decides],
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

/** Columns behind a mark. */
function roomOf({ width }: Screen): number {
  return Math.max(40, width - 2);
}

function cut(text: string, screen: Screen): string {
  return Number.isFinite(screen.width) ? shorten(text, roomOf(screen)) : text;
}

/** As many names as there is room for, and how many there are beside them. */
function listed(names: readonly string[], room: number): string {
  const more = (count: number): string => (names.length > count ? `, … ${names.length - count} more` : '');
  const text = (count: number): string => names.slice(0, count).join(', ') + more(count);
  let count = Math.min(NAMED, names.length);
  while (count > 1 && text(count).length > room) count--;
  return count > 1 ? text(count) : shorten(names[0] ?? '', room - more(1).length) + more(1);
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
