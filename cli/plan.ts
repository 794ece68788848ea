import { statSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import type { Command } from '@commander-js/extra-typings';
import { methodOptions } from './method-options.js';
import { HELP, positiveInteger, setting } from './options.js';
import type { Outcome, Perform } from './outcome.js';

interface Options {
  readonly method?: string | undefined;
  readonly preset?: string | undefined;
  readonly set: ReadonlyMap<string, string>;
  readonly steps?: number | undefined;
  readonly calibration?: string | undefined;
  readonly latent?: string | undefined;
  readonly timestep?: string | undefined;
  readonly prediction?: string | undefined;
  readonly guidance?: string | undefined;
}

export function addPlan(program: Command, perform: Perform): void {
  program
    .command('plan')
    .description('show what bwc compile would do to a model; writes nothing')
    .argument('<model>', 'the exported model')
    .option('-m, --method <name>', HELP.method)
    .option('--preset <model>', HELP.preset)
    .option('--set <key=value>', 'option of the method; may be repeated', setting, new Map<string, string>())
    .option('--steps <n>', 'denoising steps of a generation', positiveInteger)
    .option('--calibration <file>', HELP.calibration)
    .option('--latent <name>', HELP.latent)
    .option('--timestep <name>', HELP.timestep)
    .option('--prediction <name>', HELP.prediction)
    .option('--guidance <name>', HELP.guidance)
    .option('--json', HELP.json)
    .action((model, options) => perform(() => planFile(model, options)));
}

async function planFile(path: string, options: Options): Promise<Outcome> {
  const [{ compile }, { readModel }, { compileFacts }, { inspectFacts }, { planText }] = await Promise.all([
    import('../src/compile.js'),
    import('../src/onnx/index.js'),
    import('../src/report/compile.js'),
    import('../src/report/inspect-facts.js'),
    import('../src/report/plan.js'),
  ]);
  const start = performance.now();
  const { latent, timestep, prediction, guidance } = options;
  const roles = { latent, timestep, prediction, guidance };
  const inspected = inspectFacts(readModel(path), { path, bytes: statSync(path).size, ...roles });
  const compiled = compile(readModel(path), {
    ...options,
    ...(await methodOptions(options)),
  });
  const elapsedMs = performance.now() - start;
  const facts = compileFacts(compiled, { output: null, dryRun: true, elapsedMs });
  const { diagnostics, ...json } = facts;
  return { ok: true, text: screen => planText(facts, inspected, screen), json, diagnostics };
}
