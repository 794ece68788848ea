import type { SamplerSpec } from './profile.js';

/** A denoising loop's numbers, computed once. */
export interface Sampler {
  /** The timestep that the model is fed, by step. */
  readonly timesteps: Float64Array;
  /** The latent after step `step`, from the latent before it and the prediction; all of one size. */
  update(step: number, latent: ArrayLike<number>, prediction: ArrayLike<number>): Float32Array;
}

/** The sampler of a run profile. Arithmetic is in float64; a latent is rounded to float32 after every step. */
export function createSampler(spec: SamplerSpec): Sampler {
  return spec.kind === 'ddim' ? ddim(spec) : flowEuler(spec);
}

/** Rectified flow by Euler's rule: `x += (sigma' - sigma) v`, with sigma in equal steps before the shift. */
function flowEuler(spec: Extract<SamplerSpec, { kind: 'flow-euler' }>): Sampler {
  const { steps, from, to, shift } = spec;
  const sigmas = Float64Array.from({ length: steps + 1 }, (_, i) => {
    const s = from + ((to - from) * i) / steps;
    return (shift * s) / (1 + (shift - 1) * s);
  });
  return {
    timesteps: sigmas.slice(0, steps).map(s => (spec.flip ? 1 - s : s) * spec.timestepScale),
    update(step, latent, prediction) {
      const delta = spec.sign * ((sigmas[step + 1] ?? 0) - (sigmas[step] ?? 0));
      return combine(latent, 1, prediction, delta);
    },
  };
}

/** DDIM without added noise (Song et al. 2020, eq. 12 with sigma = 0), with the step rules of diffusers. */
function ddim(spec: Extract<SamplerSpec, { kind: 'ddim' }>): Sampler {
  const { steps, trainSteps } = spec;
  const alphas = cumulativeAlphas(spec);
  const stride = Math.floor(trainSteps / steps);
  const timesteps = Float64Array.from({ length: steps }, (_, i) =>
    spec.spacing === 'leading'
      ? (steps - 1 - i) * stride
      : Math.round(trainSteps - (i * trainSteps) / steps) - 1,
  );
  const last = spec.finalAlpha === 'one' ? 1 : (alphas[0] ?? 1);
  const mixes = Array.from(timesteps, t => {
    const after = t - stride < 0 ? last : (alphas[t - stride] ?? 1);
    return ddimMix(spec.prediction, alphas[t] ?? 1, after);
  });
  return {
    timesteps,
    update(step, latent, prediction) {
      const { x, p } = mixes[step] ?? { x: 1, p: 0 };
      return combine(latent, x, prediction, p);
    },
  };
}

/** How much of latent `x` and prediction `p` make the next latent, between two signal levels. */
function ddimMix(
  prediction: 'epsilon' | 'v' | 'sample',
  now: number,
  after: number,
): { x: number; p: number } {
  const [signal, noise] = [Math.sqrt(now), Math.sqrt(1 - now)];
  const [nextSignal, nextNoise] = [Math.sqrt(after), Math.sqrt(1 - after)];
  switch (prediction) {
    case 'epsilon':
      return { x: nextSignal / signal, p: nextNoise - (nextSignal * noise) / signal };
    case 'v':
      return { x: nextSignal * signal + nextNoise * noise, p: nextNoise * signal - nextSignal * noise };
    case 'sample':
      return { x: nextNoise / noise, p: nextSignal - (nextNoise * signal) / noise };
  }
}

/** Products of `1 - beta` over the training steps. */
function cumulativeAlphas(spec: Extract<SamplerSpec, { kind: 'ddim' }>): Float64Array {
  const { betaStart, betaEnd, betaSchedule, trainSteps } = spec;
  const scaled = betaSchedule === 'scaled_linear';
  const [first, final] = scaled ? [Math.sqrt(betaStart), Math.sqrt(betaEnd)] : [betaStart, betaEnd];
  let product = 1;
  return Float64Array.from({ length: trainSteps }, (_, i) => {
    const b = first + ((final - first) * i) / Math.max(1, trainSteps - 1);
    product *= 1 - (scaled ? b * b : b);
    return product;
  });
}

function combine(a: ArrayLike<number>, x: number, b: ArrayLike<number>, y: number): Float32Array {
  const out = new Float32Array(a.length);
  for (let i = 0; i < out.length; i++) out[i] = x * (a[i] ?? 0) + y * (b[i] ?? 0);
  return out;
}
