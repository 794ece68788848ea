import { type Command, Option } from '@commander-js/extra-typings';
import type { Weights } from '../src/onnx/index.js';
import { HELP, WEIGHTS_CHOICES } from './options.js';
import type { Outcome, Perform } from './outcome.js';

export function addStrip(program: Command, perform: Perform): void {
  program
    .command('strip')
    .description('take the caching out of a compiled model: gives the original back')
    .argument('<compiled>', 'a model that bwc compiled, or the manifest of two')
    .requiredOption('-o, --output <out>', 'the model without caching')
    .addOption(new Option('--weights <how>', HELP.weights).choices(WEIGHTS_CHOICES))
    .option('--json', HELP.json)
    .action((model, options) => perform(() => stripFile(model, options.output, options.weights)));
}

async function stripFile(path: string, output: string, weights: Weights | undefined): Promise<Outcome> {
  const { checkOutputs, checkWeights } = await import('./files.js');
  checkOutputs(path, [output]);
  const [{ strip }, { readModel, writeModel }, { allNodes }, { modelFiles }] = await Promise.all([
    import('../src/passes/strip.js'),
    import('../src/onnx/index.js'),
    import('../src/ir/index.js'),
    import('../src/runtime/manifest.js'),
  ]);
  // Of two models the one that computes.
  const [source] = await modelFiles(path);
  const model = readModel(source);
  await checkWeights(model, source, [output], { weights });
  const before = [...allNodes(model.graph)].length;
  strip(model);
  const nodes = [...allNodes(model.graph)].length;
  const written = await writeModel(model, output, { weights });
  return {
    ok: true,
    text: () => `Stripped to ${output}: ${nodes} nodes, ${before - nodes} removed.\n`,
    json: { output, nodes, removed: before - nodes },
    diagnostics: written.diagnostics,
  };
}
