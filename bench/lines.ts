import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { restModel } from '../cli/rest.js';
import { profileHash } from '../src/calibrate/index.js';
import { compile, type Manifest, readModel } from '../src/index.js';
import type { Calibration } from '../src/methods/index.js';
import { modelHash, toBytes } from '../src/onnx/index.js';
import { meanSsim, psnr } from '../src/runtime/fidelity.js';
import {
  benchCompiled,
  CachedModel,
  denoise,
  generate,
  type HostTensor,
  type OpenModel,
  type RunProfile,
  type StepModel,
} from '../src/runtime/index.js';
import { multistep } from './multistep.js';
import type { Setting } from './settings.js';

/** One way to generate with less work. */
export interface Line {
  readonly method: string;
  readonly set: string;
  /** Steps whose blocks are computed, a mean over the seeds; a step of which a part is counts by its operations. */
  readonly computed: number;
  /** Steps by computed steps. */
  readonly ideal: number;
  /** Measured, and its share of the bound (see `bwc bench`); null of lines that have no compiled model. */
  readonly speedup: number | null;
  readonly efficiency: number | null;
  /** Means over the seeds, and the standard error of the first. */
  readonly psnr: number;
  readonly error: number;
  readonly ssim: number;
  readonly stateBytes: number;
  /** What the calibration promised, in decibel. */
  readonly predicted?: number;
}

/** What all lines are measured with: the original, and what it gives with all steps. */
export interface Stage {
  readonly path: string;
  readonly original: OpenModel;
  readonly profile: RunProfile;
  readonly seeds: readonly number[];
  /** In the order of the seeds. */
  readonly truths: readonly HostTensor[];
  /** Where what was measured is kept. */
  readonly folder: string;
}

/** Seeds that times are taken with, and rounds over them. */
const TIMED = { seeds: 2, rounds: 1 };

/** The original's results; those that a file has already, of this model and profile, are not made again. */
export async function truthsOf(
  original: OpenModel,
  profile: RunProfile,
  seeds: readonly number[],
  folder: string,
): Promise<HostTensor[]> {
  const key = `${modelHash(readModel(original.path)).slice(0, 12)}-${profileHash(profile).slice(0, 12)}`;
  const truths: HostTensor[] = [];
  for (const seed of seeds) {
    const file = join(folder, `truth-${key}-${seed}.f32`);
    if (!existsSync(file)) {
      const { data } = await finalOf(original, profile, seed);
      writeFileSync(file, Buffer.from(Float32Array.from(data as Float32Array).buffer));
    }
    const bytes = Uint8Array.from(readFileSync(file));
    truths.push({ type: 'float32', dims: dimsOf(profile), data: new Float32Array(bytes.buffer) });
  }
  return truths;
}

function dimsOf({ inputs }: RunProfile): readonly number[] {
  return Object.values(inputs).find(({ role }) => role === 'latent')?.shape ?? [];
}

async function finalOf(model: StepModel, profile: RunProfile, seed: number): Promise<HostTensor> {
  const last = (await generate(model, profile, seed)).at(-1);
  if (last === undefined) throw new Error('a generation has steps');
  return last.latent;
}

/** A compiled model's line; what was measured of a model of the same bytes before is taken from a file. */
export async function lineOf(
  stage: Stage,
  { method, set }: Setting,
  calibration: Calibration | undefined,
  predicted: number | undefined,
): Promise<Line> {
  const { path, profile, seeds, folder } = stage;
  const { steps } = profile.sampler;
  const { model, manifest } = compile(readModel(path), { method, set, steps, calibration });
  const bytes = toBytes(model);
  const key = createHash('sha256').update(bytes).update(profileHash(profile)).update(seeds.join());
  const file = join(folder, `line-${key.digest('hex').slice(0, 24)}.json`);
  const found = existsSync(file) ? measuredSchema.parse(JSON.parse(readFileSync(file, 'utf8'))) : undefined;
  const measured = await measure(stage, bytes, manifest, found);
  if (measured !== found) writeFileSync(file, JSON.stringify(measured));
  const text = Object.entries(set)
    .map(([option, value]) => `${option}=${value}`)
    .join(' ');
  return {
    method: method === 'auto' && calibration === undefined ? UNMEASURED : method,
    set: text,
    ideal: steps / measured.computed,
    ...measured,
    ...(predicted !== undefined && { predicted }),
  };
}

