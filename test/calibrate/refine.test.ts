import { describe, expect, it } from 'vitest';
import { promisesOf } from '../../src/calibrate/choose.js';
import { reuseStage } from '../../src/calibrate/fit.js';
import {
  CutModel,
  calibrate,
  divide,
  fidelityOf,
  polish,
  refine,
  refineAll,
  runSchedule,
  truthOf,
  truthsOf,
} from '../../src/calibrate/index.js';
import { searchSchedule } from '../../src/methods/schedules/index.js';
import { loadProfile, type RunProfile } from '../../src/runtime/index.js';
import { defined, FIXTURES, type Fixture, TRAINED } from '../blocks/fixtures.js';

function profileOf(fixture: Fixture, steps: number): RunProfile {
  const profile = loadProfile(fixture.profile);
  return { ...profile, sampler: { ...profile.sampler, steps } };
}

const mean = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0) / numbers.length;

describe.each(FIXTURES)('$title', fixture => {
  it('gives for kept predictions the prediction', async () => {
    const cut = await CutModel.open(fixture.path, profileOf(fixture, 3), 'model', { threads: 1 });
    const { prediction, kept } = await cut.compute(cut.feeds.start(1), 0);
    expect(await cut.reuse(cut.feeds.start(2), 1, kept)).toEqual(
      Float64Array.from(Float32Array.from(prediction)),
    );
    await cut.close();
  });

  it('gives without its blocks, on what they added, what it gives with them', async () => {
    const cut = await CutModel.open(fixture.path, profileOf(fixture, 3), 'stack', { threads: 1 });
    const latent = cut.feeds.start(1);
    const { prediction, kept } = await cut.compute(latent, 0);
    const again = await cut.reuse(latent, 0, kept);
    const other = await cut.reuse(
      latent,
      0,
      kept.map(r => ({ ...r, data: Float32Array.from(r.data as Float32Array, x => 2 * x) })),
    );
    const far = (a: Float64Array, b: Float64Array): number =>
      Math.sqrt(mean([...a].map((x, i) => (x - (b[i] ?? Number.NaN)) ** 2)) / mean([...a].map(x => x * x)));
    expect(far(prediction, again)).toBeLessThan(fixture.family === 'dit' ? 5e-3 : 1e-5);
    expect(far(prediction, other)).toBeGreaterThan(1e-2);
    await cut.close();
  });
});

