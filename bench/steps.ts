import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compile } from '../src/compile.js';
import { readModel, writeModel } from '../src/onnx/index.js';
import { keepRest } from '../src/passes/index.js';
import { buildDit, writeWeights } from './dit.js';
import { interleaved, median, runProcess } from './measure.js';
import { type Benchmark, compared, mib, type Row, seconds } from './rows.js';
import { canRun, type Loaded, ratioOf, type Steps, timeSteps } from './sessions.js';

const DEPTHS = [4, 12, 24, 48];
const ROUNDS = 5;
/** Wide enough that a block takes milliseconds: smaller ones measure what a node costs, whatever it does. */
const SIZE = { width: 384, heads: 6, tokens: 256, channels: 16 };
const LOAD = fileURLToPath(new URL('load.js', import.meta.url));

/** Once measured, a step is reused for as long as the run lasts. */
const OPTIONS = { steps: 100_000, set: { threshold: 1e6, interval: 99_999, tail: 0 } };

/** Compiled against original in ONNX Runtime: loading, computed steps, reused steps, the indicator. */
export function steps(folder: string): Benchmark {
  return {
    name: 'steps',
    what: 'compiled against original in ONNX Runtime',
    run: async say => {
      const missing = await canRun();
      if (missing !== undefined)
        return [{ what: 'compiled in ONNX Runtime', ours: 'skipped', reference: missing }];
      const rows: Row[] = [];
      for (const blocks of DEPTHS) {
        say(`${blocks} blocks`);
        rows.push(...(await depth(folder, blocks)));
      }
      return rows;
    },
  };
}

async function depth(folder: string, blocks: number): Promise<Row[]> {
  const at = (name: string): string => join(folder, `steps.${name}.onnx`);
  const [original, compiled, narrow, rest] = [at('original'), at('compiled'), at('narrow'), at('rest')];
  const dit = buildDit({ ...SIZE, blocks }, 'steps.data');
  writeWeights(join(folder, 'steps.data'), dit);
  await writeModel(dit.model, original);
  const { model, manifest } = compile(readModel(original), OPTIONS);
  await writeModel(model, compiled);
  const one = compile(readModel(original), { ...OPTIONS, set: { ...OPTIONS.set, samples: 1 } });
  await writeModel(one.model, narrow);
  const around = readModel(original);
  keepRest(around, manifest);
  await writeModel(around, rest);

  const load = (path: string) => (): Loaded => JSON.parse(runProcess([process.execPath, LOAD, path]).out);
  const [first = [], second = []] = await interleaved(ROUNDS, [load(original), load(compiled)]);
  const of = (runs: readonly Loaded[], key: keyof Loaded): number => median(runs.map(run => run[key]));
  const ratio = (key: keyof Loaded): number => of(second, key) / of(first, key);
  const times = await timeSteps({ original, compiled, narrow, rest }, Math.max(20, Math.round(360 / blocks)));
  const took = (kind: Steps): string => seconds(median(times[kind]));
  const name = `${blocks} blocks`;
  const step = (what: string, ours: Steps, theirs: string, reference: Steps, most: number): Row =>
    compared(
      `${name}: ${what}`,
      took(ours),
      `${theirs} ${took(reference)}`,
      ratioOf(times, ours, reference),
      { most },
    );
  const excess = median(times.reuse) - median(times.rest);
  const rows = [
    compared(
      `${name}: load`,
      seconds(of(second, 'ms') / 1000),
      seconds(of(first, 'ms') / 1000),
      ratio('ms'),
      {
        most: 1.05,
      },
    ),
    compared(`${name}: memory when loaded`, mib(of(second, 'mib')), mib(of(first, 'mib')), ratio('mib'), {
      most: 1.05,
    }),
    step('computed step', 'compute', 'original', 'original', 1.02),
    step('indicator', 'compute', 'probe of one token', 'narrow', 1.01),
    step('reused step', 'reuse', 'around the blocks', 'rest', 1.1),
    compared(
      `${name}: what reuse adds to that, as a share of an original step`,
      seconds(excess),
      took('original'),
      excess / median(times.original),
    ),
  ];
  for (const path of [original, compiled, narrow, rest, join(folder, 'steps.data')])
    rmSync(path, { force: true });
  return rows;
}
