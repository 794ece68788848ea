import type { Manifest } from '../plan/index.js';
import type { BlockFacts, InspectFacts, MethodEffect, PortFacts } from './inspect-facts.js';
import { type Column, pairs, table } from './table.js';
import {
  bytesText,
  flopsText,
  percent,
  plural,
  printable,
  rangesText,
  type Screen,
  shapeText,
} from './text.js';

/** `bwc inspect` for people. */
export function inspectText(facts: InspectFacts, screen: Screen): string {
  const heading = (text: string): string => `\n${screen.paint('bold', text)}\n`;
  const { model } = facts;
  return [
    `${screen.paint('bold', printable(model.path))}\n`,
    pairs(fileRows(facts), screen),
    heading('Inputs'),
    ports(facts.inputs, screen),
    heading('Outputs'),
    ports(facts.outputs, screen),
    heading(`Blocks: ${facts.groups.map(g => `${g.count} × ${g.kind}`).join(', ')}`),
    blocks(facts, screen),
    heading('Streams and branches'),
    wiring(facts, screen),
    heading('What a method would skip on a reused step, and keep between steps'),
    methods(facts, screen),
    facts.open.length === 0
      ? ''
      : `\n  Operations and bytes depend on ${openText(facts)}: give sizes with --size ${printable(facts.open[0] ?? '')}=N.\n`,
  ].join('');
}

function openText({ open }: InspectFacts): string {
  return open.map(printable).join(', ');
}

function fileRows(facts: InspectFacts): (readonly [string, string])[] {
  const { model, compiled } = facts;
  const external = model.externalData.length > 0 ? ` in ${model.externalData.map(printable).join(', ')}` : '';
  return [
    ['producer', printable(model.producer) || 'unknown'],
    ['opset', `${model.opset} (IR version ${model.irVersion})`],
    ['nodes', `${model.nodes}${model.functions > 0 ? ` and ${plural(model.functions, 'function')}` : ''}`],
    ['weights', `${plural(model.initializers, 'initializer')}, ${bytesText(model.weightBytes)}${external}`],
    ['file', bytesText(model.bytes)],
    [
      'one step',
      model.flops === null ? `depends on ${openText(facts)}` : `${flopsText(model.flops)} a sample`,
    ],
    ...(compiled === null ? [] : [['compiled', compiledText(compiled)] as const]),
  ];
}

function compiledText({ compiler, method, steps }: Manifest): string {
  return printable(`${compiler}, ${method} for ${steps} steps; what follows is the original inside it`);
}

function ports(list: readonly PortFacts[], screen: Screen): string {
  const columns: readonly Column[] = [
    { head: '', gives: 'middle' },
    { head: '' },
    { head: '', gives: 'middle' },
    { head: '', gives: 'lines' },
  ];
  const rows = list.map(p => [
    printable(p.name),
    p.type,
    p.shape === null ? 'any shape' : shapeText(p.shape),
    p.role === null ? '' : printable(`${p.role}: ${p.reason ?? ''}`),
  ]);
  return table(columns, rows, screen);
}

/** Blocks that differ in nothing that the table shows, the first one standing for all. */
function folded(blocks: readonly BlockFacts[]): BlockFacts[][] {
  const folds = new Map<string, BlockFacts[]>();
  for (const block of blocks) {
    const key = JSON.stringify([
      block.group,
      block.kind,
      block.flops,
      block.streams.map(s => s.out === null),
    ]);
    const fold = folds.get(key);
    if (fold) fold.push(block);
    else folds.set(key, [block]);
  }
  return [...folds.values()];
}

function blocks(facts: InspectFacts, screen: Screen): string {
  const total = facts.model.flops;
  const share = (flops: number | null): string =>
    percent(flops === null || total === null ? null : flops / total);
  const rows = folded(facts.blocks).flatMap(fold => {
    const [first, ...rest] = fold;
    if (first === undefined) return [];
    const nodes = fold.map(b => b.nodes);
    const [least, most] = [Math.min(...nodes), Math.max(...nodes)];
    const row = [
      `${first.index}`,
      first.kind,
      least === most ? `${least}` : `${least}-${most}`,
      flopsText(first.flops),
      share(first.flops),
      bytesText(first.weightBytes),
      first.activationBytes === null ? '?' : bytesText(first.activationBytes),
    ];
    return rest.length === 0
      ? [row]
      : [row, [`${rangesText(rest.map(b => b.index))}`, `as block ${first.index}`]];
  });
  const sum = facts.blocks.reduce<number | null>(
    (s, b) => (s === null || b.flops === null ? null : s + b.flops),
    0,
  );
  const nodes = facts.blocks.reduce((s, b) => s + b.nodes, 0);
  rows.push(['all', '', `${nodes}`, flopsText(sum), share(sum)]);
  const right = 'right' as const;
  return table(
    [
      { head: 'block' },
      { head: 'branches', gives: 'lines' },
      { head: 'nodes', align: right },
      { head: 'operations', align: right },
      { head: 'share', align: right },
      { head: 'weights', align: right },
      { head: 'activations', align: right },
    ],
    rows,
    screen,
  );
}

function wiring(facts: InspectFacts, screen: Screen): string {
  const rows = folded(facts.blocks).flatMap(([block]) => {
    if (block === undefined) return [];
    const lines = block.streams.map(s => ['', 'stream', printable(s.in), printable(s.out ?? 'ends here')]);
    for (const b of block.branches)
      lines.push(['', [b.kind, ...b.traits].join(', '), '', printable(b.output)]);
    const [head] = lines;
    if (head) head[0] = `${block.index}`;
    return lines;
  });
  return table(
    [
      { head: 'block' },
      { head: '', gives: 'lines' },
      { head: 'in', gives: 'middle' },
      { head: 'out', gives: 'middle' },
    ],
    rows,
    screen,
  );
}

function methods(facts: InspectFacts, screen: Screen): string {
  const rows = facts.methods.map(m =>
    m.refused === null
      ? [m.name, rangesText(m.blocks), flopsText(m.flops), percent(m.share), keepsText(m)]
      : [m.name, 'refused', '', '', `${m.refused.code}: ${printable(m.refused.message)}`],
  );
  const right = 'right' as const;
  return table(
    [
      { head: 'method' },
      { head: 'blocks' },
      { head: 'skips', align: right },
      { head: 'share', align: right },
      { head: 'keeps', gives: 'lines' },
    ],
    rows,
    screen,
  );
}

/** Bytes together, where sizes are known. */
function keepsText({ state, stateBytes }: MethodEffect): string {
  const tensors = plural(state.length, 'tensor');
  return stateBytes === null ? tensors : `${bytesText(stateBytes)} in ${tensors}`;
}
