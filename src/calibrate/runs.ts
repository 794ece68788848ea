import type { Schedule } from '../methods/schedules/index.js';
import { psnr, rangeOf } from '../runtime/fidelity.js';
import type { HostTensor, RunProfile } from '../runtime/index.js';
import type { CutModel } from './cut.js';
import { computeStage, reuseWith, type Stage, startOf, type Truth } from './fit.js';

/** Latents that a schedule gives, in the order of the generations. */
export async function runSchedule(
  cut: CutModel,
  truths: readonly Truth[],
  schedule: Followed,
): Promise<HostTensor[]> {
  const stages = await stagesOf(cut, startOf(truths), schedule);
  return (stages.at(-1)?.runs ?? []).map(({ latent }) => tensorOf(cut, latent));
}

/** What of a schedule is followed. */
export type Followed = Pick<Schedule, 'compute' | 'weights' | 'depth'>;

/** From a stage on to the end, as a schedule says: that stage, and the one behind each step. */
export async function stagesOf(cut: CutModel, from: Stage, schedule: Followed): Promise<Stage[]> {
  const { compute, weights, depth } = schedule;
  const stages = [from];
  let stage = from;
  for (let step = from.weights.length; step < cut.steps; step++) {
    stage =
      compute[step] === true
        ? await computeStage(cut, stage, depth)
        : await reuseWith(cut, stage, weights[step] ?? []);
    stages.push(stage);
  }
  return stages;
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
