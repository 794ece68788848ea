import { rm } from 'node:fs/promises';
import { performance } from 'node:perf_hooks';
import { type Command, InvalidArgumentError } from '@commander-js/extra-typings';
import { refuse } from '../src/diagnostics/index.js';
import type { Calibration } from '../src/methods/calibration.js';
import { HELP, positiveInteger } from './options.js';
import type { Outcome, Perform, Progress } from './outcome.js';

interface Shard {
  readonly index: number;
  readonly of: number;
}

interface Options {
  readonly output: string;
  readonly profile?: string | undefined;
  readonly samples?: number | undefined;
  readonly seed?: number | undefined;
  readonly steps?: number | undefined;
  readonly shard?: Shard | undefined;
  readonly threads?: number | undefined;
  readonly merge?: true | undefined;
  readonly refine?: readonly number[] | undefined;
  readonly tries?: number | undefined;
  readonly from?: string | undefined;
  readonly fits?: number | undefined;
}

/** Generations where nobody says. */
const SAMPLES = 16;

/** First seed where nobody says: far from those that profiles test with. */
const FIRST_SEED = 10_000;

/** Moves that are tried for each speed-up. */
const TRIES = 20;

export function addCalibrate(program: Command, perform: Perform): void {
  program
    .command('calibrate')
    .description('measure over real generations how a model changes from step to step')
    .argument('<files...>', 'the original model; with --merge the calibrations to put together')
    .requiredOption('-o, --output <file>', 'the calibration')
    .option('--profile <file>', HELP.profile)
    .option('--samples <n>', `generations to run (default: ${SAMPLES})`, positiveInteger)
    .option('--seed <first>', `seed of the first one (default: ${FIRST_SEED})`, positiveInteger)
    .option('--steps <n>', 'denoising steps, in the place of those of the profile', positiveInteger)
    .option('--shard <i/n>', 'run only every n-th generation, from the i-th on', shard)
    .option('--threads <n>', "threads inside an operator (default: ONNX Runtime's)", positiveInteger)
    .option(
      '--refine <n,n>',
      'also search schedules for these speed-ups, such as 2,3,4, by running them',
      speedups,
    )
    .option(
      '--tries <n>',
      `schedules that --refine runs for each speed-up (default: ${TRIES})`,
      positiveInteger,
    )
    .option(
      '--from <file>',
      'with --refine: a calibration that was made before, in the place of new generations',
    )
    .option(
      '--fits <n>',
      'also what block-caching fits scales and shifts to, over up to n steps (1 to 8): n + 2 numbers a channel and step',
      lags,
    )
    .option('--merge', 'put shards together: the same file as one run would have given')
    .option('--json', HELP.json)
    .action((files, options) => perform(progress => calibrateFiles(files, options, progress)));
}

function shard(text: string): Shard {
  const [index, of] = text.split('/').map(Number);
  if (!/^\d+\/\d+$/.test(text) || !index || !of || index > of)
    throw new InvalidArgumentError('It takes i/n, such as 1/4 to 4/4.');
  return { index, of };
}

function lags(text: string): number {
  if (!/^[1-8]$/.test(text)) throw new InvalidArgumentError('It takes a number of steps from 1 to 8.');
  return Number(text);
}

function speedups(text: string): number[] {
  const all = text.split(',').map(Number);
  if (!/^\d+(\.\d+)?(,\d+(\.\d+)?)*$/.test(text) || all.some(x => x <= 1))
    throw new InvalidArgumentError('It takes numbers above 1 with commas between them.');
  return all;
}

function calibrateFiles(files: readonly string[], options: Options, progress: Progress): Promise<Outcome> {
  return options.merge === true ? mergeFiles(files, options) : runModel(files, options, progress);
}

async function mergeFiles(files: readonly string[], options: Options): Promise<Outcome> {
  for (const name of [
    'profile',
    'samples',
    'seed',
    'steps',
    'shard',
    'threads',
    'refine',
    'tries',
    'from',
    'fits',
  ] as const)
    if (options[name] !== undefined) refuse('BWC304', { text: `--merge runs nothing: leave out --${name}` });
  const [{ calibrationText, merge, readCalibration, writeWhole }, { checkOutputs }] = await Promise.all([
    import('../src/calibrate/index.js'),
    import('./files.js'),
  ]);
  for (const file of files) checkOutputs(file, [options.output]);
  const merged = merge(files.map(path => ({ path, calibration: readCalibration(path) })));
  await writeWhole(options.output, calibrationText(merged));
  return outcome(merged, options.output, { parts: files.length });
}

