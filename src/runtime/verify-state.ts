import type { CachedModel } from './cached.js';
import type { DenoiseStep } from './denoise.js';
import { agrees, bitsText, firstDifferent, type Replay, replay } from './replay.js';
import type { Tensors } from './session.js';
import type { HostTensor } from './tensors.js';

export interface Check {
  readonly name: string;
  readonly ok: boolean;
  /** One sentence. */
  readonly detail: string;
}

const NAMES = { reset: 'resets itself', resume: 'state threads', broken: 'broken state' };

/**
 * Whether state can be saved, resumed, left over and spoiled without changing what a generation gives.
 * @param steps recorded steps of the original, on whose feeds the compiled model runs
 * @param first what the compiled model gave on them from fresh state; it must stand at their end now
 * @param tolerance what a computed step may differ from the original's by norm; 0 asks for its bits
 */
export async function stateChecks(
  model: CachedModel,
  steps: readonly DenoiseStep[],
  first: Replay,
  tolerance: number,
): Promise<readonly Check[]> {
  const skipped = (detail: string): Check[] => Object.values(NAMES).map(name => ({ name, ok: true, detail }));
  if (model.manifest.state.length === 0) return skipped('the model has no state');
  if (!model.threaded)
    return skipped('not testable: onnxruntime-node ignores what is fed to inputs with defaults');
  const at = first.firstReused ?? Math.floor(steps.length / 2);
  return [
    await resetCheck(model, steps, first, at),
    await resumeCheck(model, steps, first, at),
    await brokenCheck(model, steps, at, tolerance),
  ];
}

async function resetCheck(
  model: CachedModel,
  steps: readonly DenoiseStep[],
  first: Replay,
  at: number,
): Promise<Check> {
  const result = (ok: boolean, detail: string): Check => ({ name: NAMES.reset, ok, detail });
  model.reset();
  const fresh = firstDifferent(first, await replay(model, steps));
  if (fresh !== undefined)
    return result(false, `from fresh state, step ${fresh} differs from the run before`);
  if (model.manifest.roles.timestep === null) {
    return result(
      true,
      'fresh state gives the same bits; the model has no timestep to notice a new generation by',
    );
  }
  const second = firstDifferent(first, await replay(model, steps));
  if (second !== undefined) {
    return result(false, `without a reset, step ${second} of the second generation differs`);
  }
  await replay(model, steps.slice(0, at + 1));
  const third = firstDifferent(first, await replay(model, steps));
  return third === undefined
    ? result(true, 'after a whole and after a broken-off generation the next one gives the same bits')
    : result(false, `after a generation broken off behind step ${at}, step ${third} of the next differs`);
}

async function resumeCheck(
  model: CachedModel,
  steps: readonly DenoiseStep[],
  first: Replay,
  at: number,
): Promise<Check> {
  model.reset();
  const before = await replay(model, steps.slice(0, at));
  const saved = model.save();
  model.reset();
  await replay(model, steps.slice(at).reverse());
  model.restore(saved);
  const after = await replay(model, steps.slice(at));
  const different = firstDifferent(first, { digests: [...before.digests, ...after.digests] });
  return {
    name: NAMES.resume,
    ok: different === undefined,
    detail:
      different === undefined
        ? `interrupted before step ${at} and resumed from saved state, the generation gives the same bits`
        : `resumed before step ${at} from saved state, step ${different} differs`,
  };
}

/** A step on state that is not a number must be computed in full. */
async function brokenCheck(
  model: CachedModel,
  steps: readonly DenoiseStep[],
  at: number,
  tolerance: number,
): Promise<Check> {
  const name = NAMES.broken;
  model.reset();
  await replay(model, steps.slice(0, at));
  const spoiled = spoil(model.save());
  if (spoiled === undefined) return { name, ok: true, detail: 'no state of a float type' };
  model.restore(spoiled);
  const step = await replay(model, steps.slice(at, at + 1));
  return {
    name,
    ok: step.computed === 1 && agrees(step, tolerance),
    detail:
      step.computed === 0
        ? `step ${at} was reused although its state was not a number`
        : `with not-a-number as state: ${bitsText(step)}`,
  };
}

function spoil(state: Tensors): Tensors | undefined {
  let found = false;
  const spoiled = new Map<string, HostTensor>();
  for (const [name, tensor] of state) {
    const isFloat = tensor.type.startsWith('float') && tensor.data.length > 0;
    found ||= isFloat;
    spoiled.set(name, isFloat ? { ...tensor, data: notANumber(tensor) } : tensor);
  }
  return found ? spoiled : undefined;
}

function notANumber({ type, data }: HostTensor): HostTensor['data'] {
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) return data;
  return data.slice().fill(type === 'float16' ? 0x7e00 : Number.NaN);
}
