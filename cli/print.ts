import { type Command, InvalidArgumentError } from '@commander-js/extra-typings';
import { refuse } from '../src/diagnostics/index.js';
import { HELP, positiveInteger } from './options.js';
import type { Outcome, Perform } from './outcome.js';

interface Options {
  readonly fold?: true | undefined;
  readonly blocks?: readonly number[] | undefined;
  readonly scope?: string | undefined;
  readonly types?: true | undefined;
  readonly elements?: number | undefined;
}

export function addPrint(program: Command, perform: Perform): void {
  program
    .command('print')
    .description('print a model as ONNX text: all of it, folded, or some of its blocks or scopes')
    .argument('<model>', 'any ONNX model')
    .option('--fold', 'show each kind of transformer block once')
    .option('--blocks <list>', 'only these blocks, such as 3 or 0-2,7', blockList)
    .option('--scope <text>', 'only nodes whose name, or an output’s, begins so')
    .option('--types', 'declared types of inner values, too')
    .option(
      '--elements <n>',
      'print tensors of up to n elements (default: 16), larger ones as a hash',
      positiveInteger,
    )
    .option('--json', HELP.json)
    .action((model, options) => perform(() => printFile(model, options)));
}

function blockList(text: string): readonly number[] {
  if (!/^\d+(-\d+)?(,\d+(-\d+)?)*$/.test(text))
    throw new InvalidArgumentError('It takes block numbers, such as 3 or 0-2,7.');
  return text.split(',').flatMap(part => {
    const [from = 0, to = from] = part.split('-').map(Number);
    return Array.from({ length: to - from + 1 }, (_, i) => from + i);
  });
}

async function printFile(path: string, options: Options): Promise<Outcome> {
  if ([options.fold, options.blocks, options.scope].filter(o => o !== undefined).length > 1)
    refuse('BWC304', { text: 'only one of --fold, --blocks and --scope can be given' });
  const [{ readModel }, { print, printGraph }, { blocksOf, foldBlocks, inScope, sectionOf }] =
    await Promise.all([
      import('../src/onnx/index.js'),
      import('../src/ir/index.js'),
      import('../src/report/fold.js'),
    ]);
  const model = readModel(path);
  const shown = {
    ...(options.elements !== undefined && { elideAbove: options.elements }),
    types: options.types === true,
  };
  const { blocks, scope } = options;
  let text: string;
  if (blocks !== undefined) {
    const all = blocksOf(model);
    const chosen = blocks.map(
      i => all[i] ?? refuse('BWC304', { text: `there are blocks 0 to ${all.length - 1}, none ${i}` }),
    );
    text = chosen.map(b => printGraph(sectionOf(`block_${b.index}`, b.nodes), shown)).join('\n');
  } else if (scope !== undefined) {
    const found = inScope(model, scope);
    if (found.length === 0) refuse('BWC304', { text: `no node's name begins with ${scope}` });
    text = found.map(({ graph, nodes }) => printGraph(sectionOf(graph.name, nodes), shown)).join('\n');
  } else {
    if (options.fold === true) foldBlocks(model);
    text = print(model, shown);
  }
  return { ok: true, text: () => text, json: { text }, diagnostics: [] };
}
