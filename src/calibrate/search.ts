import { refuse } from '../diagnostics/index.js';
import type { Calibration } from '../methods/calibration.js';
import { requireCalibrationOf } from '../methods/calibration.js';
import type { Schedule } from '../methods/schedules/index.js';
import { modelHash, readModel } from '../onnx/index.js';
import type { RunProfile, SessionOptions } from '../runtime/index.js';
import { profileHash } from './calibrate.js';
import { CutModel } from './cut.js';
import { refineAll, truthsOf } from './refine.js';

export interface SearchRunOptions extends Pick<SessionOptions, 'threads' | 'provider'> {
  readonly speedups: readonly number[];
  /** Schedules that are run for each, beside those to start from. */
  readonly tries: number;
  /** Told while tables are searched for, by step. */
  readonly onSearch?: (done: number, of: number) => void;
  /** Told after each schedule that was run, with the best fidelity so far. */
  readonly onTry?: (tried: number, psnr: number) => void;
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
  { speedups, tries, onSearch, onTry, ...options }: SearchRunOptions,
): Promise<Calibration> {
  requireCalibrationOf(calibration, modelHash(readModel(path)), 'the calibration');
  if (calibration.profile !== profileHash(profile)) {
    const reason = 'the calibration was made with another profile';
    refuse('BWC514', { first: 'the calibration', second: profile.path, reason });
  }
  const { steps } = calibration.sampler;
  const found = new Map<number, Schedule>();
  for (const schedule of calibration.schedules ?? []) found.set(countOf(schedule), schedule);
  const model = await CutModel.open(path, profile, 'model', options);
  const stack = await CutModel.open(path, profile, 'stack', options);
  try {
    const truths = await truthsOf(model, calibration);
    const counts = speedups.map(speedup => Math.max(1, Math.floor(steps / speedup + 1e-9)));
    const schedules = await refineAll([model, stack], profile, calibration, truths, [...new Set(counts)], {
      tries,
      ...(onSearch !== undefined && { onStep: onSearch }),
      ...(onTry !== undefined && { onTry }),
    });
    for (const schedule of schedules) found.set(countOf(schedule), schedule);
  } finally {
    await Promise.all([model.close(), stack.close()]);
  }
  const schedules = [...found].sort(([a], [b]) => b - a).map(([, schedule]) => schedule);
  return { ...calibration, schedules };
}

function countOf({ compute }: Schedule): number {
  return compute.filter(computed => computed).length;
}
