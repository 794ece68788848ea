import { performance } from 'node:perf_hooks';
import { calibrate } from '../src/calibrate/index.js';
import { compile, loadProfile, readModel } from '../src/index.js';
import type { Calibration } from '../src/methods/index.js';
import { toBytes } from '../src/onnx/index.js';
import { median } from '../src/runtime/bench.js';
import { psnr } from '../src/runtime/fidelity.js';
import { CachedModel, generate, type RunProfile } from '../src/runtime/index.js';
import type { Claim } from './claims.js';
import type { Stage } from './lines.js';
import { UNUSUAL, USUAL } from './unusual.js';

/** The speed-up at which unusual runs are looked at. */
const SPEEDUP = 3;

/** Decibel that an unusual run may lose. */
const LOSS = 1;

/** Whether runs that no calibration has seen keep the fidelity of those that it has. */
export async function unusualClaims(
  { path, original, profile, seeds }: Stage,
  calibration: Calibration,
): Promise<Claim[]> {
  const { steps } = profile.sampler;
  const set = { target: `speedup=${SPEEDUP}` };
  const { model, manifest } = compile(readModel(path), { method: 'auto', set, steps, calibration });
  const compiled = await CachedModel.open(toBytes(model), { manifest, threads: 1 });
  const reached: number[] = [];
  for (const { run } of [USUAL, ...UNUSUAL]) {
    let sum = 0;
    for (const seed of seeds) {
      const truth = await run(() => original, profile, seed);
      const result = await run(() => compiled.stream(), profile, seed);
      sum += psnr(truth, result, profile.display?.range);
    }
    reached.push(sum / seeds.length);
  }
  await compiled.close();
  const [usual = 0, ...unusual] = reached;
  return UNUSUAL.map(({ name }, i): Claim => {
    const found = unusual[i] ?? 0;
    return {
      text: `${name}, at ${SPEEDUP}×`,
      found: `${found.toFixed(1)} dB, as calibrated ${usual.toFixed(1)} dB`,
      met: found >= usual - LOSS,
    };
  });
}

/** Longest that calibrating may take, in plain runs. */
const LONGEST = 1.3;

/** Generations and rounds that are timed. */
const TIMED = { seeds: 4, rounds: 3 };

/** What calibrating takes, beside the plain runs that it consists of, in turns. */
export async function calibrationClaim({ path, original, profile, seeds }: Stage): Promise<Claim> {
  const few = seeds.slice(0, TIMED.seeds);
  const ratios: number[] = [];
  for (let round = 0; round < TIMED.rounds; round++) {
    const start = performance.now();
    for (const seed of few) await generate(original, profile, seed);
    const middle = performance.now();
    let first = 0;
    await calibrate(path, profile, {
      seeds: few,
      threads: 1,
      onProgress: ({ sample, step }) => {
        if (sample === 1 && step === 1) first = performance.now();
      },
    });
    // Loading the model and the first step are left out of it, as they are of the plain runs.
    const all = few.length * profile.sampler.steps;
    const calibrating = ((performance.now() - first) * all) / (all - 1);
    ratios.push(calibrating / (middle - start));
  }
  const ratio = median(ratios) ?? Number.NaN;
  return {
    text: `calibrating takes ${LONGEST} times the plain runs`,
    found: `${ratio.toFixed(2)} times`,
    met: ratio <= LONGEST,
  };
}

/** Whether a model that was never trained is calibrated and compiled like any other. */
export async function untrainedClaim(path: string, profilePath: string): Promise<Claim> {
  const loaded = loadProfile(profilePath);
  const profile: RunProfile = { ...loaded, sampler: { ...loaded.sampler, steps: 10 } };
  const { calibration } = await calibrate(path, profile, { seeds: [1, 2], threads: 1 });
  const { diagnostics } = compile(readModel(path), { method: 'auto', calibration });
  return {
    text: 'an untrained model is calibrated',
    found: diagnostics.map(({ message }) => message).join('; '),
    met: diagnostics.every(({ severity }) => severity === 'note'),
  };
}
