import { z } from 'zod';
import type { Design, RegionDesign, Reuse } from './design.js';
import { everyNth } from './every-nth.js';
import { blockRun, eachAttention, eachBranch, type ModelFacts } from './facts.js';
import { defineMethod, type Method } from './method.js';

const of = z.enum(['output', 'residual']);
const reuse = z.union([
  z.strictObject({
    of,
    weights: z.strictObject({ kind: z.literal('taylor'), order: z.int().min(0).max(3) }).optional(),
  }),
  /** A share of the tokens is computed in reused steps. */
  z.strictObject({
    of,
    refresh: z.strictObject({ share: z.number().min(0).max(1), age: z.number().min(0).default(0.1) }),
  }),
]);

const branch = z.enum(['self-attention', 'joint-attention', 'cross-attention', 'feed-forward', 'parallel']);
const channel = z.int().nonnegative().default(0);

const region = z.discriminatedUnion('kind', [
  /** Blocks `from` to `to` (excluded) as one; negative ends count from the last, all to the end without `to`. */
  z.strictObject({
    kind: z.literal('blocks'),
    from: z.int().default(0),
    to: z.int().optional(),
    channel,
    reuse,
  }),
  /** Every branch of these kinds as a region of its own. */
  z.strictObject({ kind: z.literal('branches'), of: z.array(branch).min(1), channel, reuse }),
  /** Every attention of tokens to tokens: that outside each one's chunk is kept, and merged with that within. */
  z.strictObject({ kind: z.literal('attention'), channel, chunks: z.int().min(2) }),
  z.strictObject({ kind: z.literal('model'), channel, reuse }),
]);

const probe = z.strictObject({
  tensor: z.enum([
    'block-output',
    'block-residual',
    'front-residual',
    'attention-input',
    'attention-output',
    'stack-input',
    'latent',
  ]),
  blocks: z.union([z.number().gt(0).max(1), z.array(z.int().nonnegative()).min(1)]).default(1),
  tokens: z
    .discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('full') }),
      z.strictObject({ kind: z.literal('pooled') }),
      z.strictObject({
        kind: z.literal('strided'),
        share: z.number().gt(0).max(1),
        most: z.int().positive(),
      }),
    ])
    .default({ kind: 'strided', share: 1 / 16, most: 16 }),
});

const metric = z
  .strictObject({
    kind: z.enum(['relative-l1', 'relative-l2', 'cosine']),
    denominator: z.enum(['older', 'newer']).default('older'),
  })
  .default({ kind: 'relative-l1', denominator: 'older' });

const threshold = z.number().min(0);

const decision = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('trigger'),
    probe,
    metric,
    threshold,
    once: z.boolean().default(false),
    interval: z.number().positive(),
    tail: z.number().min(0).default(0),
  }),
  z.strictObject({
    kind: z.literal('countdown'),
    probe,
    metric,
    codebook: z.array(z.strictObject({ below: z.number(), rate: z.int().positive() })).min(1),
    threshold: threshold.default(1),
  }),
  /** For each channel: one step in so many is computed, or for each step whether it reuses. */
  z.strictObject({
    kind: z.literal('schedule'),
    reuse: z
      .array(z.union([z.strictObject({ every: z.int().positive() }), z.array(z.boolean()).min(1)]))
      .min(1),
  }),
  z.strictObject({ kind: z.literal('threshold'), probe, metric, threshold }),
  z.strictObject({
    kind: z.literal('accumulate'),
    probe,
    metric,
    polynomial: z.array(z.number()).min(1).optional(),
    threshold,
  }),
  z.strictObject({ kind: z.literal('rate'), threshold }),
]);

const guards = z
  .strictObject({
    warmup: z.number().min(0),
    tail: z.number().min(0),
    most: z.int().min(0),
    mask: z.array(z.boolean()).min(1),
    window: z.tuple([z.number(), z.number()]),
  })
  .partial();

/** A method of one's own as JSON: a design without options. */
export const jsonMethodSchema = z.strictObject({
  $schema: z.string().optional(),
  name: z.string().regex(/^[a-z][a-z0-9-]*$/, 'small letters, digits and dashes'),
  title: z.string().default('A method of your own'),
  source: z.string().default('JSON'),
  summary: z.string().default(''),
  regions: z.array(region).min(1),
  decision,
  guards: guards.optional(),
});

type JsonMethod = z.infer<typeof jsonMethodSchema>;

/** The method that a JSON file declares. Throws a ZodError where it declares none. */
export function jsonMethod(json: unknown): Method {
  const declared = jsonMethodSchema.parse(json);
  const { name, title, source, summary } = declared;
  return defineMethod({
    name,
    title,
    source,
    summary,
    options: z.object({}),
    design: (_, facts) => designOf(declared, facts),
  });
}

function designOf({ regions, decision: decided, guards: guard }: JsonMethod, facts: ModelFacts): Design {
  return {
    regions: regions.flatMap(each => regionsOf(each, facts)),
    decision:
      decided.kind === 'schedule'
        ? {
            kind: 'schedule',
            reuse: decided.reuse.map(row =>
              Array.isArray(row)
                ? Array.from({ length: facts.steps }, (_, s) => row[s] ?? false)
                : everyNth(facts.steps, row.every),
            ),
          }
        : defined(decided),
    ...(guard && { guards: defined(guard) }),
  };
}

function regionsOf(region: JsonMethod['regions'][number], facts: ModelFacts): readonly RegionDesign[] {
  if (region.kind === 'attention')
    return eachAttention(facts, { of: 'output', outside: { count: region.chunks } }, region.channel);
  const how = reuseFrom(region.reuse, facts);
  switch (region.kind) {
    case 'blocks':
      return blockRun(facts, region.from, region.to ?? facts.blocks.length, how, region.channel);
    case 'branches':
      return eachBranch(facts, how, ({ kind }) => (region.of.includes(kind) ? region.channel : undefined));
    case 'model':
      return [{ span: { kind: 'model' }, channel: region.channel, reuse: how }];
  }
}

function reuseFrom(given: z.infer<typeof reuse>, { steps }: ModelFacts): Reuse {
  if (!('refresh' in given)) return defined(given);
  const { share, age } = given.refresh;
  return { of: given.of, refresh: { share: Array.from({ length: steps }, () => share), age } };
}

type Defined<T> = { [K in keyof T]: Exclude<T[K], undefined> };

/** Without keys that hold nothing, as optional ones do behind a schema. */
function defined<T extends object>(value: T): Defined<T> {
  return Object.fromEntries(Object.entries(value).filter(([, x]) => x !== undefined)) as Defined<T>;
}
