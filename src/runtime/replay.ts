import { createHash } from 'node:crypto';
import { bytesOf } from './bits.js';
import type { CachedModel } from './cached.js';
import type { DenoiseStep } from './denoise.js';
import { compareTensors } from './fidelity.js';
import type { StepModel, StepResult } from './session.js';
import { type HostTensor, numbersOf, zeros } from './tensors.js';

/** A compiled model's run over recorded steps of the original. */
export interface Replay {
  /** Of each step's outputs, by which two runs can be compared. */
  readonly digests: readonly string[];
  readonly firstReused: number | undefined;
  /** Steps of which every region was computed. */
  readonly computed: number;
  /** Those among them that gave the original's bits in every output. */
  readonly equal: number;
  readonly firstDifference: number | undefined;
  /** Of computed steps: the largest difference, and the largest norm of one by the output's. */
  readonly maxAbs: number;
  readonly relativeError: number;
  /** Whether the outputs of all steps are. */
  readonly finite: boolean;
}

/** Feeds recorded steps to a model from its present state on, and compares with what was recorded. */
export async function replay(model: StepModel | CachedModel, steps: readonly DenoiseStep[]): Promise<Replay> {
  const digests: string[] = [];
  let [computed, equal, maxAbs, relativeError, finite] = [0, 0, 0, 0, true];
  let firstReused: number | undefined;
  let firstDifference: number | undefined;
  for (const recorded of steps) {
    const result = await model.run(recorded.feeds);
    digests.push(digestOf(result));
    finite &&= [...result.outputs.values()].every(allFinite);
    if (result.signals?.computed === false) {
      firstReused ??= recorded.step;
      continue;
    }
    computed++;
    let same = true;
    for (const [name, expected] of recorded.outputs) {
      const difference = compareTensors(expected, result.outputs.get(name) ?? zeros('bool', [0]));
      same &&= difference.bitEqual;
      maxAbs = Math.max(maxAbs, difference.maxAbs);
      relativeError = Math.max(relativeError, difference.relativeError);
    }
    if (same) equal++;
    else firstDifference ??= recorded.step;
  }
  return { digests, firstReused, computed, equal, firstDifference, maxAbs, relativeError, finite };
}

/** True when there were computed steps and all gave the original's bits. */
export function sameBits(run: Replay): boolean {
  return run.computed > 0 && run.equal === run.computed;
}

/** True when there were computed steps and none was further from the original than `tolerance` by norm; 0 asks for bits. */
export function agrees(run: Replay, tolerance: number): boolean {
  return sameBits(run) || (tolerance > 0 && run.computed > 0 && run.relativeError <= tolerance);
}

/** The result of `sameBits` in words. */
export function bitsText(run: Replay, which = 'computed'): string {
  if (run.computed === 0) return 'no step was computed';
  const steps = `${run.computed} ${which} ${run.computed === 1 ? 'step' : 'steps'}`;
  if (run.equal === run.computed) return `${steps}, bit for bit the original's`;
  const differ = run.computed - run.equal;
  return `${steps}, of which ${differ} ${differ === 1 ? 'differs' : 'differ'} from the original, first step ${run.firstDifference}, by at most ${run.maxAbs.toExponential(1)}`;
}

/** The first place where two runs gave other outputs, if any. */
export function firstDifferent(a: Pick<Replay, 'digests'>, b: Pick<Replay, 'digests'>): number | undefined {
  const at = a.digests.findIndex((digest, i) => digest !== b.digests[i]);
  return at < 0 ? undefined : at;
}

function digestOf({ outputs }: StepResult): string {
  const hash = createHash('sha256');
  for (const [name, tensor] of outputs) hash.update(name).update(bytesOf(tensor));
  return hash.digest('base64');
}

function allFinite(tensor: HostTensor): boolean {
  return numbersOf(tensor).every(Number.isFinite);
}
