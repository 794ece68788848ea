import type { Command } from '@commander-js/extra-typings';
import { HELP, positiveInteger, seedList } from './options.js';
import type { Outcome, Perform, Progress } from './outcome.js';
import { processorClock } from './processor-time.js';

interface Options {
  readonly profile: string;
  readonly seeds?: readonly number[] | undefined;
  readonly rounds?: number | undefined;
  readonly threads?: number | undefined;
  readonly provider?: string | undefined;
  readonly picture?: string | undefined;
}

export function addBench(program: Command, perform: Perform): void {
  program
    .command('bench')
    .description('time a compiled model against its original, taking turns, and compare what they make')
    .argument('<original>', 'the model that was compiled')
    .argument('<compiled>', 'what bwc made of it')
    .requiredOption('--profile <file>', HELP.profile)
    .option('--seeds <n,n>', 'seeds to run (default: those of the profile)', seedList)
    .option('--rounds <n>', 'timed generations of each seed (default: 6)', positiveInteger)
    .option('--threads <n>', 'threads inside an operator (default: 1, for steady ratios)', positiveInteger)
    .option('--provider <name>', 'execution provider of ONNX Runtime, such as cuda (default: cpu)')
    .option(
      '--picture <png>',
      'write frames of the first seed: the original’s above, the compiled model’s below',
    )
    .option('--json', HELP.json)
    .action((original, compiled, options) =>
      perform(progress => benchFiles(original, compiled, options, progress)),
    );
}

async function benchFiles(
  original: string,
  compiled: string,
  options: Options,
  progress: Progress,
): Promise<Outcome> {
  const [
    { benchCompiled, loadProfile, manifestOf, writePicture },
    { benchFacts, benchText },
    { checkReadable },
    { restModel },
    { checkOutputs },
  ] = await Promise.all([
    import('../src/runtime/index.js'),
    import('../src/report/bench.js'),
    import('./readable.js'),
    import('./rest.js'),
    import('./files.js'),
  ]);
  const { picture } = options;
  if (picture !== undefined) for (const input of [original, compiled]) checkOutputs(input, [picture]);
  const profile = loadProfile(options.profile);
  await checkReadable([original, compiled]);
  const manifest = await manifestOf(compiled);
  const rest = manifest && restModel(original, manifest);
  progress('warming up …');
  const bench = await benchCompiled(original, compiled, profile, {
    ...(options.seeds !== undefined && { seeds: options.seeds }),
    ...(options.rounds !== undefined && { rounds: options.rounds }),
    ...(options.threads !== undefined && { threads: options.threads }),
    ...(options.provider !== undefined && { provider: options.provider }),
    ...(rest !== undefined && { rest }),
    ...processorClock(options),
    resident: () => process.memoryUsage.rss(),
    onRound: (done, all) => progress(`generation ${done} of ${all} …`),
  });
  const [first] = bench.seeds;
  if (picture !== undefined && first !== undefined) {
    const display = profile.display === undefined ? {} : { display: profile.display };
    writePicture(picture, first.original, first.compiled, display);
  }
  return {
    ok: true,
    text: screen => benchText(bench, screen),
    json: { ...benchFacts(bench), picture: picture ?? null },
    diagnostics: [],
  };
}
