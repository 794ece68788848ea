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

interface Used {
  readonly psnr: number;
  /** Steps of a generation that were computed, a mean. */
  readonly computed: number;
  /** Of each stream, `#` for a computed step. */
  readonly strips: readonly string[];
}

/** Mean fidelity of some use, and what was computed. */
async function fidelity({ run }: typeof USUAL): Promise<Used> {
  const [plain, cached] = [await original, await compiled];
  let sum = 0;
  const strips: string[] = [];
  const counted = (): StepModel => {
    const stream = cached.stream();
    const at = strips.push('') - 1;
    return {
      path: stream.path,
      inputs: stream.inputs,
      outputs: stream.outputs,
      run: async feeds => {
        const result = await stream.run(feeds);
        strips[at] += result.signals?.computed === true ? '#' : '.';
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
  const computed = strips.join('').replaceAll('.', '').length / SEEDS.length;
  return { psnr: sum / SEEDS.length, computed, strips };
}

describe('auto, on a run that no calibration has seen', () => {
  const usual = fidelity(USUAL);

  it('follows its table where nothing is unusual', async () => {
    expect((await usual).computed).toBe(STEPS / 2);
  });

  const [scaled, label, guidance] = UNUSUAL;

  it.each([defined(scaled), defined(label), defined(guidance)])('$name: loses at most 1 dB', async use => {
    expect((await fidelity(use)).psnr).toBeGreaterThan((await usual).psnr - 1);
  });

  it('computes the rest once the label changes', async () => {
    const half = STEPS / 2;
    const { computed } = await fidelity(defined(label));
    expect(computed).toBeGreaterThan(half + (await usual).computed / 3);
  });

  it('computes from where the latent is not what the prediction made of it', async () => {
    const half = STEPS / 2;
    const [table = ''] = (await usual).strips;
    const { strips } = await fidelity(defined(guidance));
    // Both streams first see at the second guided step that something else moved the latent.
    for (const [i, strip] of strips.entries()) {
      const guided = strip.slice(-half);
      if (i % 2 === 0) expect(strip.slice(0, half + 1)).toBe(table.slice(0, half + 1));
      expect(guided.slice(1)).toBe('#'.repeat(half - 1));
    }
  });
});
