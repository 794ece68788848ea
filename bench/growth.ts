import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeModel } from '../src/onnx/index.js';
import { buildDit, writeSparse } from './dit.js';
import { interleaved, median, runProcess } from './measure.js';
import { absolute, type Benchmark, compared, type Row, seconds } from './rows.js';

const ROUNDS = 5;
const TIMES = [1, 2, 4, 8];
/** Blocks of the smallest model; the largest then has 15,000 nodes. */
const BLOCKS = 44;

const PHASES = fileURLToPath(new URL('phases.js', import.meta.url));

/** Milliseconds of each phase, as `phases.ts` prints them. */
type Phases = Readonly<Record<string, number>>;

/** Time against the number of nodes. */
export function growth(folder: string): Benchmark {
  return {
    name: 'growth',
    what: 'time against the number of nodes',
    run: async say => {
      const models = TIMES.map(times => join(folder, `deep${times}.onnx`));
      const nodes: number[] = [];
      for (const [i, times] of TIMES.entries()) {
        const dit = buildDit(
          { blocks: BLOCKS * times, width: 512, heads: 8, tokens: 256, channels: 16 },
          `deep${times}.data`,
        );
        writeSparse(join(folder, `deep${times}.data`), dit.bytes);
        await writeModel(dit.model, models[i] ?? '');
        nodes.push(dit.model.graph.nodes.length);
      }
      say(`${nodes.join(', ')} nodes: ${ROUNDS} rounds`);
      const tasks = models.map(
        model => (): Phases => JSON.parse(runProcess([process.execPath, PHASES, model]).out),
      );
      const runs = await interleaved(ROUNDS, tasks);
      const at = (phase: string): number[] =>
        runs.map(each => median(each.map(run => run[phase] ?? Number.NaN)) / 1000);
      const rows: Row[] = [];
      for (const phase of ['read', 'analyse', 'compile', 'write', 'total']) {
        const times = at(phase);
        const [first = 0, second = 0] = times;
        const last = times.at(-1) ?? 0;
        const reference = `1x ${seconds(first)}, 2x ${seconds(second)}, 4x ${seconds(times[2] ?? 0)}`;
        const per = (nodes.at(-1) ?? 1) / (nodes[0] ?? 1);
        rows.push(
          compared(`${phase}, 8x nodes (linear = 1)`, seconds(last), reference, last / first / per, {
            most: 1.15,
          }),
        );
      }
      const identified = at('analyse').at(-1) ?? Number.NaN;
      rows.push(
        absolute(`identification of ${nodes.at(-1)} nodes`, seconds(identified), '≤ 1 s', identified <= 1),
      );
      return rows;
    },
  };
}
