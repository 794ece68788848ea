import { mkdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeWithManifest } from '../cli/files.js';
import { processorClock } from '../cli/processor-time.js';
import { restModel } from '../cli/rest.js';
import { benchCompiled, compile, loadProfile, Refusal, readModel, writePicture } from '../src/index.js';
import {
  benchText,
  coloured,
  compileFacts,
  compileText,
  diagnosticText,
  plain,
  type Screen,
} from '../src/report/index.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const FIXTURE = join(ROOT, 'fixtures/tiny-video-dit');
const ORIGINAL = join(FIXTURE, 'tiny-video-dit.dynamo.onnx');
const COMPILED = join(ROOT, 'out/tiny-video-dit.bwcache.onnx');
const PICTURE = join(ROOT, 'out/tiny-video-dit.png');

/** Compiles the trained video DiT, runs both models together, and shows what that gave. */
async function demo(): Promise<void> {
  const { stdout } = process;
  const width = stdout.isTTY ? stdout.columns : Number.POSITIVE_INFINITY;
  const screen: Screen = { paint: stdout.isTTY && stdout.hasColors() ? coloured : plain, width };
  const say = (text: string): void => void stdout.write(text);
  const title = (text: string): void => say(`\n${screen.paint('cyan', screen.paint('bold', text))}\n`);

  title('1. Compile: a trained video diffusion transformer, as PyTorch exported it');
  const profile = loadProfile(join(FIXTURE, 'tiny-video-dit.profile.json'));
  const { steps } = profile.sampler;
  const start = performance.now();
  const model = readModel(ORIGINAL);
  const compiled = compile(model, { method: 'bwcache', steps });
  mkdirSync(join(ROOT, 'out'), { recursive: true });
  await writeWithManifest(model, COMPILED, `${JSON.stringify(compiled.manifest, null, 2)}\n`);
  const elapsedMs = performance.now() - start;
  const facts = compileFacts(compiled, { output: shown(COMPILED), dryRun: false, elapsedMs });
  say(compileText(facts, screen));

  title(`2. Run: ${steps} denoising steps with both models, in turns, ${profile.seeds.length} videos`);
  const rest = restModel(ORIGINAL, compiled.manifest);
  const bench = await benchCompiled(ORIGINAL, COMPILED, profile, {
    ...(rest !== undefined && { rest }),
    ...processorClock({}),
  });
  say(benchText(bench, screen));

  title('3. Look: frames of the first video, original above compiled');
  const [first] = bench.seeds;
  if (first !== undefined) {
    const display = profile.display === undefined ? {} : { display: profile.display };
    const picture = writePicture(PICTURE, first.original, first.compiled, display);
    say(`  ${shown(picture.path)}  (${picture.width} × ${picture.height} pixels)\n`);
  }

  title('Next');
  say(`  npm run -s bwc -- inspect ${shown(ORIGINAL)}\n`);
  say(`  npm run -s bwc -- verify ${shown(ORIGINAL)} ${shown(COMPILED)} --profile ${shown(profile.path)}\n`);
  say('  npm run -s bwc -- methods bwcache\n');
}

function shown(path: string): string {
  return relative(process.cwd(), path) || path;
}

try {
  await demo();
} catch (error) {
  if (!(error instanceof Refusal)) throw error;
  process.stderr.write(diagnosticText(error.diagnostic, plain));
  process.exitCode = 1;
}
