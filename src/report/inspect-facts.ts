import {
  type Analysis,
  analyse,
  type Block,
  costOf,
  type InputRole,
  type RoleHints,
  traitsOf,
} from '../blocks/index.js';
import { type Diagnostic, Refusal, refuse } from '../diagnostics/index.js';
import {
  allGraphs,
  allNodes,
  type DataType,
  type Dim,
  type Model,
  type Node,
  type Value,
} from '../ir/index.js';
import { evaluate, flopsOf } from '../ir/infer/index.js';
import { configure, METHODS } from '../methods/index.js';
import { externalLocations } from '../onnx/index.js';
import { prepare } from '../passes/index.js';
import { strip } from '../passes/strip.js';
import { MANIFEST_KEY, type Manifest, makePlan, manifestSchema, statesOf } from '../plan/index.js';
import { tensorBytes, typeName } from './text.js';

export interface InspectOptions extends RoleHints {
  readonly path: string;
  /** Size of the file. */
  readonly bytes: number;
  /** Sizes of symbolic dimensions, for counting operations and bytes; a batch that is open counts as 1. */
  readonly sizes?: ReadonlyMap<string, number>;
}

type ShapeFacts = readonly (number | string | null)[];

export interface PortFacts {
  readonly name: string;
  readonly type: string;
  /** Null when not even the rank is known. */
  readonly shape: ShapeFacts | null;
  readonly role: 'latent' | 'timestep' | 'prediction' | InputRole['role'] | null;
  /** Why we think so. */
  readonly reason: string | null;
}

export interface BlockFacts {
  readonly index: number;
  readonly group: number;
  readonly kind: string;
  readonly nodes: number;
  /** Of one sample and step; null where sizes are open. */
  readonly flops: number | null;
  readonly weightBytes: number;
  readonly activationBytes: number | null;
  readonly streams: readonly { readonly in: string; readonly out: string | null }[];
  readonly branches: readonly BranchFacts[];
}

export interface BranchFacts {
  readonly kind: string;
  readonly output: string;
  /** normalised, modulated, experts, spatial, temporal. */
  readonly traits: readonly string[];
  readonly flops: number | null;
  readonly weightBytes: number;
  readonly activationBytes: number | null;
}

/** What a method with its default options would do to the model. */
export interface MethodEffect {
  readonly name: string;
  readonly blocks: readonly number[];
  /** Operations of a step that a reused step skips. */
  readonly flops: number | null;
  readonly share: number | null;
  readonly state: readonly {
    readonly holds: string;
    readonly type: DataType;
    readonly shape: ShapeFacts;
    readonly bytes: number | null;
  }[];
  /** The state together, where sizes are known. */
  readonly stateBytes: number | null;
  readonly refused: Diagnostic | null;
}

export interface InspectFacts {
  readonly model: {
    readonly path: string;
    readonly producer: string;
    readonly opset: number;
    readonly irVersion: number;
    readonly nodes: number;
    readonly initializers: number;
    readonly functions: number;
    readonly bytes: number;
    readonly weightBytes: number;
    readonly externalData: readonly string[];
    readonly flops: number | null;
  };
  /** The manifest of a compiled model, whose original all else but `model` is about; null for an original. */
  readonly compiled: Manifest | null;
  readonly inputs: readonly PortFacts[];
  readonly outputs: readonly PortFacts[];
  readonly roles: {
    readonly latent: string;
    readonly timestep: string | null;
    readonly prediction: string;
    readonly reasons: {
      readonly latent: string;
      readonly timestep: string | null;
      readonly prediction: string;
    };
  };
  readonly groups: readonly { readonly index: number; readonly kind: string; readonly count: number }[];
  readonly blocks: readonly BlockFacts[];
  readonly methods: readonly MethodEffect[];
  /** Symbols whose sizes would be needed to count operations. */
  readonly open: readonly string[];
  readonly diagnostics: readonly Diagnostic[];
}

/** Everything that `bwc inspect` says of a model. Strips and inlines it; refuses as `analyse` does. */
export function inspectFacts(model: Model, options: InspectOptions): InspectFacts {
  const file = fileFacts(model, options);
  const compiled = manifestOf(model, options.path);
  if (compiled !== null) strip(model);
  prepare(model);
  const analysis = analyse(model, options);
  const { roles, inferred } = analysis;
  const batch = inferred.shapeOf(roles.latent.value)?.[0];
  const sizes = new Map(options.sizes);
  if (typeof batch === 'string' && !sizes.has(batch)) sizes.set(batch, 1);
  const count = (nodes: readonly Node[]): number | null => flopsTogether(nodes, analysis, sizes);
  const total = count(model.graph.nodes);
  const inputs = model.graph.inputs.filter(v => v.initializer === undefined);
  const named = new Map<Value, { role: NonNullable<PortFacts['role']>; reason: string }>([
    ...roles.others.map(o => [o.value, o] as const),
    [roles.latent.value, { role: 'latent', reason: roles.latent.reason }],
    [roles.prediction.value, { role: 'prediction', reason: roles.prediction.reason }],
  ]);
  if (roles.timestep) named.set(roles.timestep.value, { role: 'timestep', reason: roles.timestep.reason });
  const port = (value: Value): PortFacts => ({
    name: value.name,
    type: typeName(inferred.typeOf(value)),
    shape: inferred.shapeOf(value)?.map(d => d ?? null) ?? null,
    role: named.get(value)?.role ?? null,
    reason: named.get(value)?.reason ?? null,
  });
  return {
    model: { ...file, flops: total },
    compiled,
    inputs: inputs.map(port),
    outputs: model.graph.outputs.map(port),
    roles: {
      latent: roles.latent.value.name,
      timestep: roles.timestep?.value.name ?? null,
      prediction: roles.prediction.value.name,
      reasons: {
        latent: roles.latent.reason,
        timestep: roles.timestep?.reason ?? null,
        prediction: roles.prediction.reason,
      },
    },
    groups: analysis.groups.map(({ index, kind, count: members }) => ({ index, kind, count: members })),
    blocks: analysis.blocks.map(block => blockFacts(block, analysis, sizes)),
    methods: METHODS.map(method => methodEffect(method.name, model, analysis, { sizes, count, total })),
    open: total === null ? openSymbols(inputs, analysis, sizes) : [],
    diagnostics: [],
  };
}

