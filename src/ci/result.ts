import { z } from 'zod';

const diagnostic = z.object({
  code: z.string(),
  severity: z.enum(['error', 'warning', 'note']),
  kind: z.enum(['usage', 'user', 'unsupported', 'bug']),
  message: z.string(),
  why: z.string(),
  hint: z.string(),
  at: z.string().optional(),
});

const gate = z.object({
  gate: z.string(),
  ok: z.boolean(),
  /** What was asked for, and what was found; in words. */
  limit: z.string(),
  found: z.string(),
});

const modelResult = z.object({
  name: z.string(),
  ok: z.boolean(),
  /** Why it could not be compiled or run. */
  refused: diagnostic.nullable(),
  output: z.string().nullable(),
  method: z.string().nullable(),
  steps: z.number().nullable(),
  addedNodes: z.number().nullable(),
  /** Operators that the original has not. */
  addedOps: z.array(z.string()),
  /** Bytes between two steps; null where sizes are open and nothing was run. */
  stateBytes: z.number().nullable(),
  /** Of `bwc verify`; empty without a profile. */
  checks: z.array(z.object({ name: z.string(), ok: z.boolean(), detail: z.string() })),
  /** Of `bwc bench`; null without a profile. `psnr` is null where the results are equal. */
  bench: z
    .object({
      speedup: z.number(),
      bound: z.number(),
      efficiency: z.number(),
      psnr: z.number().nullable(),
      ssim: z.number(),
      steps: z.number(),
      computed: z.number(),
    })
    .nullable(),
  gates: z.array(gate),
  /** Against the last release; null without one. */
  changes: z.array(z.object({ what: z.string(), before: z.string(), after: z.string() })).nullable(),
});

/** What `bwc ci` writes, whole or for one shard. */
export const ciResultSchema = z.object({
  format: z.literal('bwc.ci'),
  version: z.literal(1),
  compiler: z.string(),
  ok: z.boolean(),
  models: z.array(modelResult),
});

export type CiResult = z.infer<typeof ciResultSchema>;
export type ModelResult = z.infer<typeof modelResult>;
export type GateResult = z.infer<typeof gate>;
export type Change = NonNullable<ModelResult['changes']>[number];

export function ciResult(compiler: string, models: readonly ModelResult[]): CiResult {
  return { format: 'bwc.ci', version: 1, compiler, ok: models.every(model => model.ok), models: [...models] };
}
