/**
 * `npm run frontier [-- --steps 30,50] [--seeds N] [--write]`: every method on the trained video DiT, in one table: what
 * it computes, how fast that is, and how near the result is to the uncached one. With --write the table goes into
 * docs/frontier.md, with the picture beside it.
 */

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { restModel } from '../cli/rest.js';
import { calibrate, refine } from '../src/calibrate/index.js';
import { compile, loadProfile, readModel } from '../src/index.js';
import type { Calibration } from '../src/methods/index.js';
import { toBytes } from '../src/onnx/index.js';
import { frontierChart } from '../src/report/charts.js';
import { type Column, table } from '../src/report/table.js';
import { bytesText, plain } from '../src/report/text.js';
import { meanSsim, psnr } from '../src/runtime/fidelity.js';
import { benchCompiled, CachedModel, generate, openModel, type RunProfile } from '../src/runtime/index.js';
import { ROOT } from './measure.js';
import { SETTINGS } from './settings.js';

const FIXTURE = join(ROOT, 'fixtures/tiny-video-dit');
const ORIGINAL = join(FIXTURE, 'tiny-video-dit.dynamo.onnx');
const OUT = join(ROOT, 'out/frontier');

/** Calibrated with other seeds than those that are tested. */
const CALIBRATION_SEEDS = Array.from({ length: 8 }, (_, i) => 10_000 + i);

interface Line {
  readonly method: string;
  readonly set: string;
  readonly computed: number;
  readonly ideal: number;
  readonly speedup: number | null;
  readonly efficiency: number | null;
  readonly psnr: number;
  readonly ssim: number;
  readonly stateBytes: number;
}

const say = (text: string): void => void process.stderr.write(`${text}\n`);

async function calibrated(profile: RunProfile): Promise<Calibration> {
  const { steps } = profile.sampler;
  say(`calibrating, ${steps} steps …`);
  const partial = join(OUT, `calibration-${steps}.partial`);
  const { calibration } = await calibrate(ORIGINAL, profile, {
    seeds: CALIBRATION_SEEDS,
    partial,
    threads: 1,
  });
  return refine(ORIGINAL, profile, calibration, { speedups: [2, 3, 5], tries: 3, threads: 1 });
}

async function measured(
  profile: RunProfile,
  seeds: readonly number[],
  calibration: Calibration,
): Promise<Line[]> {
  const { steps } = profile.sampler;
  const lines: Line[] = [];
  const original = await openModel(ORIGINAL, { threads: 1 });
  for (const { method, set } of SETTINGS) {
    const text = Object.entries(set)
      .map(([key, value]) => `${key}=${value}`)
      .join(' ');
    say(`${method} ${text} …`);
    const { model, manifest } = compile(readModel(ORIGINAL), { method, set, steps, calibration });
    const compiled = await CachedModel.open(toBytes(model), { manifest, threads: 1 });
    const rest = restModel(ORIGINAL, manifest);
    const options = { seeds, rounds: 1, ...(rest && { rest }) };
    const bench = await benchCompiled(original, compiled, profile, options);
    await compiled.close();
    lines.push({ method, set: text, ...bench });
  }
  lines.push(...(await fewer(profile, seeds)));
  await original.close();
  return lines;
}

/** The original with fewer steps, against itself with all. */
async function fewer(profile: RunProfile, seeds: readonly number[]): Promise<Line[]> {
  const { steps } = profile.sampler;
  const original = await openModel(ORIGINAL, { threads: 1 });
  const lines: Line[] = [];
  for (const part of [2, 3, 4, 5]) {
    const less = Math.round(steps / part);
    const short = { ...profile, sampler: { ...profile.sampler, steps: less } };
    const found = await Promise.all(
      seeds.map(async seed => {
        const [full, cut] = [await generate(original, profile, seed), await generate(original, short, seed)];
        const [x, y] = [full.at(-1)?.latent, cut.at(-1)?.latent];
        if (x === undefined || y === undefined) throw new Error('a generation has steps');
        return { psnr: psnr(x, y, profile.display?.range), ssim: meanSsim(x, y, profile.display) };
      }),
    );
    const mean = (pick: (x: { psnr: number; ssim: number }) => number): number =>
      found.reduce((sum, x) => sum + pick(x), 0) / found.length;
    const ideal = steps / less;
    lines.push({
      method: 'fewer steps',
      set: `${less} steps`,
      computed: less,
      ideal,
      speedup: null,
      efficiency: null,
      psnr: mean(x => x.psnr),
      ssim: mean(x => x.ssim),
      stateBytes: 0,
    });
  }
  await original.close();
  return lines;
}

