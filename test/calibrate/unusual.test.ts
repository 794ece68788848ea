import { afterAll, describe, expect, it } from 'vitest';
import { UNUSUAL, USUAL } from '../../bench/unusual.js';
import { calibrate } from '../../src/calibrate/index.js';
import { compile, loadProfile, readModel } from '../../src/index.js';
import { toBytes } from '../../src/onnx/index.js';
import { psnr } from '../../src/runtime/fidelity.js';
import { CachedModel, openModel, type StepModel } from '../../src/runtime/index.js';
import { defined, TRAINED } from '../blocks/fixtures.js';

const STEPS = 30;
const SEEDS = [101, 102, 103];

const [fixture] = TRAINED;
const { path, profile: profilePath } = defined(fixture);
const loaded = loadProfile(profilePath);
const profile = { ...loaded, sampler: { ...loaded.sampler, steps: STEPS } };

const compiled = (async () => {
  const { calibration } = await calibrate(path, profile, { seeds: [1, 2, 3, 4], threads: 1 });
  const set = { target: 'speedup=2' };
  const { model, manifest } = compile(readModel(path), { method: 'auto', set, calibration });
  return CachedModel.open(toBytes(model), { manifest, threads: 1 });
})();
const original = openModel(path, { threads: 1 });
afterAll(async () => Promise.all([(await compiled).close(), (await original).close()]));

/** Mean fidelity of some use, and the steps of a generation that were computed. */
async function fidelity({ run }: typeof USUAL): Promise<{ psnr: number; computed: number }> {
  const [plain, cached] = [await original, await compiled];
  let [sum, computed] = [0, 0];
  const counted = (): StepModel => {
    const stream = cached.stream();
    return {
      path: stream.path,
      inputs: stream.inputs,
      outputs: stream.outputs,
      run: async feeds => {
        const result = await stream.run(feeds);
        computed += result.signals?.computed === true ? 1 : 0;
        return result;
      },
      reset: () => stream.reset(),
      close: () => stream.close(),
    };
  };
  for (const seed of SEEDS) {
    const truth = await run(() => plain, profile, seed);
    sum += psnr(truth, await run(counted, profile, seed), profile.display?.range);
  }
  return { psnr: sum / SEEDS.length, computed: computed / SEEDS.length };
}

describe('auto, on a run that no calibration has seen', () => {
  const usual = fidelity(USUAL);

  it('follows its table where nothing is unusual', async () => {
    expect((await usual).computed).toBe(STEPS / 2);
  });

  const [scaled, label] = UNUSUAL;

  it.each([defined(scaled), defined(label)])('$name: loses at most 1 dB', async use => {
    expect((await fidelity(use)).psnr).toBeGreaterThan((await usual).psnr - 1);
  });

  it('computes the rest once the label changes', async () => {
    const half = STEPS / 2;
    const { computed } = await fidelity(defined(label));
    expect(computed).toBeGreaterThan(half + (await usual).computed / 3);
  });
});
