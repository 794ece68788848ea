import { basename } from 'node:path';
import { type Command, Option } from '@commander-js/extra-typings';
import { refuse } from '../src/diagnostics/index.js';
import { HELP } from './options.js';
import type { Outcome, Perform } from './outcome.js';

const LANGUAGES = ['ts', 'python', 'cpp'] as const;

interface Options {
  readonly lang: (typeof LANGUAGES)[number];
  readonly output: string;
  readonly runtime?: string | undefined;
}

export function addClient(program: Command, perform: Perform): void {
  program
    .command('client')
    .description('write a typed client for exactly this compiled model')
    .argument('<compiled>', 'a model that bwc compiled, or the manifest of two')
    .addOption(
      new Option('--lang <language>', 'language of the client').choices(LANGUAGES).makeOptionMandatory(),
    )
    .requiredOption('-o, --output <file>', 'the source file to write')
    .option(
      '--runtime <package>',
      'what a ts client imports (default: onnxruntime-node; onnxruntime-web and its forms work too)',
    )
    .option('--json', HELP.json)
    .action((compiled, options) => perform(() => writeClientFile(compiled, options)));
}

async function writeClientFile(path: string, { lang, output, runtime }: Options): Promise<Outcome> {
  const { checkOutputs, writeTexts } = await import('./files.js');
  checkOutputs(path, [output]);
  const [{ writeClient }, { readModel }, { manifestOf, modelFiles }] = await Promise.all([
    import('../src/clients/index.js'),
    import('../src/onnx/index.js'),
    import('../src/runtime/manifest.js'),
  ]);
  const manifest = await manifestOf(path);
  if (manifest === undefined) refuse('BWC207', {});
  const [model] = await modelFiles(path);
  const file = basename(manifest.split === undefined ? model : model.replace(/\.compute\.onnx$/, '.onnx'));
  const text = await writeClient(readModel(model), manifest, lang, { file, runtime });
  await writeTexts([[output, text]]);
  const lines = text.split('\n').length - 1;
  return {
    ok: true,
    text: () => `Client in ${output}: ${lines} lines.\n`,
    json: { output, language: lang, lines },
    diagnostics: [],
  };
}