function manifestOf(model: Model, path: string): Manifest | null {
  const text = model.metadata.get(MANIFEST_KEY);
  if (text === undefined) return null;
  try {
    return manifestSchema.parse(JSON.parse(text));
  } catch (cause) {
    return refuse('BWC108', { path, reason: `its ${MANIFEST_KEY} cannot be read` }, undefined, cause);
  }
}

function fileFacts(model: Model, { path, bytes }: InspectOptions): Omit<InspectFacts['model'], 'flops'> {
  const tensors = [...allGraphs(model.graph)].flatMap(graph =>
    [...graph.initializers].flatMap(v => v.initializer ?? []),
  );
  return {
    path,
    producer: [model.producerName, model.producerVersion].filter(text => text !== '').join(' '),
    opset: model.opset,
    irVersion: model.irVersion,
    nodes: [...allNodes(model.graph)].length,
    initializers: tensors.length,
    functions: model.functions.length,
    bytes,
    weightBytes: tensors.reduce((sum, t) => sum + t.byteLength, 0),
    externalData: [...externalLocations(model)],
  };
}

function blockFacts(block: Block, analysis: Analysis, sizes: ReadonlyMap<string, number>): BlockFacts {
  const { flow, inferred, roles } = analysis;
  const cost = (nodes: readonly Node[]): Pick<BranchFacts, 'flops' | 'weightBytes' | 'activationBytes'> => {
    const { flops, weightBytes, activationBytes } = costOf(nodes, flow, inferred, sizes);
    return { flops: flops ?? null, weightBytes, activationBytes: activationBytes ?? null };
  };
  return {
    index: block.index,
    group: block.group,
    kind: block.kind,
    nodes: block.nodes.length,
    ...cost(block.nodes),
    streams: block.streams.map(s => ({ in: s.in.name, out: s.out?.name ?? null })),
    branches: block.branches.map(({ kind, update }) => ({
      kind,
      output: update.out.name,
      traits: traitsOf(update, flow, inferred, roles.latent.value, roles.timestep?.value),
      ...cost([...update.cone, update.add]),
    })),
  };
}

interface Costs {
  readonly sizes: ReadonlyMap<string, number>;
  readonly count: (nodes: readonly Node[]) => number | null;
  readonly total: number | null;
}

function methodEffect(name: string, model: Model, analysis: Analysis, costs: Costs): MethodEffect {
  const method = METHODS.find(m => m.name === name);
  if (method === undefined) throw new Error(`no method ${name}`);
  try {
    const { plan } = makePlan(model, analysis, configure(method, {}), { source: '' });
    const skipped = costs.count(plan.regions.flatMap(r => r.nodes));
    const flops = plan.regions.some(r => r.half) && costs.total !== null ? costs.total / 2 : skipped;
    const state = statesOf(plan)
      .filter(s => s !== plan.control)
      .map(({ holds, type }) => {
        const sized = (type.shape ?? []).map((d): Dim => evaluate(d, costs.sizes) ?? d);
        const { bytes, open } = tensorBytes(type.elem, sized);
        const shape = (type.shape ?? []).map(d => d ?? null);
        return { holds, type: type.elem, shape, bytes: open.length === 0 ? bytes : null };
      });
    return {
      name,
      blocks: [...new Set(plan.regions.flatMap(r => r.blocks))],
      flops,
      share: flops === null || costs.total === null ? null : flops / costs.total,
      state,
      stateBytes: state.some(s => s.bytes === null)
        ? null
        : state.reduce((sum, s) => sum + (s.bytes ?? 0), 0),
      refused: null,
    };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const nothing = { blocks: [], flops: null, share: null, state: [], stateBytes: null };
    return { name, ...nothing, refused: error.diagnostic };
  }
}

function flopsTogether(
  nodes: readonly Node[],
  { inferred }: Analysis,
  sizes: ReadonlyMap<string, number>,
): number | null {
  let sum = 0;
  for (const node of nodes) {
    const flops = flopsOf(node, inferred, sizes);
    if (flops === undefined) return null;
    sum += flops;
  }
  return sum;
}

function openSymbols(
  inputs: readonly Value[],
  { inferred }: Analysis,
  sizes: ReadonlyMap<string, number>,
): string[] {
  const dims = inputs.flatMap(v => inferred.shapeOf(v) ?? []);
  return [...new Set(dims.filter(d => typeof d === 'string'))].filter(d => !sizes.has(d));
}
