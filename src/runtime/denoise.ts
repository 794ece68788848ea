import { performance } from 'node:perf_hooks';
import { refuse } from '../diagnostics/index.js';
import { prepareFeeds } from './feeds.js';
import type { RunProfile } from './profile.js';
import { createSampler } from './sampler.js';
import type { Signals, StepModel, Tensors } from './session.js';
import { fromBytes, type HostTensor, numbersOf, sizeOf } from './tensors.js';

export interface DenoiseStep {
  readonly step: number;
  /** As the model was fed it. */
  readonly timestep: number;
  /** Time of the model's run alone. */
  readonly milliseconds: number;
  /** Everything that the model was fed, its own state left out. */
  readonly feeds: Tensors;
  /** All outputs that the original model has. */
  readonly outputs: Tensors;
  /** What the sampler used of the outputs, in the latent's shape. */
  readonly prediction: HostTensor;
  /** The latent after the step, float32. */
  readonly latent: HostTensor;
  /** Of a compiled model. */
  readonly signals?: Signals;
}

export interface DenoiseOptions {
  /** Stops after so many steps of the profile's. */
  readonly steps?: number;
  /** By which runs are timed, in milliseconds; the wall's by default. */
  readonly clock?: () => number;
}

/**
 * Generates from one seed, step by step. A compiled model is not reset first: it must notice by itself that a new
 * generation starts.
 * @throws Refusal BWC404 when the profile does not fit the model, BWC402 for its files, BWC403 when a run fails
 */
export async function* denoise(
  model: StepModel,
  profile: RunProfile,
  seed: number,
  options: DenoiseOptions = {},
): AsyncGenerator<DenoiseStep, void, undefined> {
  const inputs = prepareFeeds(profile, model);
  const sampler = createSampler(profile.sampler);
  const { clock = () => performance.now() } = options;
  let latent = inputs.start(seed);
  const steps = Math.min(options.steps ?? sampler.timesteps.length, sampler.timesteps.length);
  for (let step = 0; step < steps; step++) {
    const timestep = sampler.timesteps[step] ?? 0;
    const feeds = inputs.at(latent, timestep);
    const start = clock();
    const { outputs, signals } = await model.run(feeds);
    const milliseconds = clock() - start;
    const prediction = predictionOf(profile, model, outputs, inputs.dims);
    latent = sampler.update(step, latent, numbersOf(prediction));
    yield {
      step,
      timestep,
      milliseconds,
      feeds,
      outputs,
      prediction,
      latent: { type: 'float32', dims: inputs.dims, data: latent },
      ...(signals !== undefined && { signals }),
    };
  }
}

/**
 * Runs a whole generation.
 * @returns its steps; the last one's `latent` is the result
 */
export async function generate(
  model: StepModel,
  profile: RunProfile,
  seed: number,
  options: DenoiseOptions = {},
): Promise<DenoiseStep[]> {
  const steps: DenoiseStep[] = [];
  for await (const step of denoise(model, profile, seed, options)) steps.push(step);
  return steps;
}

/** What the sampler uses of a model’s outputs, in the shape of the latent. */
export function predictionOf(
  profile: RunProfile,
  model: StepModel,
  outputs: Tensors,
  dims: readonly number[],
): HostTensor {
  const { output, channels } = profile.prediction;
  const whole = outputs.get(output);
  if (whole === undefined)
    return refuse('BWC404', { model: model.path, reason: `it gave no output ${output}` });
  const prediction = channels === undefined ? whole : firstChannels(whole, channels);
  if (sizeOf(prediction.dims) !== sizeOf(dims)) {
    const shapes = `the prediction has shape [${prediction.dims.join(', ')}], the latent [${dims.join(', ')}]`;
    return refuse('BWC404', { model: model.path, reason: shapes });
  }
  return prediction;
}

/** The first `channels` entries of axis 1. */
function firstChannels(tensor: HostTensor, channels: number): HostTensor {
  const [batch = 1, all = 1, ...rest] = tensor.dims;
  const { data } = tensor;
  const row = sizeOf(rest) * data.BYTES_PER_ELEMENT;
  const dims = [batch, Math.min(channels, all), ...rest];
  const bytes = new Uint8Array(sizeOf(dims) * data.BYTES_PER_ELEMENT);
  const kept = Math.min(channels, all) * row;
  for (let i = 0; i < batch; i++) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset + i * all * row, kept), i * kept);
  }
  return fromBytes(tensor.type, dims, bytes);
}
