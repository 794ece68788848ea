import { z } from 'zod';
import { DATA_TYPES, type ValueType } from '../../ir/index.js';

/** A value in the words of a delta: an output of a node, an input or a constant of a graph, each of one side. */
export const valueRef = z
  .string()
  .regex(/^[ab](n\d+:\d+|[iw]\d+:\d+)$|^-$/)
  .describe(
    'a value: side (a: before, b: after), then n<node>:<output>, i<graph>:<input> or w<graph>:<initializer>; - for an omitted one',
  );

/** A float that JSON can hold, or its text where it cannot (`nan`, `inf`, `-inf`, `-0`). */
const number = z.union([z.number(), z.string()]);

export const encodedTensor = z.object({
  elem: z.enum(DATA_TYPES),
  dims: z.array(z.number().int().nonnegative()),
  name: z.string().optional(),
  doc: z.string().optional(),
  metadata: z.array(z.tuple([z.string(), z.string()])).optional(),
  data: z.string().optional().describe('elements as in raw_data, base64'),
  strings: z.array(z.string()).optional(),
  external: z
    .object({
      location: z.string(),
      offset: z.number().int(),
      length: z.number().int().optional(),
      checksum: z.string().optional(),
    })
    .optional(),
  elided: z.string().optional().describe('hash of elements that are not in this file'),
});

export type EncodedTensor = z.infer<typeof encodedTensor>;

const dim = z.union([z.number().int(), z.string(), z.null()]);

export const encodedType: z.ZodType<ValueTypeJson> = z.lazy(() =>
  z.union([
    z.object({
      kind: z.enum(['tensor', 'sparse']),
      elem: z.enum(DATA_TYPES),
      shape: z.array(dim).optional(),
    }),
    z.object({ kind: z.enum(['sequence', 'optional']), of: encodedType }),
    z.object({ kind: z.literal('other') }),
  ]),
);

export type ValueTypeJson =
  | {
      kind: 'tensor' | 'sparse';
      elem: (typeof DATA_TYPES)[number];
      shape?: (number | string | null)[] | undefined;
    }
  | { kind: 'sequence' | 'optional'; of: ValueTypeJson }
  | { kind: 'other' };

export const encodedAttribute = z.object({
  name: z.string(),
  kind: z.enum([
    'float',
    'floats',
    'int',
    'ints',
    'string',
    'strings',
    'tensor',
    'tensors',
    'graph',
    'graphs',
    'reference',
    'other',
  ]),
  doc: z.string().optional(),
  numbers: z.array(number).optional(),
  integers: z.array(z.string()).optional(),
  strings: z.array(z.string()).optional(),
  tensors: z.array(encodedTensor).optional(),
  graphs: z.array(z.number().int()).optional().describe('indices of the graphs of the model after'),
  type: z.number().int().optional(),
  kept: z.literal(true).optional().describe('as in the node before, and not repeated here'),
});

export type EncodedAttribute = z.infer<typeof encodedAttribute>;

const pairsOf = z.array(z.tuple([z.string(), z.string()]));

export const encodedNode = z.object({
  node: z.number().int().describe('index in the model after'),
  from: z.number().int().optional().describe('index in the model before of the node that it was'),
  op: z.string(),
  domain: z.string().optional(),
  overload: z.string().optional(),
  name: z.string().optional(),
  doc: z.string().optional(),
  metadata: pairsOf.optional(),
  inputs: z.array(valueRef),
  outputs: z.array(z.string().nullable()).describe('names; null for an omitted one'),
  types: z.array(encodedType.nullable()).optional(),
  attributes: z.array(encodedAttribute),
});

export type EncodedNode = z.infer<typeof encodedNode>;

const port = z.object({
  from: valueRef.optional().describe('the value before that it was'),
  name: z.string(),
  type: encodedType.nullable().optional(),
  doc: z.string().optional(),
  metadata: pairsOf.optional(),
  tensor: encodedTensor.optional(),
});

export type EncodedPort = z.infer<typeof port>;

export const encodedGraph = z.object({
  from: z.number().int().optional().describe('index in the model before of the graph that it was'),
  name: z.string(),
  doc: z.string().optional(),
  metadata: pairsOf.optional(),
  inputs: z.array(port),
  weights: z.array(port),
  outputs: z.array(valueRef),
  nodes: z.string().describe('runs of nodes in order: a<from>-<to> are nodes before, b<node> one of `nodes`'),
});

export type EncodedGraph = z.infer<typeof encodedGraph>;

const remark = z.object({ value: valueRef, doc: z.string(), metadata: pairsOf });

export type EncodedRemark = z.infer<typeof remark>;

/** Everything that makes the model after out of the one before. */
export const deltaSchema = z.object({
  model: z.object({
    irVersion: z.number().int(),
    opsets: z.array(z.tuple([z.string(), z.number().int()])),
    producerName: z.string(),
    producerVersion: z.string(),
    domain: z.string(),
    modelVersion: z.string(),
    doc: z.string(),
    metadata: pairsOf,
  }),
  graphs: z.array(encodedGraph),
  nodes: z.array(encodedNode),
  names: z
    .array(z.tuple([z.string(), z.string()]))
    .describe('kept nodes (an<index>) and values with another name'),
  types: z
    .array(z.tuple([z.string(), encodedType.nullable()]))
    .describe('kept values with another declared type'),
  remarks: z.array(remark).describe('values with other documentation or metadata'),
  functions: z.array(
    z.object({
      domain: z.string(),
      name: z.string(),
      overload: z.string(),
      kept: z.literal(true).optional(),
      opsets: z.array(z.tuple([z.string(), z.number().int()])).optional(),
      defaults: z.array(encodedAttribute).optional(),
      graphs: z.array(encodedGraph).optional(),
      nodes: z.array(encodedNode).optional(),
      remarks: z.array(remark).optional(),
    }),
  ),
});

export type Delta = z.infer<typeof deltaSchema>;

export function encodeType(type: ValueType | undefined): ValueTypeJson | null {
  if (type === undefined) return null;
  switch (type.kind) {
    case 'tensor':
    case 'sparse':
      return type.shape === undefined
        ? { kind: type.kind, elem: type.elem }
        : { kind: type.kind, elem: type.elem, shape: type.shape.map(d => d ?? null) };
    case 'sequence':
    case 'optional':
      return { kind: type.kind, of: encodeType(type.of) ?? { kind: 'other' } };
    case 'other':
      return { kind: 'other' };
  }
}

export function decodeType(type: ValueTypeJson | null | undefined): ValueType | undefined {
  if (type === null || type === undefined) return undefined;
  switch (type.kind) {
    case 'tensor':
    case 'sparse':
      return type.shape === undefined
        ? { kind: type.kind, elem: type.elem }
        : { kind: type.kind, elem: type.elem, shape: type.shape.map(d => d ?? undefined) };
    case 'sequence':
    case 'optional':
      return { kind: type.kind, of: decodeType(type.of) ?? { kind: 'other' } };
    case 'other':
      return { kind: 'other' };
  }
}
