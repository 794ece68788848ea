import type { Command } from '@commander-js/extra-typings';
import { HELP } from './options.js';
import type { Outcome, Perform, Progress } from './outcome.js';

interface Options {
  readonly stat?: true | undefined;
  readonly exitCode?: true | undefined;
  readonly allBytes?: true | undefined;
  readonly delta: boolean;
  readonly html?: string | undefined;
}

export function addDiff(program: Command, perform: Perform): void {
  program
    .command('diff')
    .description('show how two models differ, whatever their nodes are called; any two ONNX models')
    .argument('<before>', 'a model')
    .argument('<after>', 'another model')
    .option('--stat', 'counts only')
    .option('--exit-code', 'exit with 1 when the models differ')
    .option('--all-bytes', 'read every byte of weights above 16 MiB, which are otherwise compared by samples')
    .option('--no-delta', 'with --json: leave out what bwc patch needs')
    .option('--html <file>', 'write a page that shows both models beside each other')
    .option('--json', HELP.json)
    .action((before, after, options) => perform(progress => diffFiles(before, after, options, progress)));
}

async function diffFiles(
  before: string,
  after: string,
  options: Options,
  progress: Progress,
): Promise<Outcome> {
  const [{ readModel }, { diffFacts, diffModels, diffText, isEmpty, statText }] = await Promise.all([
    import('../src/onnx/index.js'),
    import('../src/report/diff/index.js'),
  ]);
  if (options.html !== undefined) {
    const { reportFile } = await import('./report.js');
    await reportFile(before, after, { html: options.html, frame: [] }, progress);
  }
  progress('comparing …');
  const diff = diffModels(
    { model: readModel(before), path: before },
    { model: readModel(after), path: after },
    { allBytes: options.allBytes === true },
  );
  return {
    ok: options.exitCode !== true || isEmpty(diff),
    text: screen => (options.stat === true ? statText(diff, screen) : diffText(diff, screen)),
    get json() {
      return diffFacts(diff, options.delta);
    },
    diagnostics: [],
  };
}
