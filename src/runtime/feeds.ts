import { dirname, resolve } from 'node:path';
import { reasonOf, refuse } from '../diagnostics/index.js';
import type { Shape } from '../ir/index.js';
import { flatten, type InputSpec, type RunProfile, roleNames } from './profile.js';
import { randomNumbers } from './random.js';
import type { Port, StepModel } from './session.js';
import { readTensorFile } from './tensorfile.js';
import { convert, fromNumbers, type HostTensor, isRunType, type RunType, sizeOf } from './tensors.js';

/** An input of a type that can be fed. */
type FedSpec = InputSpec & { readonly type: RunType };

/** What a profile feeds to a model: the parts that stay, and how to make those that change. */
export interface Feeds {
  /** Guidance and conditions. */
  readonly constants: ReadonlyMap<string, HostTensor>;
  /** Shape of the latent. */
  readonly dims: readonly number[];
  /** The latent before the first step, float32. */
  start(seed: number): Float32Array;
  /** All inputs of one step: the latent rounded to its type, the timestep broadcast to its shape. */
  at(latent: Float32Array, timestep: number): Map<string, HostTensor>;
}

/**
 * The feeds of a profile for a model, checked against what the model declares.
 * @throws Refusal BWC404 when they do not fit, BWC402 when a file of the profile cannot be read
 */
export function prepareFeeds(
  profile: RunProfile,
  model: Pick<StepModel, 'path' | 'inputs' | 'outputs'>,
): Feeds {
  checkFit(profile, model);
  const names = roleNames(profile);
  const constants = new Map<string, HostTensor>();
  for (const name of Object.keys(profile.inputs)) {
    const spec = specOf(profile, name);
    if (spec.role === 'guidance' || spec.role === 'condition') {
      constants.set(name, convert(fixed(profile, name, spec), spec.type));
    }
  }
  const latent = specOf(profile, names.latent);
  const timestep = specOf(profile, names.timestep);
  return {
    constants,
    dims: latent.shape,
    start: seed =>
      new Float32Array(
        latent.init === undefined
          ? toNumbers(fixed(profile, names.latent, latent))
          : randomNumbers('normal', sizeOf(latent.shape), seed, latent.scale),
      ),
    at: (values, t) =>
      new Map([
        ...constants,
        [names.latent, fromNumbers(latent.type, latent.shape, values)],
        [names.timestep, filled(timestep, t)],
      ]),
  };
}

function specOf(profile: RunProfile, name: string): FedSpec {
  const spec = profile.inputs[name];
  if (spec === undefined || !isFed(spec)) throw new Error(`a checked profile has no input ${name}`);
  return spec;
}

function isFed(spec: InputSpec): spec is FedSpec {
  return isRunType(spec.type);
}

function toNumbers(tensor: HostTensor): ArrayLike<number> {
  return convert(tensor, 'float64').data as Float64Array;
}

/** A timestep in an integer type is rounded to the nearest. */
function filled(spec: FedSpec, value: number): HostTensor {
  const x = spec.type.startsWith('float') ? value : Math.round(value);
  return fromNumbers(spec.type, spec.shape, new Float64Array(sizeOf(spec.shape)).fill(x));
}

/** A value that does not depend on the run. */
function fixed(profile: RunProfile, name: string, spec: FedSpec): HostTensor {
  const size = sizeOf(spec.shape);
  if (spec.values !== undefined) {
    const flat = flatten(spec.values);
    return fromNumbers(
      spec.type,
      spec.shape,
      flat.length === size ? flat : new Float64Array(size).fill(flat[0] ?? 0),
    );
  }
  if (spec.random !== undefined) {
    return fromNumbers(spec.type, spec.shape, randomNumbers(spec.random, size, spec.seed ?? 0, spec.scale));
  }
  const field = `inputs.${name}.file`;
  let tensor: HostTensor;
  try {
    tensor = readTensorFile(resolve(dirname(profile.path), spec.file ?? ''), spec.key);
  } catch (cause) {
    return refuse(
      'BWC402',
      { path: profile.path, reason: `${field}: ${spec.file}: ${reasonOf(cause)}` },
      undefined,
      cause,
    );
  }
  if (tensor.dims.join() !== spec.shape.join()) {
    const shapes = `${spec.file} has shape [${tensor.dims.join(', ')}], not [${spec.shape.join(', ')}]`;
    return refuse('BWC402', { path: profile.path, reason: `${field}: ${shapes}` });
  }
  return tensor;
}

function checkFit(profile: RunProfile, model: Pick<StepModel, 'path' | 'inputs' | 'outputs'>): void {
  const complain = (reason: string): never => refuse('BWC404', { model: model.path, reason });
  for (const { name, type, shape } of model.inputs) {
    const spec = profile.inputs[name];
    if (spec === undefined) complain(`it says nothing of input ${name}`);
    else if (spec.type !== type) complain(`input ${name} has type ${type}, not ${spec.type}`);
    else if (!isFed(spec)) complain(`input ${name} has type ${type}, which JavaScript cannot feed`);
    else if (!fits(shape, spec.shape)) {
      complain(
        `input ${name} has shape [${shape.map(d => d ?? '?').join(', ')}], not [${spec.shape.join(', ')}]`,
      );
    }
  }
  const extra = Object.keys(profile.inputs).find(name => !model.inputs.some(port => port.name === name));
  if (extra !== undefined) complain(`the model has no input ${extra}, only ${list(model.inputs)}`);
  const { output } = profile.prediction;
  if (!model.outputs.some(port => port.name === output)) {
    complain(`the model has no output ${output}, only ${list(model.outputs)}`);
  }
}

function fits(declared: Shape, given: readonly number[]): boolean {
  return (
    declared.length === given.length && declared.every((d, i) => typeof d !== 'number' || d === given[i])
  );
}

function list(ports: readonly Port[]): string {
  return ports.map(port => port.name).join(', ');
}
