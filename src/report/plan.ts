import { type CompileFacts, compileText } from './compile.js';
import type { InspectFacts } from './inspect-facts.js';
import { percent, rangesText, type Screen } from './text.js';

/** Blocks that a line of the map holds. */
const LINE = 60;

/** `bwc plan` for people: a small map of the model, then what the rewrite would do. */
export function planText(facts: CompileFacts, inspected: InspectFacts, screen: Screen): string {
  return `${screen.paint('bold', 'Map')}\n${map(facts, inspected, screen)}\n${compileText(facts, screen)}`;
}

/** One character a block: `█` skipped on reuse, `░` always computed; what lies before and after them beside it. */
function map({ regions }: CompileFacts, { blocks, model }: InspectFacts, screen: Screen): string {
  const skipped = new Set(regions.flatMap(r => r.blocks));
  const cells = blocks.map(b => (skipped.has(b.index) ? screen.paint('green', '█') : '░'));
  const inBlocks = blocks.reduce((sum, b) => sum + b.nodes, 0);
  const lines: string[] = [];
  for (let i = 0; i < cells.length; i += LINE) lines.push(`  ${cells.slice(i, i + LINE).join('')}`);
  const total = model.flops;
  const share = (flops: number | null): string =>
    flops === null || total === null || total === 0 ? '' : `, ${percent(flops / total)} of a step`;
  const flops = regions.reduce<number | null>(
    (s, r) => (s === null || r.flops === null ? null : s + r.flops),
    0,
  );
  return [
    `  input › ${model.nodes - inBlocks} nodes around › ${blocks.length} blocks › output\n`,
    ...lines.map(line => `${line}\n`),
    `  █ skipped when reused: blocks ${rangesText([...skipped].sort((x, y) => x - y))}${share(flops)}\n`,
  ].join('');
}
