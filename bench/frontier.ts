/**
 * `npm run frontier [-- --steps 30,50] [--seeds N] [--only METHOD,...] [--fresh] [--write]`: every method on the trained
 * video DiT, in one table: what it computes, how near the result is to the uncached one, and what is asked of `auto`.
 * Calibrations and the original's results are kept in out/frontier; --fresh makes them anew. With --write the tables go
 * into docs/frontier.md, with the pictures beside it.
 */

import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { calibrate, calibrationText, readCalibration, refine } from '../src/calibrate/index.js';
import { Refusal } from '../src/diagnostics/index.js';
import { loadProfile } from '../src/index.js';
import type { Calibration } from '../src/methods/index.js';
import { searchSchedule } from '../src/methods/schedules/index.js';
import { frontierChart } from '../src/report/charts.js';
import { type Column, table } from '../src/report/table.js';
import { bytesText, plain } from '../src/report/text.js';
import { openModel, type RunProfile } from '../src/runtime/index.js';
import { type Claim, claims, promised } from './claims.js';
import { calibrationClaim, untrainedClaim, unusualClaims } from './conduct.js';
import { fewerLines, type Line, lineOf, type Stage, truthsOf } from './lines.js';
import { ROOT } from './measure.js';
import { type Setting, settingsOf, speedupsOf } from './settings.js';

const FIXTURE = join(ROOT, 'fixtures/tiny-video-dit');
const ORIGINAL = join(FIXTURE, 'tiny-video-dit.dynamo.onnx');

/** A model that was never trained. */
const UNTRAINED = {
  model: join(ROOT, 'fixtures/latte/latte.dynamo.onnx'),
  profile: join(ROOT, 'fixtures/latte/latte.profile.json'),
};

const OUT = join(ROOT, 'out/frontier');

/** Calibrated with other seeds than those that are tested. */
const CALIBRATION_SEEDS = Array.from({ length: 72 }, (_, i) => 10_000 + i);

/** Schedules that are tried for each speed-up beside those to start from. */
const TRIES = 6;

/** Seeds over which promises are judged: of few, one generation that goes wrong moves the mean by more than they may be off. */
const MANY = 64;

const testSeeds = (count: number): number[] => Array.from({ length: count }, (_, i) => 100 + i);

const say = (text: string): void => void process.stderr.write(`${text}\n`);

/** The calibration with a schedule for each speed-up, from a file where there is one. */
async function calibrated(profile: RunProfile): Promise<Calibration> {
  const { steps } = profile.sampler;
  const file = join(OUT, `calibration-${steps}.json`);
  if (existsSync(file)) {
    say(`calibrated before: ${file}`);
    return readCalibration(file);
  }
  const partial = `${file}.partial`;
  const { calibration } = await calibrate(ORIGINAL, profile, {
    seeds: CALIBRATION_SEEDS,
    partial,
    threads: 1,
    onProgress: ({ sample, samples, step }) => {
      if (step === 1) say(`calibrating, generation ${sample} of ${samples} …`);
    },
  });
  const refined = await refine(ORIGINAL, profile, calibration, {
    speedups: speedupsOf(steps),
    tries: TRIES,
    threads: 1,
    onSearch: (step, of) => say(`searching, step ${step} of ${of} …`),
    onTry: (tried, psnr) => say(`${tried} run, ${psnr.toFixed(1)} dB …`),
  });
  writeFileSync(file, calibrationText(refined));
  rmSync(partial, { force: true });
  return refined;
}

async function measured(
  profile: RunProfile,
  seeds: readonly number[],
  calibration: Calibration,
  settings: readonly Setting[],
): Promise<{ lines: Line[]; asked: Claim[] }> {
  const original = await openModel(ORIGINAL, { threads: 1 });
  const truths = await truthsOf(original, profile, seeds, OUT);
  const stage: Stage = { path: ORIGINAL, original, profile, seeds, truths, folder: OUT };
  const lines: Line[] = [];
  for (const setting of settings) {
    const { method, set, unmeasured = false } = setting;
    say(`${method} ${JSON.stringify(set)} …`);
    const known = unmeasured ? undefined : calibration;
    const promise = method === 'auto' ? promiseOf(known, set) : undefined;
    try {
      lines.push(await lineOf(stage, setting, known, promise));
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      say(error.message);
    }
  }
  say('fewer steps …');
  lines.push(...(await fewerLines(stage, speedupsOf(profile.sampler.steps))));
  say('promises, unusual runs, calibrating …');
  const asked = [
    ...claims(lines, profile.sampler.steps),
    await promiseClaim(stage, calibration),
    ...(await unusualClaims(stage, calibration)),
    await calibrationClaim(stage),
    await untrainedClaim(UNTRAINED.model, UNTRAINED.profile),
  ];
  await original.close();
  return { lines, asked };
}

