import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Command, InvalidArgumentError } from '@commander-js/extra-typings';
import type { CiConfig, CiResult, ModelResult } from '../src/ci/index.js';
import { type Diagnostic, diagnostic, refuse } from '../src/diagnostics/index.js';
import { HELP } from './options.js';
import type { Outcome, Perform, Progress } from './outcome.js';

interface Shard {
  readonly index: number;
  readonly count: number;
}

interface Options {
  readonly output?: string | undefined;
  readonly shard?: Shard | undefined;
  readonly merge?: readonly string[] | undefined;
}

export function addCi(program: Command, perform: Perform): void {
  program
    .command('ci')
    .description('compile, verify and bench a list of models, and hold them against gates')
    .argument('<config>', 'the pipeline: JSON, or a module in TypeScript or JavaScript (docs/guides/ci.md)')
    .option(
      '-o, --output <folder>',
      'folder of results (default: what the pipeline says, or bwc-ci beside it)',
    )
    .option('--shard <i/n>', 'only every n-th model, from the i-th on', shard)
    .option('--merge <files...>', 'join the results of shards instead of running anything')
    .option('--json', HELP.json)
    .action((config, options) => perform(progress => runPipeline(config, options, progress)));
}

function shard(text: string): Shard {
  const [, index, count] = /^([1-9]\d*)\/([1-9]\d*)$/.exec(text) ?? [];
  if (index === undefined || Number(index) > Number(count))
    throw new InvalidArgumentError('It takes i/n, such as 1/3.');
  return { index: Number(index), count: Number(count) };
}

async function runPipeline(path: string, options: Options, progress: Progress): Promise<Outcome> {
  const { ciText, junitXml, mergeResults, summaryMarkdown } = await import('../src/ci/index.js');
  const read = await readPipeline(path);
  const config = { ...read, output: options.output ?? read.output };
  const result =
    options.merge === undefined
      ? await runModels(config, options.shard, progress)
      : mergeResults(config, options.merge);
  const { writeTexts } = await import('./files.js');
  const part = options.shard === undefined ? '' : `.${options.shard.index}-of-${options.shard.count}`;
  const file = (extension: string): string => join(config.output, `bwc-ci${part}.${extension}`);
  await writeTexts([
    [file('json'), `${JSON.stringify(result, null, 2)}\n`],
    [file('xml'), junitXml(result)],
    [file('md'), summaryMarkdown(result)],
  ]);
  return {
    ok: result.ok,
    text: screen => ciText(result, file('md'), screen),
    json: result,
    diagnostics: result.models.flatMap(failures),
  };
}

/** A pipeline in JSON, or what a module has as its default export. */
async function readPipeline(path: string): Promise<CiConfig> {
  const { loadCiConfig, parseCiConfig } = await import('../src/ci/index.js');
  if (!/\.[cm]?[jt]s$/.test(path)) return loadCiConfig(path);
  const { importFile } = await import('./import-file.js');
  let loaded: unknown;
  try {
    loaded = await importFile(path);
  } catch (cause) {
    const { reasonOf } = await import('../src/diagnostics/index.js');
    return refuse('BWC331', { path, reason: reasonOf(cause) }, undefined, cause);
  }
  const { default: pipeline } = loaded as { readonly default?: unknown };
  return parseCiConfig(pipeline, path);
}

async function runModels(config: CiConfig, part: Shard | undefined, progress: Progress): Promise<CiResult> {
  const [{ ciResult, shardOf }, { checkModel }, { COMPILER }] = await Promise.all([
    import('../src/ci/index.js'),
    import('./ci-model.js'),
    import('../src/passes/stamp.js'),
  ]);
  mkdirSync(config.output, { recursive: true });
  const models: ModelResult[] = [];
  for (const model of shardOf(config, part ?? { index: 1, count: 1 })) {
    models.push(await checkModel(config, model, progress));
  }
  return ciResult(COMPILER, models);
}

/** One diagnostic for each reason why a model fails. */
function failures({ name, refused, checks, gates }: ModelResult): Diagnostic[] {
  return [
    ...(refused === null ? [] : [{ ...refused, at: name }]),
    ...checks
      .filter(check => !check.ok)
      .map(check => diagnostic('BWC501', { check: check.name, detail: check.detail }, name)),
    ...gates
      .filter(gate => !gate.ok)
      .map(({ gate, limit, found }) => diagnostic('BWC341', { model: name, gate, limit, found }, name)),
  ];
}
