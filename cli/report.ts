import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import type { Command } from '@commander-js/extra-typings';
import { type Diagnostic, Refusal, refuse } from '../src/diagnostics/index.js';
import type { BenchShown, Frame, ReportChart } from '../src/report/html/index.js';
import { HELP } from './options.js';
import type { Outcome, Perform, Progress } from './outcome.js';

interface Options {
  readonly html: string;
  readonly bench?: string | undefined;
  readonly calibration?: string | undefined;
  readonly frontier?: string | undefined;
  readonly frame: readonly string[];
}

export function addReport(program: Command, perform: Perform): void {
  program
    .command('report')
    .description('write one HTML file that shows a model, or what was made of it')
    .argument('<original>', 'an ONNX model')
    .argument('[compiled]', 'what was made of it, by bwc or by anything else')
    .requiredOption('--html <file>', 'the page to write')
    .option('--bench <file>', 'what bwc bench --json printed')
    .option('--calibration <file>', 'what bwc calibrate measured: how each block changes over the steps')
    .option('--frontier <file>', 'points of speed and fidelity to draw, as npm run frontier writes them')
    .option(
      '--frame <png>',
      'a picture to show with the bench; may be repeated',
      collect,
      [] as readonly string[],
    )
    .option('--json', HELP.json)
    .action((original, compiled, options) =>
      perform(progress => reportFile(original, compiled, options, progress)),
    );
}

function collect(text: string, before: readonly string[]): readonly string[] {
  return [...before, text];
}

/** Also carries out `bwc diff --html`. */
export async function reportFile(
  original: string,
  compiled: string | undefined,
  options: Options,
  progress: Progress,
): Promise<Outcome> {
  const { checkOutputs } = await import('./files.js');
  for (const input of [original, compiled]) if (input !== undefined) checkOutputs(input, [options.html]);
  const [{ readModel }, { diffModels }, { benchSchema, reportPage }, { inspectFacts }, { inlineFunctions }] =
    await Promise.all([
      import('../src/onnx/index.js'),
      import('../src/report/diff/index.js'),
      import('../src/report/html/index.js'),
      import('../src/report/inspect-facts.js'),
      import('../src/passes/index.js'),
    ]);
  const read = (path: string): ReturnType<typeof readModel> => {
    const model = readModel(path);
    inlineFunctions(model);
    return model;
  };
  progress('reading …');
  const bench = options.bench === undefined ? undefined : benchSchema.safeParse(readJson(options.bench));
  if (bench?.success === false)
    refuse('BWC108', { path: options.bench ?? '', reason: 'it is not what bwc bench --json prints' });
  const charts = await chartsOf(options);
  const frames = framesOf(options, bench?.data);
  const model = read(original);
  const diagnostics: Diagnostic[] = [];
  const inspected = attempt(diagnostics, () => {
    const facts = inspectFacts(readModel(original), { path: original, bytes: statSync(original).size });
    diagnostics.push(...facts.diagnostics);
    return facts;
  });
  const diff =
    compiled === undefined
      ? undefined
      : diffModels({ model, path: original }, { model: read(compiled), path: compiled });
  progress('drawing …');
  const title = [original, compiled].flatMap(p => (p === undefined ? [] : [basename(p)])).join(' → ');
  const html = await reportPage({
    title,
    model,
    diff,
    inspected,
    bench: bench?.data,
    frames,
    charts,
    diagnostics,
  });
  writeFileSync(options.html, html);
  const json = { html: options.html, bytes: Buffer.byteLength(html) };
  return { ok: true, text: () => `Report in ${options.html}.\n`, json, diagnostics: [] };
}

/** Pictures to show with the bench: the one that it wrote, and others that were given. */
function framesOf({ frame }: Options, bench: BenchShown | undefined): Frame[] {
  const [first] = bench?.seeds ?? [];
  const title = `Seed ${first?.seed}: the original’s frames above, the compiled model’s below`;
  const own = typeof bench?.picture === 'string' ? [{ title, path: bench.picture }] : [];
  return [...own, ...frame.map(path => ({ title: basename(path), path }))].map(({ title: text, path }) => ({
    title: text,
    source: `data:image/png;base64,${readBytes(path).toString('base64')}`,
  }));
}

/** The charts that the options ask for. */
async function chartsOf({ calibration, frontier }: Options): Promise<readonly ReportChart[]> {
  const charts: ReportChart[] = [];
  if (calibration === undefined && frontier === undefined) return charts;
  const [{ changeCurves, changeHeatMap, frontierChart, frontierSchema }, { readCalibration }] =
    await Promise.all([import('../src/report/charts.js'), import('../src/calibrate/file.js')]);
  if (calibration !== undefined) {
    const measured = readCalibration(calibration);
    charts.push(
      {
        section: 'How the blocks change',
        title: 'Relative L1 of every block to the step before',
        svg: await changeHeatMap(measured),
      },
      {
        section: 'How the blocks change',
        title: 'The same as curves, one a block',
        svg: await changeCurves(measured),
      },
    );
  }
  if (frontier !== undefined) {
    const points = frontierSchema.safeParse(readJson(frontier));
    if (!points.success)
      return refuse('BWC108', { path: frontier, reason: 'it is not what npm run frontier writes' });
    const svg = await frontierChart(points.data.lines, 'steps ÷ computed steps');
    charts.push({ section: 'Speed and fidelity', title: 'Every method, on the final result', svg });
  }
  return charts;
}

/** What bwc refuses to look into is shown all the same, with the refusal among the diagnostics. */
function attempt<T>(diagnostics: Diagnostic[], work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    diagnostics.push(error.diagnostic);
    return undefined;
  }
}

function readJson(path: string): unknown {
  return attemptToRead(path, () => JSON.parse(readFileSync(path, 'utf8')));
}

function readBytes(path: string): Buffer {
  return attemptToRead(path, () => readFileSync(path));
}

function attemptToRead<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    return refuse(
      'BWC101',
      { path, reason: error instanceof Error ? error.message : String(error) },
      undefined,
      error,
    );
  }
}
