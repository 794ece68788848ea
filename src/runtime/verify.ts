import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { diagnostic, Refusal } from '../diagnostics/index.js';
import { countOps, opKey, optimisedOps } from './fusions.js';
import { modelFiles } from './manifest.js';
import type { RunProfile } from './profile.js';
import { openModel } from './session.js';
import {
  type Paths,
  sessionOptions,
  type Verification,
  type VerifyOptions,
  verifyPair,
} from './verify-pair.js';
import type { Check } from './verify-state.js';
import { isNarrow, widen, widenProfile } from './widen.js';

/**
 * The difference that 16-bit rounding in other places may make, by norm of the output: 16 units in the last place of
 * float16, which has 11 bits.
 */
const NARROW_ROUNDING = 16 * 2 ** -11;

/**
 * Compares a compiled model with its original, step by step on the inputs that the original's own denoising loop
 * sees. A computed step owes nothing to the cache, so each one must equal the original's bit for bit. Where ONNX
 * Runtime does not compute a model's 16-bit floats as such, bits are compared of both models widened to float32, and
 * the models as they are must agree within 16-bit rounding.
 * @throws Refusal of `openModel`, `CachedModel.open` and `denoise`; a failed check does not throw
 */
export async function verifyCompiled(
  originalPath: string,
  compiledPath: string,
  profile: RunProfile,
  options: VerifyOptions = {},
): Promise<Verification> {
  const [compiled] = await modelFiles(compiledPath);
  const paths = { original: originalPath, compiled };
  const cause = await roundingElsewhere(paths, options);
  if (cause === undefined) return await verifyPair(paths, profile, 0, options);
  const exact = await inFloat32(paths, wide => verifyPair(wide, widenProfile(profile), 0, options));
  const own = await asTheyAre(paths, profile, cause, options);
  options.onCheck?.(own);
  const note = diagnostic('BWC503', { reason: cause.text });
  return { ...exact, checks: [...exact.checks, own], diagnostics: [...exact.diagnostics, note] };
}

/** Why a model's bits depend on where ONNX Runtime rounds. */
interface Cause {
  readonly text: string;
  /** Whether the original can be run at all. */
  readonly runs: boolean;
}

/**
 * Looks whether ONNX Runtime inserts conversions into a model of 16-bit floats, or has no kernels for it.
 * @throws Refusal when it loads the original and not the compiled model
 */
async function roundingElsewhere(paths: Paths, options: VerifyOptions): Promise<Cause | undefined> {
  const { readModel } = await import('../onnx/index.js');
  if (!isNarrow(readModel(paths.original))) return undefined;
  const casts = async (path: string): Promise<number> => {
    const conversion = opKey('Cast', 1);
    const run = await optimisedOps(path, { ...sessionOptions(options), level: 'disabled' });
    return (run.get(conversion) ?? 0) - ((await countOps(path)).get(conversion) ?? 0);
  };
  let before: number;
  try {
    before = await casts(paths.original);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { text: error.diagnostic.message, runs: false };
  }
  if (before <= 0) return undefined;
  const after = await casts(paths.compiled);
  const text = `ONNX Runtime inserts ${before} conversions into the original and ${after} into the compiled model, to compute 16-bit floats in float32`;
  return { text, runs: true };
}

async function asTheyAre(
  paths: Paths,
  profile: RunProfile,
  cause: Cause,
  options: VerifyOptions,
): Promise<Check> {
  const name = 'as they are, 16-bit';
  if (!cause.runs) return await loadsAlike(name, paths, cause, options);
  const { onCheck: _, ...quiet } = options;
  const { checks, relativeError, steps } = await verifyPair(paths, profile, NARROW_ROUNDING, quiet);
  const failed = checks.filter(check => !check.ok).map(check => `${check.name}: ${check.detail}`);
  const bound = `at most ${NARROW_ROUNDING.toExponential(1)} is rounding`;
  if (failed.length > 0) return { name, ok: false, detail: `${failed.join('; ')} (${bound})` };
  const detail = `${checks.length} checks over ${steps} steps, within ${relativeError.toExponential(1)} of the output's norm (${bound}); ${cause.text}`;
  return { name, ok: true, detail };
}

/** What ONNX Runtime loads only once it has optimised it, it must load compiled as well. */
async function loadsAlike(name: string, paths: Paths, cause: Cause, options: VerifyOptions): Promise<Check> {
  const original = await refusalOf(paths.original, options);
  if (original !== undefined) return { name, ok: true, detail: `not run: ${cause.text}` };
  const compiled = await refusalOf(paths.compiled, options);
  const detail = compiled ?? `loaded, not run: with optimisations off, ${cause.text}`;
  return { name, ok: compiled === undefined, detail };
}

/** Why ONNX Runtime does not load a model at its default level; undefined when it does. */
async function refusalOf(path: string, options: VerifyOptions): Promise<string | undefined> {
  try {
    const model = await openModel(path, { ...sessionOptions(options), level: 'all' });
    await model.close();
    return undefined;
  } catch (error) {
    if (error instanceof Refusal) return error.diagnostic.message;
    throw error;
  }
}

/** Calls with copies of both models in float32, which are gone afterwards. */
async function inFloat32<T>(paths: Paths, act: (wide: Paths) => Promise<T>): Promise<T> {
  const [{ readModel, writeModel }, { prepare }] = await Promise.all([
    import('../onnx/index.js'),
    import('../passes/index.js'),
  ]);
  const folder = mkdtempSync(join(tmpdir(), 'bwc-'));
  const copy = async (path: string, name: string): Promise<string> => {
    const model = readModel(path);
    prepare(model);
    widen(model, path);
    const wide = join(folder, name);
    await writeModel(model, wide, { weights: 'embed' });
    return wide;
  };
  try {
    const original = await copy(paths.original, 'original.onnx');
    const [first, ...others] = await modelFiles(paths.compiled);
    // A split's manifest names its models.
    const named = (path: string): string => (others.length === 0 ? 'compiled.onnx' : basename(path));
    const compiled = await copy(first, named(first));
    for (const other of others) await copy(other, named(other));
    return await act({ original, compiled });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
