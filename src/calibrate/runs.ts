import type { Schedule } from '../methods/schedules/index.js';
import { psnr, rangeOf } from '../runtime/fidelity.js';
import type { HostTensor, RunProfile } from '../runtime/index.js';
import type { CutModel } from './cut.js';
import { computeStage, reuseWith, startOf, type Truth } from './fit.js';

/** Latents that a schedule gives, in the order of the generations. */
export async function runSchedule(
  cut: CutModel,
  truths: readonly Truth[],
  { compute, weights, depth }: Pick<Schedule, 'compute' | 'weights' | 'depth'>,
): Promise<HostTensor[]> {
  let stage = startOf(truths);
  for (let step = 0; step < cut.steps; step++) {
    stage =
      compute[step] === true
        ? await computeStage(cut, stage, depth)
        : await reuseWith(cut, stage, weights[step] ?? []);
  }
  return stage.runs.map(({ latent }) => tensorOf(cut, latent));
}

/** Fidelity of latents to the original's, in decibel, in the order of the generations. */
export function fidelityOf(
  cut: CutModel,
  profile: RunProfile,
  truths: readonly Truth[],
  latents: readonly HostTensor[],
): number[] {
  return truths.map((truth, i) => {
    const original = tensorOf(cut, truth.latents.at(-1) ?? new Float32Array());
    return psnr(original, latents[i] ?? original, profile.display?.range ?? rangeOf(original));
  });
}

export function tensorOf(cut: CutModel, latent: Float32Array): HostTensor {
  return { type: 'float32', dims: cut.feeds.dims, data: latent };
}
