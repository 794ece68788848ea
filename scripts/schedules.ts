/**
 * `node dist/scripts/schedules.js MODEL PROFILE CALIBRATION [FIRST [COUNT]]`: what the schedules of a calibration
 * really give, on seeds that it has not seen: those refined in runs, and those that follow from it alone.
 */
import {
  CutModel,
  fidelityOf,
  profileHash,
  readCalibration,
  runSchedule,
  type Truth,
  truthOf,
} from '../src/calibrate/index.js';
import { type Schedule, searchFrontier } from '../src/methods/schedules/index.js';
import { table } from '../src/report/table.js';
import { decimal, plain } from '../src/report/text.js';
import { loadProfile } from '../src/runtime/index.js';

const [path, profilePath, calibrationPath, first = '100', count = '16'] = process.argv.slice(2);
if (path === undefined || profilePath === undefined || calibrationPath === undefined) {
  process.stderr.write('schedules.js MODEL PROFILE CALIBRATION [FIRST [COUNT]]\n');
  process.exit(2);
}
const calibration = readCalibration(calibrationPath);
const loaded = loadProfile(profilePath);
const profile = { ...loaded, sampler: { ...loaded.sampler, steps: calibration.sampler.steps } };
if (calibration.profile !== profileHash(profile)) {
  process.stderr.write('the calibration was made with another profile\n');
  process.exit(1);
}

const cuts = {
  model: await CutModel.open(path, profile, 'model', { threads: 1 }),
  stack: await CutModel.open(path, profile, 'stack', { threads: 1 }),
};
const truths: Truth[] = [];
for (let i = 0; i < Number(count); i++) truths.push(await truthOf(cuts.model, Number(first) + i));
const refined = calibration.schedules ?? [];
const computed = ({ compute }: Schedule): number => compute.filter(each => each).length;
const most = Math.max(Math.ceil(calibration.sampler.steps / 2), ...refined.map(computed));
const rows: string[][] = [];
for (const schedule of [...refined, ...searchFrontier(calibration, most).reverse()]) {
  const { predicted, compute, region, depth } = schedule;
  const cut = cuts[schedule.region];
  const psnr = fidelityOf(cut, profile, truths, await runSchedule(cut, truths, schedule));
  rows.push([
    `${decimal(calibration.sampler.steps / computed(schedule), 2)} ×`,
    compute.map(each => (each ? '#' : '.')).join(''),
    predicted.from,
    region,
    String(depth),
    decimal(predicted.psnr, 1),
    decimal(psnr.reduce((a, b) => a + b, 0) / psnr.length, 1),
    decimal(Math.min(...psnr), 1),
  ]);
}
await Promise.all([cuts.model.close(), cuts.stack.close()]);
const right = (head: string) => ({ head, align: 'right' }) as const;
process.stdout.write(
  table(
    [
      right('speed-up'),
      { head: 'schedule' },
      { head: 'from' },
      { head: 'of' },
      right('kept'),
      right('predicted dB'),
      right('mean dB'),
      right('least dB'),
    ],
    rows,
    { paint: plain, width: 200 },
  ),
);