describe('refining', () => {
  const [fixture] = TRAINED;
  const { path } = defined(fixture);
  const profile = profileOf(defined(fixture), 8);
  const calibrated = calibrate(path, profile, { seeds: [1, 2, 3], threads: 1 });

  it('does better in runs than what follows from the calibration, and says how well', async () => {
    const { calibration } = await calibrated;
    const cut = await CutModel.open(path, profile, 'model', { threads: 1 });
    const truths = await truthsOf(cut, calibration);
    const pure = searchSchedule(calibration, { kind: 'speedup', value: 2 });
    const tries: number[] = [];
    const [better = pure] = await refineAll([cut], profile, calibration, truths, [4], {
      tries: 3,
      onTry: (_, psnr) => tries.push(psnr),
    });
    const run = async (schedule: typeof pure, over = truths): Promise<number> =>
      mean(fidelityOf(cut, profile, over, await runSchedule(cut, over, schedule)));
    expect(await run(better)).toBeGreaterThan(await run(pure));
    const { fitted, held } = divide(truths);
    expect(better.predicted.psnr).toBeCloseTo(await run(better, held), 1);
    expect(better.predicted.fitted).toBeCloseTo(await run(better, fitted), 1);
    expect(better.predicted.from).toBe('held-out');
    expect(better.products?.promised).toBeCloseTo(pure.predicted.psnr, 1);
    expect(better.products?.psnr).toBeCloseTo(await run(pure, held), 1);
    expect(better.rejected?.length).toBeGreaterThan(1);
    for (const { psnr } of better.rejected ?? []) expect(psnr).toBeLessThanOrEqual(better.predicted.psnr);
    expect(tries).toEqual([...tries].sort((a, b) => a - b));
    expect(tries.length).toBeLessThanOrEqual(4);
    expect(fitted.map(({ seed }) => seed)).toEqual([1, 2]);
    expect(held.map(({ seed }) => seed)).toEqual([3]);
    expect(better.predicted.psnr).toBeGreaterThan(20);
    await cut.close();
  });

  it('polishes weights that are off, on the final latents', async () => {
    const { calibration } = await calibrated;
    const pure = searchSchedule(calibration, { kind: 'speedup', value: 2 });
    const cut = await CutModel.open(path, profile, pure.region, { threads: 1 });
    const truths = await truthsOf(cut, calibration);
    const measured = async (schedule: typeof pure): Promise<number> =>
      mean(fidelityOf(cut, profile, truths, await runSchedule(cut, truths, schedule)));
    const off = { ...pure, weights: pure.weights.map(row => row.map((w, i) => w + (i === 0 ? 0.1 : 0))) };
    const psnr = await measured(off);
    const better = await polish(cut, profile, truths, { ...off, predicted: { ...off.predicted, psnr } });
    expect(better.predicted.psnr).toBeGreaterThan(psnr + 3);
    expect(better.predicted.psnr).toBeCloseTo(await measured(better), 1);
    expect(better.compute).toEqual(pure.compute);
    // It stays as it is where nothing helps.
    const perfect = { ...pure, predicted: { ...pure.predicted, psnr: 1000 } };
    expect(await polish(cut, profile, truths, perfect)).toBe(perfect);
    await cut.close();
  });

  it('leaves a fifth of what earlier steps did wrong', async () => {
    const cut = await CutModel.open(path, profile, 'model', { threads: 1 });
    const truth = await truthOf(cut, 1);
    const [start, before, after] = truth.latents.map(latent => Float64Array.from(latent));
    const { kept, prediction } = await cut.compute(Float32Array.from(defined(start)), 0);
    const along = (x: Float64Array): number => x.reduce((sum, v, i) => sum + v * (prediction[i] ?? 0), 0);
    const wrong = 0.1;
    const latent = Float32Array.from(defined(before), (x, i) => x + wrong * (prediction[i] ?? 0));
    const stage = { runs: [{ latent, history: [kept] }], computed: [0], weights: [[]] };
    const { runs } = await reuseStage(cut, stage, [truth]);
    const off = defined(after).map((x, i) => (runs[0]?.latent[i] ?? Number.NaN) - x);
    expect(along(off) / (wrong * along(prediction))).toBeCloseTo(0.2, 2);
    await cut.close();
  });

  it('of all steps computed changes nothing', async () => {
    const cut = await CutModel.open(path, profile, 'model', { threads: 1 });
    const truths = [await truthOf(cut, 1)];
    const all = { compute: Array.from({ length: 8 }, () => true), weights: [], depth: 1 };
    expect(fidelityOf(cut, profile, truths, await runSchedule(cut, truths, all))).toEqual([
      Number.POSITIVE_INFINITY,
    ]);
    await cut.close();
  });

  it('keeps schedules in the calibration, where the search finds them', async () => {
    const { calibration } = await calibrated;
    const refined = await refine(path, profile, calibration, { speedups: [2, 4], tries: 0, threads: 1 });
    expect(refined.schedules?.map(({ predicted }) => predicted.work)).toEqual([0.5, 0.25]);
    const found = searchSchedule(refined, { kind: 'speedup', value: 2 });
    expect(found).toEqual(refined.schedules?.[0]);
    expect(searchSchedule(refined, { kind: 'psnr', value: found.predicted.psnr })).toEqual(found);
    const more = await refine(path, profile, refined, { speedups: [8], tries: 0, threads: 1 });
    expect(more.schedules).toHaveLength(3);
  });

  it('promises what the choice gives where it was not chosen', async () => {
    const { calibration } = await calibrated;
    const schedule = searchSchedule(calibration, { kind: 'speedup', value: 2 });
    const judged = (...reached: number[]): Parameters<typeof promisesOf>[0][number] => ({
      schedule: { ...schedule },
      reached,
    });
    expect(promisesOf([judged(30, 34, 41)])).toEqual([30, 34, 41]);
    // Without its best generation each is worse than the other.
    expect(promisesOf([judged(40, 30), judged(30, 40)])).toEqual([30, 30]);
    expect(promisesOf([judged(40, 40, 50), judged(39, 42, 30)])).toEqual([40, 40, 30]);
  });

  it('refuses what does not belong together', async () => {
    const { calibration } = await calibrated;
    const options = { speedups: [2], tries: 0, threads: 1 };
    await expect(refine(path, profileOf(defined(fixture), 7), calibration, options)).rejects.toThrow(
      'BWC514',
    );
    await expect(refine(path, profile, { ...calibration, model: '0'.repeat(64) }, options)).rejects.toThrow(
      'BWC513',
    );
  });
});
