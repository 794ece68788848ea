import { type Compiled, type CompileOptions, compile } from '../../src/compile.js';
import { findMethod, type Method } from '../../src/methods/index.js';
import { toBytes } from '../../src/onnx/index.js';
import { CachedModel, type CachedOptions, loadProfile, type RunProfile } from '../../src/runtime/index.js';
import { type Fixture, read } from '../blocks/fixtures.js';
import { calibrationOf, learnedGates, learnedTable } from './calibrations.js';

export interface Built extends Compiled {
  readonly bytes: Uint8Array;
}

const built = new Map<string, Built>();

/** Compiles a fixture, once per set of options and test file. The model of the result must not be changed. */
export function build(fixture: Fixture, options: CompileOptions): Built {
  const { method, ...rest } = options;
  const own = typeof method === 'object' && method.calibration === undefined;
  const name = typeof method === 'object' ? method.name : method;
  const key = `${fixture.title} ${name} ${own} ${JSON.stringify(rest)}`;
  const known = built.get(key);
  if (known !== undefined) return known;
  const compiled = compile(read(fixture), completed(fixture, options));
  const made = { ...compiled, bytes: toBytes(compiled.model) };
  built.set(key, made);
  return made;
}

/** A method as it is without a calibration, where it can do without. */
export function uncalibrated(method: Method): Method {
  const { calibration: _, ...rest } = method;
  return rest;
}

/** With what a method cannot do without: a calibration, a learned table, learned gates, or a grid. */
export function completed(fixture: Fixture, options: CompileOptions): CompileOptions {
  const { method = 'bwcache', steps = 30, set } = options;
  const found = typeof method === 'string' ? findMethod(method) : method;
  // Packed latents do not tell the grid of their tokens.
  if ('grid' in found.options.shape && fixture.family === 'flux' && set?.['grid'] === undefined)
    return { ...options, set: { ...set, grid: '4x4' } };
  if ('table' in found.options.shape && set?.['table'] === undefined)
    return { ...options, set: { ...set, table: learnedTable(fixture, steps) } };
  if ('gates' in found.options.shape && set?.['gates'] === undefined)
    return { ...options, set: { ...set, gates: learnedGates(read(fixture)) } };
  if (found.calibration === undefined || options.calibration !== undefined) return options;
  return { ...options, calibration: calibrationOf(fixture, steps) };
}

export function open(
  { bytes, manifest }: Pick<Built, 'bytes' | 'manifest'>,
  options: CachedOptions = {},
): Promise<CachedModel> {
  return CachedModel.open(bytes, { threads: 1, ...options, manifest });
}

export interface ProfileChanges {
  readonly steps?: number;
  readonly batch?: number;
}

/** The fixture's run profile with another number of steps, or every input of a batch of one made larger. */
export function profileOf(fixture: Fixture, { steps, batch = 1 }: ProfileChanges = {}): RunProfile {
  const profile = loadProfile(fixture.profile);
  const sampler = steps === undefined ? profile.sampler : { ...profile.sampler, steps };
  if (batch === 1) return { ...profile, sampler };
  const inputs = Object.fromEntries(
    Object.entries(profile.inputs).map(([name, spec]) => {
      if (spec.shape[0] !== 1) return [name, spec];
      const shape = [batch, ...spec.shape.slice(1)];
      // A class label a sample, so that samples differ in more than their noise.
      const labels = spec.type === 'int64' && spec.values !== undefined;
      return [name, { ...spec, shape, ...(labels && { values: shape.map((_, i) => i + 3) }) }];
    }),
  );
  return { ...profile, sampler, inputs };
}
