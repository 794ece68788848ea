import { readFileSync } from 'node:fs';
import type { Command } from '@commander-js/extra-typings';
import { refuse } from '../src/diagnostics/index.js';
import { HELP } from './options.js';
import type { Outcome, Perform } from './outcome.js';

/** File descriptor of the standard input. */
const STDIN = 0;

export function addPatch(program: Command, perform: Perform): void {
  program
    .command('patch')
    .description('apply what bwc diff --json printed to the first of the two models')
    .argument('<model>', 'the model before')
    .argument('[diff]', 'a diff; standard input when left out')
    .requiredOption('-o, --output <out>', 'the model after')
    .option('--json', HELP.json)
    .action((model, diff, options) => perform(() => patchFile(model, diff, options.output)));
}

async function patchFile(path: string, diffPath: string | undefined, output: string): Promise<Outcome> {
  const [{ checkOutputs, checkWeights }, { modelHash, readModel, writeModel }, diff] = await Promise.all([
    import('./files.js'),
    import('../src/onnx/index.js'),
    import('../src/report/diff/index.js'),
  ]);
  checkOutputs(path, [output]);
  const { delta, before } = readDiff(diffPath, diff.diffSchema);
  const model = readModel(path);
  const found = modelHash(model);
  if (found !== before.sha256) refuse('BWC121', { path, recorded: before.sha256, found });
  try {
    diff.applyDelta(model, delta);
  } catch (error) {
    if (!(error instanceof diff.PatchError)) throw error;
    refuse('BWC120', { path: diffPath ?? 'standard input', reason: error.message }, undefined, error);
  }
  await checkWeights(model, path, [output]);
  const { diagnostics } = await writeModel(model, output);
  return { ok: true, text: () => `Patched to ${output}.\n`, json: { output }, diagnostics };
}

type DiffModule = typeof import('../src/report/diff/index.js');

function readDiff(
  path: string | undefined,
  schema: DiffModule['diffSchema'],
): {
  delta: NonNullable<ReturnType<DiffModule['diffSchema']['parse']>['delta']>;
  before: { sha256: string };
} {
  const name = path ?? 'standard input';
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(path ?? STDIN, 'utf8'));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return refuse('BWC120', { path: name, reason }, undefined, error);
  }
  const parsed = schema.safeParse(json);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return refuse('BWC120', {
      path: name,
      reason: `${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`,
    });
  }
  const { delta, before } = parsed.data;
  if (delta === undefined) return refuse('BWC120', { path: name, reason: 'it was made with --no-delta' });
  return { delta, before };
}