async function runModel(files: readonly string[], options: Options, progress: Progress): Promise<Outcome> {
  const [path, ...more] = files;
  const { output, profile: profilePath, steps } = options;
  if (path === undefined || more.length > 0)
    return refuse('BWC304', {
      text: 'one model is calibrated at a time; --merge takes several calibrations',
    });
  if (profilePath === undefined)
    return refuse('BWC304', { text: "required option '--profile <file>' not given" });
  if (options.refine === undefined && (options.from ?? options.tries) !== undefined)
    return refuse('BWC304', { text: '--from and --tries need --refine' });
  if (options.from !== undefined && options.fits !== undefined)
    return refuse('BWC304', { text: '--fits measures in new generations, and --from runs none' });
  const seeds = seedsOf(options);
  const [
    { calibrate, calibrationText, readCalibration, refine, writeWhole },
    { loadProfile },
    { checkReadable },
    { checkOutputs },
  ] = await Promise.all([
    import('../src/calibrate/index.js'),
    import('../src/runtime/index.js'),
    import('./readable.js'),
    import('./files.js'),
  ]);
  const loaded = loadProfile(profilePath);
  const before = options.from === undefined ? undefined : readCalibration(options.from);
  const wanted = steps ?? before?.sampler.steps;
  const profile =
    wanted === undefined ? loaded : { ...loaded, sampler: { ...loaded.sampler, steps: wanted } };
  const partial = `${output}.partial`;
  for (const input of [path, profilePath]) checkOutputs(input, [output, partial]);
  await checkReadable([path]);
  progress('loading the model …');
  const start = performance.now();
  const threads = options.threads === undefined ? {} : { threads: options.threads };
  const { calibration, resumed } =
    before === undefined
      ? await calibrate(path, profile, {
          seeds,
          partial,
          ...threads,
          ...(options.fits !== undefined && { fits: options.fits }),
          onProgress: ({ sample, samples, step, steps: all, secondsLeft }) =>
            progress(`generation ${sample} of ${samples}, step ${step} of ${all}${leftText(secondsLeft)} …`),
        })
      : { calibration: before, resumed: before.samples.length };
  const refined =
    options.refine === undefined
      ? calibration
      : await refine(path, profile, calibration, {
          ...threads,
          speedups: options.refine,
          tries: options.tries ?? TRIES,
          onSearch: (step, of) => progress(`searching schedules, step ${step} of ${of} …`),
          onTry: (tried, psnr) => progress(`${tried} schedules run, ${psnr.toFixed(1)} dB …`),
        });
  await writeWhole(output, calibrationText(refined));
  await rm(partial, { force: true });
  return outcome(refined, output, { resumed, elapsedMs: performance.now() - start });
}

function seedsOf({ samples = SAMPLES, seed = FIRST_SEED, shard: part }: Options): readonly number[] {
  const { index, of } = part ?? { index: 1, of: 1 };
  const seeds = Array.from({ length: samples }, (_, k) => seed + k).filter((_, k) => k % of === index - 1);
  if (seeds.length === 0)
    refuse('BWC304', { text: `shard ${index}/${of} of ${samples} generations is empty` });
  return seeds;
}

function leftText(seconds: number | undefined): string {
  if (seconds === undefined) return '';
  if (seconds < 90) return `, ${Math.ceil(seconds)} s left`;
  return seconds < 5400 ? `, ${Math.ceil(seconds / 60)} min left` : `, ${(seconds / 3600).toFixed(1)} h left`;
}

async function outcome(calibration: Calibration, output: string, how: object): Promise<Outcome> {
  const { calibrationFacts, calibrationReport } = await import('../src/report/calibration.js');
  const facts = calibrationFacts(calibration);
  return {
    ok: true,
    text: screen => calibrationReport(facts, output, screen),
    json: { output, ...how, ...facts },
    diagnostics: [],
  };
}