const measuredSchema = z.object({
  computed: z.number(),
  speedup: z.number().nullable(),
  efficiency: z.number().nullable(),
  // JSON has no infinity.
  psnr: z
    .number()
    .nullable()
    .transform(x => x ?? Number.POSITIVE_INFINITY),
  error: z
    .number()
    .nullable()
    .transform(x => x ?? 0),
  ssim: z.number(),
  stateBytes: z.number(),
});

type Measured = z.infer<typeof measuredSchema>;

/** What is not known of a model yet, beside what is. */
async function measure(
  stage: Stage,
  bytes: Uint8Array,
  manifest: Manifest,
  found: Measured | undefined,
): Promise<Measured> {
  if (found !== undefined && found.speedup !== null) return found;
  const compiled = await CachedModel.open(bytes, { manifest, threads: 1 });
  try {
    const fidelity = found ?? (await generated(stage, compiled));
    return { ...fidelity, ...(await timesOf(stage, compiled)) };
  } finally {
    await compiled.close();
  }
}

async function generated(
  stage: Stage,
  compiled: CachedModel,
): Promise<Omit<Measured, 'speedup' | 'efficiency'>> {
  const { profile, seeds } = stage;
  let computed = 0;
  const results: HostTensor[] = [];
  for (const seed of seeds) {
    let latent: HostTensor | undefined;
    for await (const step of denoise(compiled, profile, seed)) {
      computed += step.signals?.work ?? 1;
      latent = step.latent;
    }
    if (latent !== undefined) results.push(latent);
  }
  const { stateBytes } = compiled;
  return { computed: computed / seeds.length, ...fidelityOf(stage, results), stateBytes };
}

/** How a line of `auto` without a calibration is called. */
export const UNMEASURED = 'auto, not calibrated';

async function timesOf(
  { path, original, profile, seeds }: Stage,
  compiled: CachedModel,
): Promise<{ speedup: number; efficiency: number }> {
  const rest = restModel(path, compiled.manifest);
  const { speedup, efficiency } = await benchCompiled(original, compiled, profile, {
    seeds: seeds.slice(0, TIMED.seeds),
    rounds: TIMED.rounds,
    ...(rest && { rest }),
  });
  return { speedup, efficiency };
}

function fidelityOf(
  { truths, profile }: Stage,
  results: readonly HostTensor[],
): Pick<Line, 'psnr' | 'error' | 'ssim'> {
  const pairs = truths.flatMap((truth, i) => {
    const result = results[i];
    return result === undefined ? [] : [[truth, result] as const];
  });
  const all = pairs.map(([truth, result]) => psnr(truth, result, profile.display?.range));
  const mean = (x: readonly number[]): number => x.reduce((a, b) => a + b, 0) / x.length;
  const middle = mean(all);
  return {
    psnr: middle,
    error: Math.sqrt(mean(all.map(x => (x - middle) ** 2)) / Math.max(1, all.length - 1)),
    ssim: mean(pairs.map(([truth, result]) => meanSsim(truth, result, profile.display))),
  };
}

/** Simply fewer steps, with the profile's sampler and with one of second order. */
export async function fewerLines(stage: Stage, shares: readonly number[]): Promise<Line[]> {
  const { original, profile, seeds } = stage;
  const { steps } = profile.sampler;
  const lines: Line[] = [];
  for (const share of shares) {
    const less = Math.floor(steps / share + 1e-9);
    const short = { ...profile, sampler: { ...profile.sampler, steps: less } };
    for (const [set, run] of [
      ['', finalOf],
      [', second order', multistep],
    ] as const) {
      const results: HostTensor[] = [];
      for (const seed of seeds) results.push(await run(original, short, seed));
      lines.push({
        method: FEWER,
        set: `${less} steps${set}`,
        computed: less,
        ideal: steps / less,
        speedup: null,
        efficiency: null,
        ...fidelityOf(stage, results),
        stateBytes: 0,
      });
    }
  }
  return lines;
}

/** How lines are called that make fewer steps. */
export const FEWER = 'fewer steps';
