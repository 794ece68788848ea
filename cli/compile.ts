import { performance } from 'node:perf_hooks';
import { type Command, Option } from '@commander-js/extra-typings';
import { refuse } from '../src/diagnostics/index.js';
import type { Weights } from '../src/onnx/index.js';
import { methodOptions } from './method-options.js';
import { HELP, positiveInteger, setting, WEIGHTS_CHOICES } from './options.js';
import type { Outcome, Perform } from './outcome.js';

interface Options {
  readonly output?: string | undefined;
  readonly method?: string | undefined;
  readonly set: ReadonlyMap<string, string>;
  readonly steps?: number | undefined;
  readonly calibration?: string | undefined;
  readonly stateDefaults?: true | undefined;
  readonly latent?: string | undefined;
  readonly timestep?: string | undefined;
  readonly prediction?: string | undefined;
  readonly guidance?: string | undefined;
  readonly weights?: Weights | undefined;
  readonly checksum?: true | undefined;
  readonly emit?: 'onnx' | 'triton' | undefined;
  readonly dryRun?: true | undefined;
}

export function addCompile(program: Command, perform: Perform): void {
  program
    .command('compile')
    .description('put a caching method into a model; writes OUT and its manifest OUT.json')
    .argument('<model>', 'the exported model')
    .option('-o, --output <out>', 'the compiled model')
    .option('-m, --method <name>', HELP.method)

    .option('--set <key=value>', 'option of the method; may be repeated', setting, new Map<string, string>())
    .option('--steps <n>', 'denoising steps of a generation', positiveInteger)
    .option('--calibration <file>', HELP.calibration)
    .option('--state-defaults', 'give every added input a default, so that callers may leave them out')
    .option('--latent <name>', HELP.latent)
    .option('--timestep <name>', HELP.timestep)
    .option('--prediction <name>', HELP.prediction)
    .option('--guidance <name>', HELP.guidance)
    .addOption(new Option('--weights <how>', HELP.weights).choices(WEIGHTS_CHOICES))
    .option('--checksum', HELP.checksum)
    .addOption(
      new Option('--emit <form>', 'onnx: a model (the default); triton: OUT is a model repository').choices([
        'onnx',
        'triton',
      ] as const),
    )
    .option('--dry-run', 'print the plan and write nothing')
    .option('--json', HELP.json)
    .action((model, options) => perform(() => compileFile(model, options)));
}

async function compileFile(path: string, options: Options): Promise<Outcome> {
  const { output } = options;
  if (output === undefined && options.dryRun !== true)
    refuse('BWC304', { text: "required option '-o, --output <out>' not given" });
  const { checkOutputs, checkWeights, writeWithManifest } = await import('./files.js');
  const isModel = options.emit !== 'triton';
  const outputs = output === undefined || !isModel ? [] : [output, `${output}.json`];
  checkOutputs(path, outputs);
  const [{ compile }, { readModel }, { compileFacts, compileText }, { repositoryPaths, writeRepository }] =
    await Promise.all([
      import('../src/compile.js'),
      import('../src/onnx/index.js'),
      import('../src/report/compile.js'),
      import('./repository.js'),
    ]);
  const start = performance.now();
  const model = readModel(path);
  const notes = isModel ? await checkWeights(model, path, outputs, options) : [];
  const compiled = compile(model, { ...options, ...(await methodOptions(options)) });
  const written = options.dryRun === true ? undefined : output;
  if (written !== undefined && !isModel) {
    notes.push(...(await writeRepository(compiled, path, written, options)));
  } else if (written !== undefined) {
    const manifest = `${JSON.stringify(compiled.manifest, null, 2)}\n`;
    notes.push(...(await writeWithManifest(model, written, manifest, options.weights)).diagnostics);
  }
  const elapsedMs = performance.now() - start;
  const facts = compileFacts(compiled, {
    output: written === undefined || isModel ? (written ?? null) : repositoryPaths(path, written).model,
    dryRun: options.dryRun === true,
    elapsedMs,
  });
  const { diagnostics, ...json } = facts;
  const all = [...diagnostics, ...notes];
  return { ok: true, text: screen => compileText(facts, screen), json, diagnostics: all };
}
