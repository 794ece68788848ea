import { refuse } from '../diagnostics/index.js';
import type { Calibration } from '../methods/calibration.js';
import { requireCalibrationOf } from '../methods/calibration.js';
import type { Schedule } from '../methods/schedules/index.js';
import { modelHash, readModel } from '../onnx/index.js';
import type { RunProfile, SessionOptions } from '../runtime/index.js';
import { profileHash } from './calibrate.js';
import { CutModel } from './cut.js';
import { refineFor, truthsOf } from './refine.js';

export interface RefineProgress {
  readonly speedup: number;
  readonly tried: number;
  readonly of: number;
  /** Of the best so far, mean over the generations. */
  readonly psnr: number;
}

export interface SearchRunOptions extends Pick<SessionOptions, 'threads' | 'provider'> {
  readonly speedups: readonly number[];
  /** Schedules that are run for each, beside those to start from. */
  readonly tries: number;
  readonly onProgress?: (progress: RefineProgress) => void;
}

/**
 * The calibration with the best schedule found for each speed-up, by running candidates over the calibration's own
 * generations; it replaces those of before with as many computed steps.
 * @throws Refusal BWC513 for another model's calibration, BWC514 for another profile's
 */
export async function refine(
  path: string,
  profile: RunProfile,
  calibration: Calibration,
  { speedups, tries, onProgress, ...options }: SearchRunOptions,
): Promise<Calibration> {
  requireCalibrationOf(calibration, modelHash(readModel(path)), 'the calibration');
  if (calibration.profile !== profileHash(profile)) {
    const reason = 'the calibration was made with another profile';
    refuse('BWC514', { first: 'the calibration', second: profile.path, reason });
  }
  const { steps } = calibration.sampler;
  const found = new Map<number, Schedule>();
  for (const schedule of calibration.schedules ?? []) found.set(countOf(schedule), schedule);
  const cut = await CutModel.open(path, profile, options);
  try {
    const truths = await truthsOf(cut, calibration);
    for (const speedup of speedups) {
      const computed = Math.max(1, Math.floor(steps / speedup + 1e-9));
      const schedule = await refineFor(cut, profile, calibration, computed, {
        truths,
        tries,
        onTry: (tried, psnr) => onProgress?.({ speedup, tried, of: tries + 1, psnr }),
      });
      found.set(countOf(schedule), schedule);
    }
  } finally {
    await cut.close();
  }
  const schedules = [...found].sort(([a], [b]) => b - a).map(([, schedule]) => schedule);
  return { ...calibration, schedules };
}

function countOf({ compute }: Schedule): number {
  return compute.filter(computed => computed).length;
}
