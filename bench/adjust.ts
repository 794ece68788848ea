import { join } from 'node:path';
import { calibrate } from '../src/calibrate/index.js';
import { compile, loadProfile, readModel } from '../src/index.js';
import type { Calibration } from '../src/methods/index.js';
import { toBytes } from '../src/onnx/index.js';
import { psnr } from '../src/runtime/fidelity.js';
import {
  CachedModel,
  generate,
  type HostTensor,
  openModel,
  type RunProfile,
  type StepModel,
} from '../src/runtime/index.js';
import { ROOT } from './measure.js';
import type { Benchmark, Row } from './rows.js';

const FIXTURE = join(ROOT, 'fixtures/tiny-video-dit');
const ORIGINAL = join(FIXTURE, 'tiny-video-dit.dynamo.onnx');
const STEPS = [30, 50];

/** Seeds that are judged, and others that fits are made with. */
const SEEDS = Array.from({ length: 8 }, (_, i) => 100 + i);
const FITTED = Array.from({ length: 16 }, (_, i) => 10_000 + i);

const SETTINGS = [
  { region: 'branch', delta: 0.1 },
  { region: 'branch', delta: 0.2 },
  { region: 'branch', delta: 0.5 },
  { region: 'block', delta: 0.1 },
  { region: 'block', delta: 0.2 },
] as const;

/** What scaling and shifting gains block-caching on the trained model: fidelity with and without it, seed by seed. */
export function adjust(): Benchmark {
  return {
    name: 'adjust',
    what: 'block-caching, scaled and shifted',
    run: async say => {
      const rows: Row[] = [];
      const base = loadProfile(join(FIXTURE, 'tiny-video-dit.profile.json'));
      const original = await openModel(ORIGINAL, { threads: 1 });
      for (const steps of STEPS) {
        const profile = { ...base, sampler: { ...base.sampler, steps } };
        say(`calibrating, ${steps} steps`);
        const { calibration } = await calibrate(ORIGINAL, profile, { seeds: FITTED, threads: 1, fits: 8 });
        const truths = await finals(original, profile);
        for (const set of SETTINGS) {
          say(`${steps} steps, ${set.region}, delta ${set.delta}`);
          rows.push(await gain(profile, calibration, truths, set));
        }
      }
      await original.close();
      return rows;
    },
  };
}

async function gain(
  profile: RunProfile,
  calibration: Calibration,
  truths: readonly HostTensor[],
  set: (typeof SETTINGS)[number],
): Promise<Row> {
  const { steps } = profile.sampler;
  const fidelity = async (how: 'yes' | 'no'): Promise<readonly number[]> => {
    const options = { method: 'block-caching', set: { ...set, adjust: how }, steps, calibration };
    const { model, manifest } = compile(readModel(ORIGINAL), options);
    const compiled = await CachedModel.open(toBytes(model), { manifest, threads: 1 });
    const results = await finals(compiled, profile);
    await compiled.close();
    return results.map((result, i) => psnr(truths[i] ?? result, result, profile.display?.range));
  };
  const plain = await fidelity('no');
  const fitted = await fidelity('yes');
  const gained = mean(fitted.map((x, i) => x - (plain[i] ?? x)));
  const error = Math.sqrt(
    mean(fitted.map((x, i) => (x - (plain[i] ?? x) - gained) ** 2)) / (fitted.length - 1),
  );
  return {
    what: `block-caching, ${steps} steps, region=${set.region} delta=${set.delta}`,
    ours: `${mean(fitted).toFixed(1)} dB`,
    reference: `${mean(plain).toFixed(1)} dB as it was, gain ${gained.toFixed(2)} ± ${error.toFixed(2)}`,
    target: { text: 'better', met: gained > 0 },
  };
}

/** The latents at the end, by seed. */
async function finals(model: StepModel, profile: RunProfile): Promise<HostTensor[]> {
  const results: HostTensor[] = [];
  for (const seed of SEEDS) {
    const last = (await generate(model, profile, seed)).at(-1);
    if (last !== undefined) results.push(last.latent);
  }
  return results;
}

function mean(x: readonly number[]): number {
  return x.reduce((a, b) => a + b, 0) / x.length;
}
