import { predictionOf } from '../src/runtime/denoise.js';
import { prepareFeeds } from '../src/runtime/feeds.js';
import {
  createSampler,
  type HostTensor,
  numbersOf,
  type RunProfile,
  type StepModel,
} from '../src/runtime/index.js';

/**
 * Generates with the two-step rule of Adams and Bashforth on the noise levels of a rectified flow: second order at one
 * run of the model a step, as the multistep solvers of diffusers are. The first step is Euler's.
 * @returns the latent at the end
 */
export async function multistep(model: StepModel, profile: RunProfile, seed: number): Promise<HostTensor> {
  if (profile.sampler.kind !== 'flow-euler') throw new Error('the rule is for rectified flows');
  const inputs = prepareFeeds(profile, model);
  const sampler = createSampler(profile.sampler);
  let latent = inputs.start(seed);
  let before: { readonly numbers: Float64Array; readonly width: number } | undefined;
  for (const [step, timestep] of sampler.timesteps.entries()) {
    const { outputs } = await model.run(inputs.at(latent, timestep));
    const numbers = Float64Array.from(numbersOf(predictionOf(profile, model, outputs, inputs.dims)));
    // The signed width of the step, as Euler's rule takes it.
    const width = sampler.update(step, [0], [1])[0] ?? 0;
    const half = before === undefined ? 0 : width / (2 * before.width);
    const older = before?.numbers ?? numbers;
    const slope = numbers.map((x, i) => x + half * (x - (older[i] ?? 0)));
    latent = sampler.update(step, latent, slope);
    before = { numbers, width };
  }
  return { type: 'float32', dims: inputs.dims, data: latent };
}
