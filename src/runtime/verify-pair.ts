import { type Diagnostic, diagnostic, reasonOf } from '../diagnostics/index.js';
import { CachedModel } from './cached.js';
import { type DenoiseStep, generate } from './denoise.js';
import { compareTensors } from './fidelity.js';
import { type FusionDifference, fusionDifferences, fusionText } from './fusions.js';
import type { RunProfile } from './profile.js';
import { agrees, bitsText, type Replay, replay, sameBits } from './replay.js';
import { type Level, openModel, type Port, type SessionOptions } from './session.js';
import { type Check, stateChecks } from './verify-state.js';

export interface VerifyOptions extends Pick<SessionOptions, 'threads' | 'provider'> {
  /** Default: the profile's first. */
  readonly seed?: number;
  /** Only the first so many steps of the profile's. */
  readonly steps?: number;
  /** Told of each check when it is done. */
  readonly onCheck?: (check: Check) => void;
}

export interface Verification {
  /** With reuse switched off, every step gave the original's bits, at both levels. */
  readonly bitEqual: boolean;
  /** Largest difference of any output from the original's on those steps. */
  readonly maxAbs: number;
  /** Steps compared; 0 when the interface was not kept and nothing could be run. */
  readonly steps: number;
  readonly checks: readonly Check[];
  /** What ONNX Runtime fuses differently; looked for only where bits differ at its default level. */
  readonly fusions: readonly FusionDifference[];
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * The difference that other fusions may make, by norm of the output: this, or what ONNX Runtime's optimisations change
 * in the original itself. Those quantise activations where weights are quantised, which turns a last bit into a step.
 */
const ROUNDING = 1e-5;

export interface Paths {
  readonly original: string;
  readonly compiled: string;
}

/** A verification, and the largest difference from the original by the output's norm. */
export interface PairVerification extends Verification {
  readonly relativeError: number;
}

/** The original's loop at one level of optimisation, and the compiled model opened at the same. */
interface Pair {
  readonly steps: readonly DenoiseStep[];
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  readonly compiled: CachedModel;
}

/**
 * Runs both models as they are and compares them.
 * @param tolerance what a computed step may differ from the original's by norm of an output; 0 asks for its bits
 * @throws Refusal of `openModel`, `CachedModel.open` and `denoise`; a failed check does not throw
 */
export async function verifyPair(
  paths: Paths,
  profile: RunProfile,
  tolerance: number,
  options: VerifyOptions,
): Promise<PairVerification> {
  const checks: Check[] = [];
  const add = (...done: readonly Check[]): void => {
    for (const check of done) {
      checks.push(check);
      options.onCheck?.(check);
    }
  };
  const exact = await openPair(paths, profile, 'disabled', options);
  let forced: Replay;
  try {
    const problem = interfaceProblem(exact);
    const detail = problem ?? 'original inputs and outputs keep name, type, shape and order';
    add({ name: 'interface', ok: problem === undefined, detail });
    if (problem !== undefined) {
      const nothing = { maxAbs: Number.NaN, relativeError: Number.NaN, steps: 0 };
      return { bitEqual: false, ...nothing, checks, fusions: [], diagnostics: [] };
    }
    forced = await forcedReplay(exact, tolerance, add);
    const asCompiled = await replay(exact.compiled, exact.steps);
    add(asCompiledCheck(asCompiled, exact.steps.length, tolerance));
    add(...(await stateChecks(exact.compiled, exact.steps, asCompiled, tolerance)));
    add(await dropInCheck(paths, exact, tolerance, options));
  } finally {
    await exact.compiled.close();
  }
  const usual = await openPair(paths, profile, 'all', options);
  try {
    const { check, replayed, fusions, diagnostics } = await defaultLevel(
      paths,
      usual,
      tolerance,
      optimisedBy(exact.steps, usual.steps),
      options,
    );
    add(check);
    return {
      bitEqual: sameBits(forced) && sameBits(replayed),
      maxAbs: Math.max(forced.maxAbs, replayed.maxAbs),
      relativeError: Math.max(forced.relativeError, replayed.relativeError),
      steps: exact.steps.length,
      checks,
      fusions,
      diagnostics,
    };
  } finally {
    await usual.compiled.close();
  }
}

async function openPair(
  paths: Paths,
  profile: RunProfile,
  level: Level,
  options: VerifyOptions,
): Promise<Pair> {
  const session = { ...sessionOptions(options), level };
  const original = await openModel(paths.original, session);
  const { inputs, outputs } = original;
  try {
    const limit = options.steps === undefined ? {} : { steps: options.steps };
    const steps = await generate(original, profile, options.seed ?? profile.seeds[0] ?? 0, limit);
    return { steps, inputs, outputs, compiled: await CachedModel.open(paths.compiled, session) };
  } finally {
    await original.close();
  }
}

export function sessionOptions(options: VerifyOptions): SessionOptions {
  return {
    ...(options.threads !== undefined && { threads: options.threads }),
    ...(options.provider !== undefined && { provider: options.provider }),
  };
}

function interfaceProblem({ compiled, inputs, outputs }: Pair): string | undefined {
  const text = ({ name, type, shape }: Port): string =>
    `${name} ${type}[${shape.map(d => d ?? '?').join(',')}]`;
  const kinds = [
    ['input', inputs, compiled.allInputs],
    ['output', outputs, compiled.allOutputs],
  ] as const;
  for (const [kind, before, after] of kinds) {
    for (const [i, port] of before.entries()) {
      const now = after[i];
      if (now === undefined) return `${kind} ${i}, ${text(port)}, is gone`;
      if (text(now) !== text(port)) return `${kind} ${i} was ${text(port)} and is ${text(now)}`;
    }
  }
  return undefined;
}

/** Runs all steps with reuse switched off where there is a knob for that, and leaves fresh state. */
async function forcing({ compiled, steps }: Pair): Promise<{ replayed: Replay; which: string }> {
  const isForced = compiled.hasKnob('force') && compiled.threaded;
  if (isForced) compiled.setKnobs({ force: 1 });
  const replayed = await replay(compiled, steps);
  if (isForced) compiled.setKnobs({ force: 0 });
  compiled.reset();
  return { replayed, which: isForced ? 'forced' : 'computed' };
}

async function forcedReplay(
  pair: Pair,
  tolerance: number,
  add: (...done: readonly Check[]) => void,
): Promise<Replay> {
  const { replayed, which } = await forcing(pair);
  const { finite } = replayed;
  add(
    { name: 'finite', ok: finite, detail: finite ? 'all outputs are finite' : 'an output is not finite' },
    {
      name: 'bit-equal, optimisations off',
      ok: agrees(replayed, tolerance),
      detail: bitsText(replayed, which),
    },
  );
  return replayed;
}

function asCompiledCheck(run: Replay, steps: number, tolerance: number): Check {
  const detail = `${steps - run.computed} of ${steps} steps reuse; ${bitsText(run)}`;
  const ok = agrees(run, tolerance) && run.finite;
  return { name: 'as compiled', ok, detail: run.finite ? detail : `${detail}; an output is not finite` };
}

/** A caller that knows only the original's inputs must get the original's outputs. */
async function dropInCheck(
  paths: Paths,
  pair: Pair,
  tolerance: number,
  options: VerifyOptions,
): Promise<Check> {
  const name = 'drop-in';
  if (!pair.compiled.manifest.stateDefaults) {
    return { name, ok: true, detail: 'not asked for: the added inputs are required' };
  }
  const plain = await openModel(paths.compiled, { ...sessionOptions(options), level: 'disabled' });
  try {
    const run = await replay(plain, pair.steps);
    return { name, ok: agrees(run, tolerance), detail: `fed the original inputs alone: ${bitsText(run)}` };
  } finally {
    await plain.close();
  }
}

interface DefaultLevel {
  readonly check: Check;
  readonly replayed: Replay;
  readonly fusions: readonly FusionDifference[];
  readonly diagnostics: readonly Diagnostic[];
}

/** What ONNX Runtime's optimisations change in the original's first step, by norm of an output. */
function optimisedBy([plain]: readonly DenoiseStep[], [optimised]: readonly DenoiseStep[]): number {
  const changes = [...(plain?.outputs ?? [])].map(([name, tensor]) => {
    const other = optimised?.outputs.get(name);
    return other === undefined ? 0 : compareTensors(tensor, other).relativeError;
  });
  return Math.max(0, ...changes);
}

/**
 * Bit-equal, or different by no more than rounding where ONNX Runtime is seen to fuse differently.
 * @param optimised what its optimisations change in the original
 */
async function defaultLevel(
  paths: Paths,
  pair: Pair,
  tolerance: number,
  optimised: number,
  options: VerifyOptions,
): Promise<DefaultLevel> {
  const name = 'equal, default optimisations';
  const { replayed, which } = await forcing(pair);
  const text = bitsText(replayed, which);
  if (agrees(replayed, tolerance)) {
    return { check: { name, ok: true, detail: text }, replayed, fusions: [], diagnostics: [] };
  }
  const difference = replayed.relativeError.toExponential(1);
  const failed = (why: string): DefaultLevel => ({
    check: { name, ok: false, detail: `${text}, ${difference} of the output's norm; ${why}` },
    replayed,
    fusions: [],
    diagnostics: [],
  });
  let fusions: readonly FusionDifference[];
  try {
    fusions = await fusionDifferences(paths.original, paths.compiled, sessionOptions(options));
  } catch (error) {
    return failed(`fusions could not be compared: ${reasonOf(error)}`);
  }
  if (fusions.length === 0) return failed('no fusion explains it');
  const own = `optimisations change the original by ${optimised.toExponential(1)}`;
  const why = `fused differently: ${fusionText(fusions)}; ${own}`;
  if (!(replayed.relativeError <= Math.max(ROUNDING, optimised)))
    return { ...failed(`more than rounding; ${why}`), fusions };
  return {
    check: { name, ok: true, detail: `${text}, ${difference} of the output's norm; ${why}` },
    replayed,
    fusions,
    diagnostics: [diagnostic('BWC502', { fusions: fusionText(fusions), difference })],
  };
}
