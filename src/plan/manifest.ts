import { z } from 'zod';
import { DATA_TYPES } from '../ir/index.js';

const dim = z.union([z.number().int().nonnegative(), z.string()]);
const tensor = { type: z.enum(DATA_TYPES), shape: z.array(dim) };

/** A pair of state tensors: the output of one step is the input of the next. */
const state = z.object({
  input: z.string(),
  output: z.string(),
  ...tensor,
  /** Bytes at the shape below, or null when a symbolic dimension leaves it open. */
  bytes: z.number().int().nonnegative().nullable(),
  /**
   * True where both may be bound to one buffer: proved on the graph, whatever reads the old state has run before the new
   * one is written. `src/passes/in-place.ts` has the rule.
   */
  inPlace: z.boolean().default(false),
  holds: z.string(),
});

const knob = z.object({
  input: z.string(),
  ...tensor,
  /** What each element means; zero always means "as compiled". */
  fields: z.array(z.object({ name: z.string(), doc: z.string() })),
});

const signal = z.object({
  output: z.string(),
  ...tensor,
  /**
   * `computed`: whether the region was computed; `value`: what was measured; `count`: computed steps so far; `next`:
   * whether the next step may reuse.
   */
  name: z.enum(['computed', 'value', 'count', 'next']),
  doc: z.string(),
  /**
   * Where a client that threads the state has it at hand and need not ask for one more output: element `at` of a
   * float32 state output. It is the number itself (not-a-number where the step's result was not finite), or for
   * `computed` one that is 0 where the step was computed.
   */
  stored: z.object({ output: z.string(), at: z.number().int().nonnegative() }).optional(),
});

/** The two models of a split, by file name; they lie beside the manifest. How a host chooses: docs/guides/split.md. */
const split = z.object({ compute: z.string(), reuse: z.string() });

/**
 * What a client must know of a compiled model. It is stored in the model's `metadata_props` under
 * `bwc.manifest` and beside it as JSON.
 */
export const manifestSchema = z.object({
  format: z.literal('bwc.manifest'),
  version: z.literal(1),
  compiler: z.string(),
  method: z.string(),
  options: z.record(z.string(), z.unknown()),
  /** What kind of decision it is: from a table, from what was measured, or from the step's own data. */
  decision: z.enum([
    'trigger',
    'countdown',
    'schedule',
    'watched',
    'tested',
    'threshold',
    'accumulate',
    'rate',
    'ranked',
    'each',
    'each-ahead',
    'graded',
  ]),
  /** Denoising steps the schedule is made for unless the knob says otherwise. */
  steps: z.number().int().positive(),
  stateDefaults: z.boolean(),
  /** Inputs and outputs of the original model, unchanged and first. */
  inputs: z.array(z.string()),
  outputs: z.array(z.string()),
  roles: z.object({ latent: z.string(), timestep: z.string().nullable(), prediction: z.string() }),
  state: z.array(state),
  knobs: z.array(knob),
  signals: z.array(signal),
  regions: z.array(
    z.object({
      name: z.string(),
      /** Indices of the blocks it skips. */
      blocks: z.array(z.number().int().nonnegative()),
      /** Which element of the signal `computed` tells of it. */
      channel: z.number().int().nonnegative(),
      /** Only of a half of the batch: which one is computed at all steps. */
      half: z.enum(['first', 'last']).optional(),
      /** Streams that enter and leave it, by value name in the original. */
      enters: z.array(z.string()),
      leaves: z.array(z.string()),
      /** For each leaving stream the entering one of the same shape, if there is one. */
      continues: z.array(z.string().nullable()),
      /** Floating point operations of one step that are skipped with it; null where shapes are open. */
      flops: z.number().nullable(),
      nodes: z.number().int().nonnegative(),
    }),
  ),
  cost: z.object({
    flops: z.number().nullable(),
    /** Of two models, in that which has more. */
    addedNodes: z.number().int().nonnegative(),
    /** Predicted copies from device to host per step on a CUDA provider. */
    deviceToHost: z.number().int().nonnegative(),
  }),
  /** Only where the compiled model is two. */
  split: split.optional(),
  /** Hash over the original's structure and weight references (sha256, hex). */
  source: z.object({ sha256: z.string() }),
});

export type Manifest = z.infer<typeof manifestSchema>;

/** Key of the manifest in the model's `metadata_props`. */
export const MANIFEST_KEY = 'bwc.manifest';
