import type { Command } from '@commander-js/extra-typings';
import { HELP } from './options.js';
import type { Outcome, Perform, Progress } from './outcome.js';

export function addVerify(program: Command, perform: Perform): void {
  program
    .command('verify')
    .description('prove that a compiled model does what its original does where nothing is reused')
    .argument('<original>', 'the model that was compiled')
    .argument('<compiled>', 'what bwc made of it')
    .requiredOption('--profile <file>', HELP.profile)
    .option('--json', HELP.json)
    .action((original, compiled, options) =>
      perform(progress => verifyFiles(original, compiled, options.profile, progress)),
    );
}

async function verifyFiles(
  original: string,
  compiled: string,
  profilePath: string,
  progress: Progress,
): Promise<Outcome> {
  const [{ loadProfile, verifyCompiled }, { failures, verifyText }, { checkReadable }] = await Promise.all([
    import('../src/runtime/index.js'),
    import('../src/report/verify.js'),
    import('./readable.js'),
  ]);
  const profile = loadProfile(profilePath);
  await checkReadable([original, compiled]);
  progress('running both models …');
  const result = await verifyCompiled(original, compiled, profile, {
    onCheck: check => progress(`${check.ok ? 'ok' : 'FAILED'}: ${check.name} …`),
  });
  const { diagnostics, ...fields } = result;
  const failed = failures(result);
  const maxAbs = Number.isFinite(result.maxAbs) ? result.maxAbs : null;
  return {
    ok: failed.length === 0,
    text: screen => verifyText(result, screen),
    json: { ...fields, maxAbs },
    diagnostics: [...failed, ...diagnostics],
  };
}
