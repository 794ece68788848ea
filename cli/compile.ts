import { performance } from 'node:perf_hooks';
import { type Command, Option } from '@commander-js/extra-typings';
import { refuse } from '../src/diagnostics/index.js';
import type { Weights } from '../src/onnx/index.js';
import type { FormName } from './form.js';
import { methodOptions } from './method-options.js';
import { FORM_CHOICES, HELP, positiveInteger, setting, WEIGHTS_CHOICES } from './options.js';
import type { Outcome, Perform, Progress } from './outcome.js';

interface Options {
  readonly output?: string | undefined;
  readonly method?: string | undefined;
  readonly preset?: string | undefined;
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
  readonly emit?: FormName | undefined;
  readonly dryRun?: true | undefined;
}

export function addCompile(program: Command, perform: Perform): void {
  program
    .command('compile')
    .description('put a caching method into a model; writes OUT and its manifest OUT.json')
    .argument('<model>', 'the exported model')
    .option('-o, --output <out>', 'the compiled model')
    .option('-m, --method <name>', HELP.method)
    .option('--preset <model>', HELP.preset)
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
      new Option(
        '--emit <form>',
        'onnx: a model (the default); split: two models without If, OUT.compute.onnx and OUT.reuse.onnx; ' +
          'triton: OUT is a model repository',
      ).choices(FORM_CHOICES),
    )
    .option('--dry-run', 'print the plan and write nothing')
    .option('--json', HELP.json)
    .action((model, options) => perform(progress => compileFile(model, options, progress)));
}

async function compileFile(path: string, options: Options, progress: Progress): Promise<Outcome> {
  const { output } = options;
  if (output === undefined && options.dryRun !== true)
    refuse('BWC304', { text: "required option '-o, --output <out>' not given" });
  const { checkOutputs, checkWeights } = await import('./files.js');
  const [{ compile }, { readModel }, { compileFacts, compileText }, { formOf }] = await Promise.all([
    import('../src/compile.js'),
    import('../src/onnx/index.js'),
    import('../src/report/compile.js'),
    import('./form.js'),
  ]);
  const form = output === undefined ? undefined : formOf(options.emit ?? 'onnx', path, output);
  const outputs = form?.outputs ?? [];
  checkOutputs(path, outputs);
  const start = performance.now();
  progress('reading …');
  const model = readModel(path);
  const notes = options.emit === 'triton' ? [] : await checkWeights(model, path, outputs, options);
  progress('compiling …');
  const emit = options.emit === 'split' ? 'split' : 'onnx';
  const compiled = compile(model, { ...options, ...(await methodOptions(options)), emit });
  const dryRun = options.dryRun === true;
  if (!dryRun) progress('writing …');
  const written = dryRun ? undefined : await form?.write(compiled, options);
  notes.push(...(written?.diagnostics ?? []));
  const elapsedMs = performance.now() - start;
  const facts = compileFacts(compiled, {
    output: written?.output ?? null,
    split: written?.split,
    dryRun,
    elapsedMs,
  });
  const { diagnostics, ...json } = facts;
  const all = [...diagnostics, ...notes];
  return { ok: true, text: screen => compileText(facts, screen), json, diagnostics: all };
}