/** Whether what was promised is true over so many seeds that their mean is known well enough to say so. */
async function promiseClaim(stage: Stage, calibration: Calibration): Promise<Claim> {
  const { original, profile, folder } = stage;
  const seeds = testSeeds(MANY);
  const many = { ...stage, seeds, truths: await truthsOf(original, profile, seeds, folder) };
  const lines: Line[] = [];
  for (const speedup of speedupsOf(profile.sampler.steps)) {
    const setting = { method: 'auto', set: { target: `speedup=${speedup}` } };
    lines.push(await lineOf(many, setting, calibration, promiseOf(calibration, setting.set)));
  }
  return promised(lines, `, over ${MANY} seeds`);
}

/** The fidelity that a calibration promises for a speed-up. */
function promiseOf(calibration: Calibration | undefined, set: Setting['set']): number | undefined {
  const value = Number(String(set['target']).replace('speedup=', ''));
  return calibration && searchSchedule(calibration, { kind: 'speedup', value }).predicted.psnr;
}

const COLUMNS: readonly Column[] = [
  { head: 'method' },
  { head: 'options' },
  { head: 'computed', align: 'right' },
  { head: 'speed-up', align: 'right' },
  { head: 'of bound', align: 'right' },
  { head: 'PSNR, dB', align: 'right' },
  { head: 'predicted', align: 'right' },
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
    Number.isFinite(line.psnr) ? `${line.psnr.toFixed(1)} ± ${line.error.toFixed(1)}` : 'equal',
    line.predicted === undefined ? '' : line.predicted.toFixed(1),
    line.ssim.toFixed(4),
    line.stateBytes === 0 ? '' : bytesText(line.stateBytes),
  ];
}

const CLAIM_COLUMNS: readonly Column[] = [{ head: 'asked of auto' }, { head: 'found' }, { head: '' }];

function claimCells({ text, found, met }: Claim): string[] {
  return [text, found, met ? 'met' : 'missed'];
}

function markdown(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const row = (texts: readonly string[]): string => `| ${texts.join(' | ')} |`;
  const rule = columns.map(c => (c.align === 'right' ? '---:' : '---'));
  return [row(columns.map(c => c.head)), row(rule), ...rows.map(row)].join('\n');
}

/** Writes what stands between the marks of a page. */
function fill(name: string, text: string): void {
  const path = join(ROOT, name);
  const [top = '', rest = ''] = readFileSync(path, 'utf8').split(BEGIN);
  writeFileSync(path, `${top}${BEGIN}\n\n${text}\n${END}${rest.split(END)[1] ?? ''}`);
}

const BEGIN = '<!-- table -->';
const END = '<!-- /table -->';

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
    seeds: { type: 'string', default: '16' },
    only: { type: 'string' },
    fresh: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
  },
});
if (values.fresh) rmSync(OUT, { recursive: true, force: true });
mkdirSync(OUT, { recursive: true });
const only = values.only?.split(',');
const base = loadProfile(join(FIXTURE, 'tiny-video-dit.profile.json'));
const seeds = testSeeds(Number(values.seeds));
const parts: string[] = [];
const folded: string[] = [];
for (const steps of values.steps.split(',').map(Number)) {
  const profile = { ...base, sampler: { ...base.sampler, steps } };
  const settings = settingsOf(steps).filter(({ method }) => only?.includes(method) ?? true);
  const { lines: all, asked } = await measured(profile, seeds, await calibrated(profile), settings);
  const lines = sorted(all);
  const points = lines.map(l => ({ ...l, psnr: Number.isFinite(l.psnr) ? l.psnr : null }));
  const svg = await frontierChart(points, 'steps ÷ computed steps');
  writeFileSync(join(OUT, `frontier-${steps}.svg`), svg);
  writeFileSync(
    join(OUT, `frontier-${steps}.json`),
    `${JSON.stringify({ steps, seeds, lines: points, asked }, null, 2)}\n`,
  );
  const rows = lines.map(l => cells(l, steps));
  const verdicts = asked.map(claimCells);
  const screen = { paint: plain, width: Number.POSITIVE_INFINITY };
  process.stdout.write(
    `\n${steps} steps, ${seeds.length} seeds\n${table(COLUMNS, rows, screen)}\n${table(CLAIM_COLUMNS, verdicts, screen)}`,
  );
  parts.push(
    `## ${steps} steps\n\n![Speed-up against fidelity](frontier-${steps}.svg)\n\n${markdown(COLUMNS, rows)}\n\n${markdown(CLAIM_COLUMNS, verdicts)}\n`,
  );
  folded.push(`<details><summary>${steps} steps</summary>\n\n${markdown(COLUMNS, rows)}\n\n</details>\n`);
  if (values.write) writeFileSync(join(ROOT, `docs/frontier-${steps}.svg`), `${svg}\n`);
}
if (values.write) {
  fill('docs/frontier.md', parts.join('\n'));
  fill('README.md', folded.join('\n'));
}
