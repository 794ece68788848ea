import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { writeModel } from '../src/onnx/index.js';
import { buildDit, writeSparse } from './dit.js';
import { BWC, interleaved, medianOf, PYTHON, pythonHas, ROOT, runProcess } from './measure.js';
import { absolute, type Benchmark, compared, mib, type Row, seconds, skipped } from './rows.js';

const ROUNDS = 7;
const WAN = join(ROOT, 'out/fullsize/wan21_t2v_14b.onnx');
const SCRIPT = join(ROOT, 'bench/tools.py');

const TOOLS = [
  { tool: 'onnx', modules: ['onnx'], what: 'onnx load, edit, save' },
  { tool: 'ir', modules: ['onnx_ir'], what: 'onnx_ir load, edit, save' },
  { tool: 'merge', modules: ['onnx'], what: 'two graphs under one If (onnx)' },
];

/** A real graph with its weights outside: compiling it, against Python tools that load, edit and save it. */
export function graphTools(folder: string): Benchmark {
  return {
    name: 'tools',
    what: 'Wan2.1-14B graph, weights outside: compile against Python tools',
    run: async say => {
      const [input, name] = existsSync(WAN)
        ? [WAN, 'Wan2.1-14B graph']
        : [await standIn(folder), 'stand-in of 7,000 nodes'];
      // Beside the input: the weights stay where they are.
      const output = input.replace(/\.onnx$/, '.bench.onnx');
      const present = TOOLS.filter(({ modules }) => pythonHas(...modules));
      const commands = [
        [...BWC, 'compile', input, '-o', output, '--steps', '50', '--json'],
        ...present.map(({ tool }) => [PYTHON, SCRIPT, tool, input, output]),
      ];
      say(`${commands.length} commands, ${ROUNDS} rounds`);
      const all = await interleaved(
        ROUNDS,
        commands.map(command => () => runProcess(command)),
      );
      for (const path of [output, `${output}.json`]) rmSync(path, { force: true });
      const [ours, ...others] = all.map(medianOf);
      if (ours === undefined) throw new Error('no runs');
      const rows: Row[] = [
        absolute(`${name}, time`, seconds(ours.seconds), '≤ 1 s', ours.seconds <= 1),
        absolute(
          `${name}, peak memory`,
          mib(ours.mib),
          '≤ 250 MiB',
          (ours.mib ?? Number.POSITIVE_INFINITY) <= 250,
        ),
      ];
      for (const { tool, what } of TOOLS) {
        const other = others[present.findIndex(each => each.tool === tool)];
        if (other === undefined) {
          rows.push(skipped(`${name}, ${what}`, 'the Python module is missing: set BWC_PYTHON'));
          continue;
        }
        const reference = `${seconds(other.seconds)}, ${mib(other.mib)}`;
        rows.push(
          compared(
            `${name}, times faster than ${what}`,
            seconds(ours.seconds),
            reference,
            other.seconds / ours.seconds,
          ),
        );
      }
      rows.push(...(await withWeights(folder, say)));
      return rows;
    },
  };
}

const WHOLE = [
  { tool: 'onnx-weights', modules: ['onnx'], what: 'onnx load, edit, save' },
  { tool: 'ir-weights', modules: ['onnx_ir'], what: 'onnx_ir load, edit, save' },
];

/** The whole job: a model that can be run comes out. Python tools carry the weights over; bwc refers to them or copies them. */
async function withWeights(folder: string, say: (text: string) => void): Promise<Row[]> {
  const input = join(folder, 'whole.onnx');
  const dit = buildDit({ blocks: 25, width: 1024, heads: 16, tokens: 256, channels: 16 }, 'whole.data');
  writeSparse(join(folder, 'whole.data'), dit.bytes);
  await writeModel(dit.model, input);
  const other = join(folder, 'other');
  const present = WHOLE.filter(({ modules }) => pythonHas(...modules));
  const compile = [...BWC, 'compile', input, '--steps', '50', '--json', '-o'];
  const commands = [
    [...compile, join(folder, 'whole.out.onnx')],
    [...compile, join(other, 'whole.out.onnx'), '--weights', 'copy'],
    ...present.map(({ tool }) => [PYTHON, SCRIPT, tool, input, join(other, 'whole.py.onnx')]),
  ];
  say(`with 1.9 GB of weights, ${commands.length} commands, 3 rounds`);
  const tasks = commands.map(command => () => {
    rmSync(other, { recursive: true, force: true });
    mkdirSync(other);
    return runProcess(command);
  });
  const [reference, copy, ...tools] = (await interleaved(3, tasks)).map(medianOf);
  if (reference === undefined || copy === undefined) throw new Error('no runs');
  const rows: Row[] = [];
  for (const { tool, what } of WHOLE) {
    const name = `1.9 GB of weights outside (holes), times faster than ${what}, weights and all`;
    const theirs = tools[present.findIndex(each => each.tool === tool)];
    if (theirs === undefined) {
      rows.push(skipped(name, 'the Python module is missing: set BWC_PYTHON'));
      continue;
    }
    const said = `${seconds(theirs.seconds)}, ${mib(theirs.mib)}`;
    for (const [how, ours] of [
      ['reference', reference],
      ['copy', copy],
    ] as const) {
      const limit = how === 'reference' ? { least: 5 } : {};
      rows.push(
        compared(
          `${name}; --weights ${how}`,
          `${seconds(ours.seconds)}, ${mib(ours.mib)}`,
          said,
          theirs.seconds / ours.seconds,
          limit,
        ),
      );
    }
  }
  return rows;
}

/** A graph of the same size, where the real one was not exported. */
async function standIn(folder: string): Promise<string> {
  const path = join(folder, 'wan.onnx');
  const dit = buildDit({ blocks: 165, width: 5120, heads: 40, tokens: 4096, channels: 64 }, 'wan.data');
  writeSparse(join(folder, 'wan.data'), dit.bytes);
  await writeModel(dit.model, path);
  return path;
}