const COLUMNS: readonly Column[] = [
  { head: 'method' },
  { head: 'options' },
  { head: 'computed', align: 'right' },
  { head: 'speed-up', align: 'right' },
  { head: 'of bound', align: 'right' },
  { head: 'PSNR, dB', align: 'right' },
  { head: 'SSIM', align: 'right' },
  { head: 'state', align: 'right' },
];

function cells(line: Line, steps: number): string[] {
  const percent = (x: number | null): string => (x === null ? '' : `${(100 * x).toFixed(0)} %`);
  return [
    line.method,
    line.set,
    percent(line.computed / steps),
    line.speedup === null ? '' : `${line.speedup.toFixed(2)} ×`,
    percent(line.efficiency),
    Number.isFinite(line.psnr) ? line.psnr.toFixed(1) : 'equal',
    line.ssim.toFixed(4),
    line.stateBytes === 0 ? '' : bytesText(line.stateBytes),
  ];
}

function markdown(lines: readonly Line[], steps: number): string {
  const row = (texts: readonly string[]): string => `| ${texts.join(' | ')} |`;
  const rule = COLUMNS.map(c => (c.align === 'right' ? '---:' : '---'));
  return [row(COLUMNS.map(c => c.head)), row(rule), ...lines.map(l => row(cells(l, steps)))].join('\n');
}

/** Best first, at like speed. */
function sorted(lines: readonly Line[]): Line[] {
  const methods = [...new Set(lines.map(l => l.method))];
  return [...lines].sort(
    (x, y) => methods.indexOf(x.method) - methods.indexOf(y.method) || x.ideal - y.ideal,
  );
}

const { values } = parseArgs({
  options: {
    steps: { type: 'string', default: '30,50' },
    seeds: { type: 'string', default: '8' },
    write: { type: 'boolean', default: false },
  },
});
mkdirSync(OUT, { recursive: true });
const base = loadProfile(join(FIXTURE, 'tiny-video-dit.profile.json'));
const seeds = Array.from({ length: Number(values.seeds) }, (_, i) => 100 + i);
const parts: string[] = [];
for (const steps of values.steps.split(',').map(Number)) {
  const profile = { ...base, sampler: { ...base.sampler, steps } };
  const lines = sorted(await measured(profile, seeds, await calibrated(profile)));
  const points = lines.map(l => ({ ...l, psnr: Number.isFinite(l.psnr) ? l.psnr : null }));
  const svg = await frontierChart(points, 'steps ÷ computed steps');
  writeFileSync(join(OUT, `frontier-${steps}.svg`), svg);
  writeFileSync(
    join(OUT, `frontier-${steps}.json`),
    `${JSON.stringify({ steps, seeds, lines: points }, null, 2)}\n`,
  );
  process.stdout.write(
    `\n${steps} steps, ${seeds.length} seeds\n${table(
      COLUMNS,
      lines.map(l => cells(l, steps)),
      { paint: plain, width: Number.POSITIVE_INFINITY },
    )}`,
  );
  parts.push(
    `## ${steps} steps\n\n![Speed-up against fidelity](frontier-${steps}.svg)\n\n${markdown(lines, steps)}\n`,
  );
  if (values.write) writeFileSync(join(ROOT, `docs/frontier-${steps}.svg`), `${svg}\n`);
}
if (values.write) {
  const path = join(ROOT, 'docs/frontier.md');
  const page = readFileSync(path, 'utf8');
  const mark = '<!-- table -->';
  const [head] = page.split(mark);
  writeFileSync(path, `${head ?? ''}${mark}\n\n${parts.join('\n')}`);
}
