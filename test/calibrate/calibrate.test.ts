import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { calibrate, calibrationText, merge, readCalibration } from '../../src/calibrate/index.js';
import { compile } from '../../src/compile.js';
import { Refusal } from '../../src/diagnostics/index.js';
import { calibrationSchema, parseCalibration, requireCalibrationOf } from '../../src/methods/calibration.js';
import { denoise, loadProfile, numbersOf, openModel, type RunProfile } from '../../src/runtime/index.js';
import { defined, FIXTURES, type Fixture, read, TRAINED } from '../blocks/fixtures.js';
import { withExternalWeights } from '../cli/models.js';
import { branches, trainedEntry } from '../decisions/places.js';
import { attentionInputs, blockOutputs, Recorder } from '../decisions/record.js';

const folder = mkdtempSync(join(tmpdir(), 'bwc-calibrate-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const STEPS = 4;
const SEEDS = [7, 8, 9];

function profileOf(fixture: Fixture): RunProfile {
  const profile = loadProfile(fixture.profile);
  return { ...profile, sampler: { ...profile.sampler, steps: STEPS } };
}

const [trained] = TRAINED;
const fixture = defined(trained);
const run = (seeds: readonly number[], partial?: string, stopAt = Number.POSITIVE_INFINITY) =>
  calibrate(fixture.path, profileOf(fixture), {
    seeds,
    threads: 1,
    fits: 2,
    ...(partial !== undefined && { partial }),
    onProgress: ({ sample }) => {
      if (sample >= stopAt) throw new Error('interrupted');
    },
  });

const whole = run(SEEDS);

const codeOf = (action: () => unknown): string => {
  try {
    action();
  } catch (error) {
    if (error instanceof Refusal) return error.diagnostic.code;
    throw error;
  }
  return 'none';
};

describe('a calibration', () => {
  it('holds what the whole tensors give', async () => {
    const blocks = blockOutputs(fixture);
    const recorder = await Recorder.open(fixture, model => [...blocks(model), ...attentionInputs(model)]);
    const exits: Float64Array[] = [];
    const probes: Float64Array[] = [];
    const predictions: Float64Array[] = [];
    const original = await openModel(fixture.path, { threads: 1 });
    for await (const { feeds, prediction } of denoise(original, profileOf(fixture), 8)) {
      const features = await recorder.features(feeds);
      exits.push(Float64Array.from(defined(features[11]).data));
      probes.push(Float64Array.from(defined(features[12]).data));
      predictions.push(Float64Array.from(numbersOf(prediction)));
    }
    await Promise.all([recorder.close(), original.close()]);
    const { calibration } = await whole;
    const sample = defined(calibration.samples[1]);
    expect(sample.seed).toBe(8);
    const change = (all: readonly Float64Array[]): number[] =>
      all.slice(1).map((now, i) => {
        const before = defined(all[i]);
        const sum = (f: (x: number, i: number) => number): number =>
          now.reduce((total, x, at) => total + Math.abs(f(x, at)), 0);
        return sum((x, at) => x - (before[at] ?? 0)) / sum((_, at) => before[at] ?? 0);
      });
    const close = (all: readonly number[]): unknown => all.map(x => expect.closeTo(x, 4));
    expect(sample.exit).toEqual(close(change(exits)));
    expect(sample.probe).toEqual(close(change(probes)));
    expect(sample.predicted).toEqual(close(change(predictions)));
    const gram = predictions.flatMap((a, i) =>
      predictions.slice(0, i + 1).map(b => a.reduce((sum, x, at) => sum + x * (b[at] ?? 0), 0) / a.length),
    );
    expect(sample.prediction).toEqual(close(gram));
  });

  it('holds what scales and shifts are fitted to', async () => {
    const recorder = await Recorder.open(fixture, model => [
      trainedEntry(model),
      defined(blockOutputs(fixture)(model)[0]),
      defined(branches(fixture)(model)[1]?.exits[0]),
    ]);
    const added: Float64Array[] = [];
    const given: Float64Array[] = [];
    const original = await openModel(fixture.path, { threads: 1 });
    const channels = 128;
    for await (const { feeds } of denoise(original, profileOf(fixture), 8)) {
      const [entry, exit, branch] = await recorder.features(feeds);
      added.push(Float64Array.from(defined(exit).data, (x, i) => x - (entry?.data[i] ?? 0)));
      given.push(Float64Array.from(defined(branch).data));
    }
    await Promise.all([recorder.close(), original.close()]);
    const { calibration } = await run([8]);
    const [fits] = defined(calibration.fits);
    const means = (a: Float64Array, b?: Float64Array): unknown[] =>
      Array.from({ length: channels }, (_, c) => {
        let sum = 0;
        for (let i = c; i < a.length; i += channels) sum += (a[i] ?? 0) * (b?.[i] ?? 1);
        return expect.closeTo(sum / (a.length / channels), 4);
      });
    const told = (row?: readonly number[]): number[] => defined(row).map(x => x * 1e-9);
    for (const [tensors, moments] of [
      [added, fits?.block[0]],
      [given, fits?.branches[1]?.[0]],
    ] as const) {
      const [, a, b, c] = tensors.map(x => defined(x));
      expect(moments?.product.map(rows => rows.length)).toEqual([0, 1, 2, 2]);
      expect(told(moments?.mean[3])).toEqual(means(defined(c)));
      expect(told(moments?.square[1])).toEqual(means(defined(a), a));
      expect(told(moments?.product[3]?.[0])).toEqual(means(defined(c), b));
      expect(told(moments?.product[3]?.[1])).toEqual(means(defined(c), a));
    }
  });

  it('knows how the sampler uses a prediction', async () => {
    const { calibration } = await whole;
    expect(calibration.sampler.keep).toEqual([1, 1, 1, 1]);
    expect(calibration.sampler.take).toEqual([-0.25, -0.25, -0.25, -0.25]);
    expect(calibration.elements).toBe(2048);
    expect(calibration.samples[0]?.range).toBe(2);
  });

  it('is put together from shards, in any order, to the same bytes', async () => {
    const parts = await Promise.all([[9], [7, 8]].map(seeds => run(seeds)));
    const named = parts.map(({ calibration }, i) => ({ path: `${i}.json`, calibration }));
    expect(calibrationText(merge(named))).toBe(calibrationText((await whole).calibration));
    expect(codeOf(() => merge([...named, ...named]))).toBe('BWC514');
    const other = named.map(part => ({
      ...part,
      calibration: { ...part.calibration, profile: '0'.repeat(64) },
    }));
    expect(codeOf(() => merge([...named, ...other]))).toBe('BWC514');
  });

  it('goes on where it was interrupted', async () => {
    const partial = join(folder, 'partial');
    await expect(run(SEEDS, partial, 3)).rejects.toThrow('interrupted');
    expect(readCalibration(partial).samples.map(({ seed }) => seed)).toEqual([7, 8]);
    const { calibration, resumed } = await run(SEEDS, partial);
    expect(resumed).toBe(2);
    expect(calibrationText(calibration)).toBe(calibrationText((await whole).calibration));
  });

  it('starts anew where the partial file is of another run', async () => {
    const partial = join(folder, 'other');
    writeFileSync(partial, calibrationText((await whole).calibration));
    expect((await run([7], partial)).resumed).toBe(0);
    writeFileSync(partial, calibrationText((await run([8])).calibration));
    const plain = { seeds: [8], threads: 1, partial };
    expect((await calibrate(fixture.path, profileOf(fixture), plain)).resumed).toBe(0);
  });

  it('of a model with weights in other files leaves nothing beside it', async () => {
    const copy = join(folder, 'external.onnx');
    withExternalWeights(fixture.path, copy);
    const { calibration } = await calibrate(copy, profileOf(fixture), { seeds: [8], threads: 1 });
    const inside = defined((await whole).calibration.samples[1]);
    expect(calibration.samples[0]?.residual).toEqual(inside.residual.map(x => expect.closeTo(x, 6)));
    expect(readdirSync(folder).filter(name => name.includes('calibrate'))).toEqual([]);
  });
});

describe.each(FIXTURES)('$title', each => {
  it('can be calibrated', async () => {
    const options = { seeds: [1], threads: 1, fits: 1 };
    const { calibration } = await calibrate(each.path, profileOf(each), options);
    for (const region of ['branch', 'block']) {
      const set = { adjust: 'yes', region, delta: 100 };
      const { plan } = compile(read(each), { method: 'block-caching', set, calibration, steps: STEPS });
      for (const { reuse, exits } of plan.regions) expect(reuse.adjust).toHaveLength(exits.length);
    }
    expect(calibrationSchema.safeParse(calibration).error).toBeUndefined();
    expect(calibration.blocks.map(block => block.branches.map(branch => branch.kind))).toEqual(
      each.truth.blocks.map(block => block.branches),
    );
    const [sample] = calibration.samples;
    expect(sample?.residual.every((x, i, all) => x * x <= 1.001 * diagonal(all, i))).toBe(true);
    expect(Math.min(...defined(sample).probe)).toBeGreaterThan(0);
  });
});

/** Product of the two diagonal elements that bound an element of a Gram matrix's triangle. */
function diagonal(triangle: readonly number[], index: number): number {
  const row = Math.floor((Math.sqrt(8 * index + 1) - 1) / 2);
  const at = (r: number): number => triangle[(r * (r + 1)) / 2 + r] ?? Number.NaN;
  return at(row) * at(index - (row * (row + 1)) / 2);
}

describe('a calibration file', () => {
  it('is read back as it was written', async () => {
    const { calibration } = await whole;
    const path = join(folder, 'file.json');
    writeFileSync(path, calibrationText(calibration));
    expect(readCalibration(path)).toEqual(calibration);
  });

  it('is refused when it is none, of another version, or of another model', async () => {
    const { calibration } = await whole;
    expect(codeOf(() => parseCalibration({}, 'x'))).toBe('BWC511');
    expect(codeOf(() => parseCalibration({ ...calibration, samples: [] }, 'x'))).toBe('BWC511');
    expect(codeOf(() => parseCalibration({ ...calibration, version: 2 }, 'x'))).toBe('BWC512');
    expect(codeOf(() => parseCalibration({ ...calibration, fits: undefined }, 'x'))).toBe('BWC511');
    const steps = calibration.fits?.map(fits => ({
      ...fits,
      block: fits.block.map(moments => ({ ...moments, mean: moments.mean.slice(1) })),
    }));
    expect(codeOf(() => parseCalibration({ ...calibration, fits: steps }, 'x'))).toBe('BWC511');
    const short = calibration.samples.map(sample => ({ ...sample, residual: sample.residual.slice(1) }));
    expect(codeOf(() => parseCalibration({ ...calibration, samples: short }, 'x'))).toBe('BWC511');
    expect(codeOf(() => requireCalibrationOf(calibration, '0'.repeat(64), 'x'))).toBe('BWC513');
    expect(codeOf(() => requireCalibrationOf(calibration, calibration.model, 'x'))).toBe('none');
    const path = join(folder, 'cut.json');
    writeFileSync(path, calibrationText(calibration).slice(0, 1000));
    expect(codeOf(() => readCalibration(path))).toBe('BWC511');
    expect(codeOf(() => readCalibration(join(folder, 'none.json')))).toBe('BWC101');
  });

  it('has the published schema', () => {
    const file = new URL('../../docs/schemas/bwc.calibration.schema.json', import.meta.url);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(
      JSON.parse(JSON.stringify(z.toJSONSchema(calibrationSchema))),
    );
  });
});
