import { statSync } from 'node:fs';
import type { Command } from '@commander-js/extra-typings';
import { HELP, size } from './options.js';
import type { Outcome, Perform } from './outcome.js';

interface Options {
  readonly latent?: string | undefined;
  readonly timestep?: string | undefined;
  readonly prediction?: string | undefined;
  readonly guidance?: string | undefined;
  readonly size: ReadonlyMap<string, number>;
  readonly explain?: true | undefined;
}

export function addInspect(program: Command, perform: Perform): void {
  program
    .command('inspect')
    .description('show what bwc sees in a model: inputs, blocks, streams, cost')
    .argument('<model>', 'the exported model')
    .option('--latent <name>', HELP.latent)
    .option('--timestep <name>', HELP.timestep)
    .option('--prediction <name>', HELP.prediction)
    .option('--guidance <name>', HELP.guidance)
    .option(
      '--size <name=n>',
      'size of a symbolic dimension, to count operations; may be repeated',
      size,
      new Map<string, number>(),
    )
    .option('--explain', 'show how blocks were looked for, also where none were found')
    .option('--json', HELP.json)
    .action((model, options) =>
      perform(() => (options.explain ? explainFile(model) : inspectFile(model, options))),
    );
}

async function inspectFile(path: string, options: Options): Promise<Outcome> {
  const [{ readModel }, { inspectFacts }, { inspectText }] = await Promise.all([
    import('../src/onnx/index.js'),
    import('../src/report/inspect-facts.js'),
    import('../src/report/inspect.js'),
  ]);
  const model = readModel(path);
  const facts = inspectFacts(model, {
    path,
    bytes: statSync(path).size,
    latent: options.latent,
    timestep: options.timestep,
    prediction: options.prediction,
    guidance: options.guidance,
    sizes: options.size,
  });
  const { diagnostics, ...json } = facts;
  return { ok: true, text: screen => inspectText(facts, screen), json, diagnostics };
}

/** What the search for blocks saw; a model without blocks is explained, not refused. */
async function explainFile(path: string): Promise<Outcome> {
  const [{ readModel }, { prepare }, { explain }, { explainText }] = await Promise.all([
    import('../src/onnx/index.js'),
    import('../src/passes/index.js'),
    import('../src/blocks/index.js'),
    import('../src/report/explain.js'),
  ]);
  const model = readModel(path);
  prepare(model);
  const explanation = explain(model);
  return {
    ok: true,
    text: screen => explainText(explanation, screen),
    json: { ...explanation },
    diagnostics: [],
  };
}
