import { readFileSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import { z } from 'zod';
import { reasonOf, refuse } from '../diagnostics/index.js';
import { WEIGHTS } from '../onnx/index.js';

const gates = z
  .strictObject({
    minSpeedup: z
      .number()
      .positive()
      .describe('generation of the original by generation of the compiled model'),
    minEfficiency: z.number().min(0).max(1).describe('speed-up by the bound that a reused step allows'),
    minPsnr: z.number().describe('dB between the final latents; equal ones pass any'),
    maxStateBytes: z.number().int().nonnegative().describe('bytes between two steps'),
    maxNewNodes: z.number().int().nonnegative().describe('nodes that the compiler added'),
    allowedOps: z
      .array(z.string())
      .describe('operators that the compiled model may have and the original has not'),
    sameInterface: z.boolean().describe('clients of the previous release go on working'),
  })
  .partial()
  .describe('what must hold for a model to be released');

const bench = z
  .strictObject({
    seeds: z.array(z.number().int().nonnegative()).min(1).describe("default: the profile's"),
    rounds: z.number().int().positive().describe('timed generations of each seed; default 6'),
    threads: z.number().int().positive().describe('threads inside an operator; default 1'),
    provider: z.string().describe('execution provider of ONNX Runtime; default cpu'),
  })
  .partial();

const path = z.string().min(1);

const entry = z
  .strictObject({
    name: z
      .string()
      .regex(/^\w[\w.-]*$/)
      .describe('names its files and its rows'),
    model: path.describe('the exported model'),
    profile: path.optional().describe('run profile; without one the model is compiled and not run'),
    output: path.optional().describe('the compiled model; default <name>.onnx in the output folder'),
    previous: path.optional().describe("the last release's manifest, to compare with"),
    method: z.string().optional().describe('name of a method, or the file of one'),
    calibration: path.optional().describe('what bwc calibrate wrote, for methods that need it'),
    preset: z.string().optional().describe('published settings of a well-known model, or none'),
    set: z.record(z.string(), z.unknown()).optional().describe('options of the method'),
    steps: z.number().int().positive().optional(),
    stateDefaults: z.boolean().optional(),
    latent: z.string().optional(),
    timestep: z.string().optional(),
    weights: z.enum(WEIGHTS).optional(),
    emit: z.enum(['onnx', 'split']).optional().describe('one model, or two without If; default onnx'),
    bench: bench.optional().describe('replaces what all models have'),
    gates: gates.optional().describe('added to what all models have, or in its place'),
  })
  .describe('one model to compile; paths are relative to this file');

/** A release pipeline. `docs/guides/ci.md` explains it. */
export const ciConfigSchema = z
  .strictObject({
    $schema: z.string().optional(),
    output: path.default('bwc-ci').describe('folder of results, relative to this file'),
    report: z.boolean().default(false).describe('write <name>.html for each model: the page of bwc report'),
    bench: bench.default({}),
    gates: gates.default({}),
    models: z.array(entry).min(1),
  })
  .superRefine(({ models, gates: common }, context) => {
    const names = models.map(model => model.name);
    models.forEach(({ name, profile, gates: own, previous }, i) => {
      const complain = (message: string): void =>
        context.addIssue({ code: 'custom', message, path: ['models', i] });
      if (names.indexOf(name) !== i) complain(`there are two models ${name}`);
      const wanted = { ...common, ...own };
      const run = (['minSpeedup', 'minEfficiency', 'minPsnr'] as const).find(
        gate => wanted[gate] !== undefined,
      );
      if (profile === undefined && run !== undefined) complain(`${run} needs a profile`);
      if (previous === undefined && own?.sameInterface === true) complain('sameInterface needs previous');
    });
  });

/** A pipeline as it is written, for those in TypeScript: `export default { … } satisfies CiPipeline`. */
export type CiPipeline = z.input<typeof ciConfigSchema>;
export type CiConfig = z.infer<typeof ciConfigSchema>;
export type CiModel = CiConfig['models'][number];
export type Gates = z.infer<typeof gates>;

/**
 * Reads and checks a pipeline in JSON.
 * @throws Refusal BWC331 with the field's path
 */
export function loadCiConfig(file: string): CiConfig {
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    return refuse('BWC331', { path: file, reason: reasonOf(cause) }, undefined, cause);
  }
  return parseCiConfig(json, file);
}

/**
 * Checks a pipeline; its paths become relative to the working folder.
 * @param file where it is from
 * @throws Refusal BWC331 with the field's path
 */
export function parseCiConfig(pipeline: unknown, file: string): CiConfig {
  const parsed = ciConfigSchema.safeParse(pipeline);
  if (!parsed.success) {
    const reason = parsed.error.issues
      .map(issue => `${issue.path.join('.') || 'the whole'}: ${issue.message}`)
      .join('; ');
    return refuse('BWC331', { path: file, reason }, undefined, parsed.error);
  }
  const config = parsed.data;
  const from = (path: string): string => (isAbsolute(path) ? path : join(dirname(file), path));
  const optional = (path: string | undefined): string | undefined => path && from(path);
  return {
    ...config,
    output: from(config.output),
    models: config.models.map(model => ({
      ...model,
      model: from(model.model),
      profile: optional(model.profile),
      output: optional(model.output),
      previous: optional(model.previous),
      calibration: optional(model.calibration),
      // Names have no ending; files have.
      method: model.method?.includes('.') ? from(model.method) : model.method,
    })),
  };
}

/** The gates of one model: its own before those of all. */
export function gatesOf(config: CiConfig, model: CiModel): Gates {
  return { ...config.gates, ...model.gates };
}

/** Every `count`-th model from the `index`-th on; both count from 1. */
export function shardOf(config: CiConfig, { index, count }: { index: number; count: number }): CiModel[] {
  return config.models.filter((_, i) => i % count === index - 1);
}
