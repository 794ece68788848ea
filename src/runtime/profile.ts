import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { reasonOf, refuse } from '../diagnostics/index.js';
import { RUN_TYPES, sizeOf } from './tensors.js';

const steps = z.number().int().positive();

const flowEuler = z.strictObject({
  kind: z.literal('flow-euler'),
  steps,
  /** Noise level of the first input and of the result. */
  from: z.number().default(1),
  to: z.number().default(0),
  /** The model is fed noise level x scale. */
  timestepScale: z.number().default(1000),
  /** Noise levels become `shift s / (1 + (shift - 1) s)`. */
  shift: z.number().positive().default(1),
  /** The model is fed (1 - noise level) x scale. */
  flip: z.boolean().default(false),
  /** -1 where the model predicts data minus noise. */
  sign: z.union([z.literal(1), z.literal(-1)]).default(1),
});

const ddim = z.strictObject({
  kind: z.literal('ddim'),
  steps,
  trainSteps: steps.default(1000),
  betaStart: z.number().positive().lt(1),
  betaEnd: z.number().positive().lt(1),
  betaSchedule: z.enum(['linear', 'scaled_linear']),
  /** Where the timesteps lie: multiples of the stride from 0, or counted down from the last one. */
  spacing: z.enum(['leading', 'trailing']).default('leading'),
  prediction: z.enum(['epsilon', 'v', 'sample']),
  /** Signal level behind the last step: 1, or that of timestep 0 (diffusers `set_alpha_to_one`). */
  finalAlpha: z.enum(['one', 'first']).default('one'),
});

type Nested = number | boolean | readonly Nested[];
const nested: z.ZodType<Nested> = z.lazy(() => z.union([z.number(), z.boolean(), z.array(nested)]));

/** Elements of nested lists in row-major order; true is 1. */
export function flatten(values: Nested): number[] {
  return typeof values === 'object' ? values.flatMap(flatten) : [Number(values)];
}

const input = z
  .strictObject({
    role: z.enum(['latent', 'timestep', 'guidance', 'condition']),
    /** As the model declares it. Models of bfloat16 can be verified, in float32, and not run. */
    type: z.enum([...RUN_TYPES, 'bfloat16']),
    shape: z.array(z.number().int().positive()),
    /** The run's own noise, from its seed. */
    init: z.literal('normal').optional(),
    /** Literal elements in row-major order, nested or flat; a single one fills the tensor. */
    values: z.array(nested).optional(),
    random: z.enum(['normal', 'uniform']).optional(),
    seed: z.number().int().nonnegative().optional(),
    /** Factor on random numbers; uniform ones lie in [0, scale). */
    scale: z.number().optional(),
    /** A .npy, .npz or .safetensors file, relative to the profile. */
    file: z.string().min(1).optional(),
    /** Name of the tensor in an .npz or .safetensors file. */
    key: z.string().optional(),
  })
  .superRefine((spec, context) => {
    const complain = (message: string, ...path: string[]): void =>
      context.addIssue({ code: 'custom', message, path });
    const sources = (['init', 'values', 'random', 'file'] as const).filter(name => spec[name] !== undefined);
    if (spec.role === 'timestep') {
      if (sources.length > 0) complain('the sampler gives the timestep its value', sources[0] ?? '');
    } else if (sources.length !== 1) {
      const choices = spec.role === 'latent' ? 'init, values, random, file' : 'values, random, file';
      complain(`give exactly one of ${choices}${sources.length > 0 ? `, not ${sources.join(' and ')}` : ''}`);
    } else if (spec.init !== undefined && spec.role !== 'latent') {
      complain('only the latent starts from the seed of the run; use "random" with a "seed"', 'init');
    }
    if (spec.key !== undefined && spec.file === undefined) complain('a key needs a file', 'key');
    const count = spec.values && flatten(spec.values).length;
    if (count !== undefined && count !== 1 && count !== sizeOf(spec.shape)) {
      complain(`${count} values for shape [${spec.shape.join(', ')}]`, 'values');
    }
  });

/** Axes that a picture has names for; a latent of tokens is shown with its channels as columns. */
export const AXES = ['batch', 'channel', 'frame', 'height', 'width', 'token'] as const;

