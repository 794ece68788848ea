import type { Command } from '@commander-js/extra-typings';
import { HELP } from './options.js';
import type { Outcome, Perform } from './outcome.js';

export function addStrip(program: Command, perform: Perform): void {
  program
    .command('strip')
    .description('take the caching out of a compiled model: gives the original back')
    .argument('<compiled>', 'a model that bwc compiled')
    .requiredOption('-o, --output <out>', 'the model without caching')
    .option('--json', HELP.json)
    .action((model, options) => perform(() => stripFile(model, options.output)));
}

async function stripFile(path: string, output: string): Promise<Outcome> {
  const { checkOutputs, checkWeights } = await import('./files.js');
  checkOutputs(path, [output]);
  const [{ strip }, { readModel, writeModel }, { allNodes }] = await Promise.all([
    import('../src/passes/strip.js'),
    import('../src/onnx/index.js'),
    import('../src/ir/index.js'),
  ]);
  const model = readModel(path);
  checkWeights(model, path, [output]);
  const before = [...allNodes(model.graph)].length;
  strip(model);
  const nodes = [...allNodes(model.graph)].length;
  await writeModel(model, output);
  return {
    ok: true,
    text: () => `Stripped to ${output}: ${nodes} nodes, ${before - nodes} removed.\n`,
    json: { output, nodes, removed: before - nodes },
    diagnostics: [],
  };
}