export type Axis = (typeof AXES)[number];

const display = z.strictObject({
  output: z.literal('latent'),
  axes: z.array(z.enum(AXES)),
  /** Values shown as black and as white. */
  range: z
    .tuple([z.number(), z.number()])
    .refine(([low, high]) => low < high, 'the first must be the smaller'),
});

/** How to drive a model: `docs/run-profile.md` explains every field. */
export const profileSchema = z
  .strictObject({
    $schema: z.string().optional(),
    /** A name for people. */
    model: z.string().optional(),
    sampler: z.discriminatedUnion('kind', [flowEuler, ddim]),
    inputs: z.record(z.string(), input),
    prediction: z.strictObject({
      output: z.string(),
      kind: z.enum(['velocity', 'epsilon', 'v', 'sample']).optional(),
      /** Only the first so many entries of axis 1 are the prediction. */
      channels: z.number().int().positive().optional(),
    }),
    seeds: z.array(z.number().int().nonnegative()).min(1),
    display: display.optional(),
  })
  .superRefine((profile, context) => {
    const complain = (message: string, ...path: string[]): void =>
      context.addIssue({ code: 'custom', message, path });
    const { sampler, inputs, prediction } = profile;
    for (const role of ['latent', 'timestep'] as const) {
      const names = Object.keys(inputs).filter(name => inputs[name]?.role === role);
      if (names.length !== 1) {
        complain(`exactly one input must be the ${role}, not ${names.join(' and ') || 'none'}`, 'inputs');
      }
    }
    const kind = sampler.kind === 'ddim' ? sampler.prediction : 'velocity';
    if (prediction.kind !== undefined && prediction.kind !== kind) {
      complain(`the sampler takes ${kind}, not ${prediction.kind}`, 'prediction', 'kind');
    }
    const latent = Object.values(inputs).find(spec => spec.role === 'latent');
    const { axes } = profile.display ?? {};
    if (axes === undefined || latent === undefined) return;
    if (axes.length !== latent.shape.length) {
      complain(`${axes.length} axes for a latent of rank ${latent.shape.length}`, 'display', 'axes');
    }
    const has = (...names: readonly Axis[]): boolean => names.every(name => axes.includes(name));
    const isImage = has('token') ? has('channel') && !has('height') && !has('width') : has('height', 'width');
    if (new Set(axes).size !== axes.length || !isImage) {
      complain('name each axis once, height and width or token and channel among them', 'display', 'axes');
    }
  });

export type ProfileData = z.infer<typeof profileSchema>;
export type SamplerSpec = ProfileData['sampler'];
export type InputSpec = ProfileData['inputs'][string];

/** A checked run profile and the path that its files are relative to. */
export interface RunProfile extends ProfileData {
  readonly path: string;
}

/**
 * Reads and checks a run profile.
 * @throws Refusal BWC101 when the file cannot be read, BWC402 with the field's path when it is not a profile
 */
export function loadProfile(path: string): RunProfile {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    return refuse('BWC101', { path, reason: reasonOf(cause) }, undefined, cause);
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    return refuse('BWC402', { path, reason: `not JSON: ${reasonOf(cause)}` }, undefined, cause);
  }
  return parseProfile(json, path);
}

/**
 * Checks a run profile.
 * @param path where it comes from: for messages, and for the files it names
 * @throws Refusal BWC402 with the field's path
 */
export function parseProfile(json: unknown, path: string): RunProfile {
  const parsed = profileSchema.safeParse(json);
  if (parsed.success) return { ...parsed.data, path };
  const reason = parsed.error.issues
    .map(issue => `${issue.path.join('.') || 'the whole'}: ${issue.message}`)
    .join('; ');
  return refuse('BWC402', { path, reason }, undefined, parsed.error);
}

/** The names of the latent and of the timestep input. */
export function roleNames(profile: ProfileData): { latent: string; timestep: string } {
  const name = (role: 'latent' | 'timestep'): string =>
    Object.keys(profile.inputs).find(key => profile.inputs[key]?.role === role) ?? '';
  return { latent: name('latent'), timestep: name('timestep') };
}
