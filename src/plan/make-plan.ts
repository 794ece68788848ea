import type { Analysis, Block, Update } from '../blocks/index.js';
import { type Diagnostic, diagnostic, refuse } from '../diagnostics/index.js';
import {
  compatible,
  type Dim,
  type Model,
  Node,
  type Shape,
  type TensorType,
  tensorType,
  type Value,
} from '../ir/index.js';
import { evaluate, flopsOf, type Inferred } from '../ir/infer/index.js';
import type { ConfiguredMethod, Probe } from '../methods/index.js';
import { controlLayout, controlLength } from './control.js';
import {
  type Exit,
  type Plan,
  type ProbePlan,
  type Region,
  type StatePlan,
  stateElem,
  type Taps,
} from './plan.js';
import { cutRegion } from './region.js';

export interface PlanOptions {
  readonly steps?: number | undefined;
  readonly stateDefaults?: boolean | undefined;
  /** Hash of the original model. */
  readonly source: string;
}

/** Denoising steps assumed when nobody says. */
const DEFAULT_STEPS = 30;

/** Facts and a method's declaration become the readonly description of the whole rewrite. */
export function makePlan(
  model: Model,
  analysis: Analysis,
  configured: ConfiguredMethod,
  options: PlanOptions,
): { plan: Plan; diagnostics: readonly Diagnostic[] } {
  const { design } = configured;
  const { inferred, roles } = analysis;
  const steps = options.steps ?? DEFAULT_STEPS;
  const diagnostics: Diagnostic[] = options.steps === undefined ? [diagnostic('BWC305', { steps })] : [];
  const region = stackRegion(model, analysis);
  const open = design.reuse === 'residual' ? region.exits.find(exit => exit.enters === undefined) : undefined;
  if (open) diagnostics.push(diagnostic('BWC209', { value: open.value.name }));
  const reuse = open ? 'output' : design.reuse;
  const probe = probePlan(analysis, design.probe, region, design.metric);
  const features = region.exits.map((exit, i): StatePlan => {
    const type = stateType(exit.type, options.stateDefaults ?? false);
    const what = reuse === 'output' ? 'output' : 'residual';
    return {
      name: reuse === 'output' ? `features${suffix(i)}` : `residual${suffix(i)}`,
      type,
      holds: `${what} of the skipped blocks`,
    };
  });
  const references = probe.taps.map(
    (taps, i): StatePlan => ({
      name: `probe${suffix(i)}`,
      type: tensorType('float32', [
        batchDim(inferred, roles.latent.value),
        taps.values.length,
        sampledElements(probe, taps),
      ]),
      holds: `what the ${taps.values.length} probed blocks held when last computed`,
    }),
  );
  const variable = variableInputs(model, inferred);
  const layout = controlLayout(
    design.decision,
    variable.reduce((sum, v) => sum + v.rank, 0),
  );
  const plan: Plan = {
    method: configured.method.name,
    options: configured.options,
    steps,
    stateDefaults: options.stateDefaults ?? false,
    source: options.source,
    latent: roles.latent.value,
    timestep: roles.timestep?.value,
    prediction: roles.prediction.value,
    variable: variable.map(v => v.value),
    layout,
    batch: fixed(batchDim(inferred, roles.latent.value)),
    region,
    probe,
    decision: design.decision,
    reuse,
    features,
    references,
    control: {
      name: 'control',
      type: tensorType('float32', [controlLength(layout)]),
      holds: 'counters and scalars',
    },
    flops: sumFlops(model.graph.nodes, inferred, batchDim(inferred, roles.latent.value)),
  };
  return { plan, diagnostics };
}

/** Inputs whose shapes together hold every dimension that may change from call to call. */
function variableInputs(model: Model, inferred: Inferred): { value: Value; rank: number }[] {
  const covered = new Set<Dim>();
  return model.graph.inputs.flatMap(value => {
    const shape = value.initializer === undefined ? inferred.shapeOf(value) : undefined;
    const open = shape?.filter(d => typeof d !== 'number' && (d === undefined || !covered.has(d))) ?? [];
    for (const dim of open) if (dim !== undefined) covered.add(dim);
    return shape !== undefined && open.length > 0 ? [{ value, rank: shape.length }] : [];
  });
}

function stackRegion(model: Model, analysis: Analysis): Region {
  const { blocks, inferred } = analysis;
  const first = blocks[0];
  const last = blocks.at(-1);
  if (first === undefined || last === undefined) throw new Error('a region needs blocks');
  const outs = last.streams.map((s, i) => s.out && endOf(analysis, s.out, first.streams[i]?.in));
  const leaves = outs.filter(v => v !== undefined);
  const ends = new Set(last.branches.map(b => b.update.add));
  const cut = cutRegion(
    model.graph,
    first.streams.map(s => s.in),
    leaves,
    ends,
  );
  const inside = new Set(cut.nodes);
  const exits = cut.exits.map((value): Exit => {
    const stream = outs.indexOf(value);
    const update = last.branches.find(b => b.update.out === value)?.update;
    const type = tensorTypeOf(inferred, value);
    const enters = first.streams[stream]?.in;
    return {
      value,
      type,
      declared:
        value.type?.kind === 'tensor'
          ? value.type
          : tensorType(
              type.elem,
              type.shape?.map(() => undefined),
            ),
      enters: enters !== undefined && sameStream(analysis, stream, enters, value) ? enters : undefined,
      addends:
        update && separable(inferred, update, inside)
          ? { add: update.add, stream: streamOperand(update) }
          : undefined,
    };
  });
  return {
    name: 'stack',
    blocks: blocks.map(b => b.index),
    enters: first.streams.map(s => s.in),
    exits,
    nodes: cut.nodes,
    flops: sumFlops(cut.nodes, inferred, batchDim(inferred, analysis.roles.latent.value)),
  };
}

/** Operators that a stream's end may pass before it is read: folds undone, the text cut off. */
const REARRANGING: ReadonlySet<string> = new Set(['Slice', 'Reshape', 'Transpose', 'Clip']);

/**
 * Where a stream leaves the region: the last block's output, or what follows it alone, up to where the stream has the
 * shape again in which it entered. Parts that nobody reads are cut off first.
 */
function endOf(analysis: Analysis, out: Value, enters: Value | undefined): Value {
  const { inferred } = analysis;
  let end = out;
  let value = out;
  for (;;) {
    if (enters !== undefined && sameShape(inferred, enters, value)) return value;
    const [user, ...others] = [...value.users].filter(u => !(u instanceof Node && u.op === 'Shape'));
    if (!(user instanceof Node) || others.length > 0) return end;
    if (!REARRANGING.has(user.op) || user.inputs[0] !== value || user.graph !== analysis.flow.graph)
      return end;
    value = user.output;
    if (user.op === 'Slice') end = value;
  }
}

/** True when what enters and what leaves have one shape: by inference, or because only additions lie between. */
function sameStream(analysis: Analysis, stream: number, enters: Value, leaves: Value): boolean {
  if (sameShape(analysis.inferred, enters, leaves)) return true;
  let at: Value | undefined = enters;
  for (const block of analysis.blocks) {
    if (block.streams[stream]?.in !== at) return false;
    at = block.streams[stream]?.out;
  }
  return at === leaves;
}

/** An exit's addition can stay outside when the region does not read its sum and nothing is broadcast. */
function separable(inferred: Inferred, update: Update, inside: ReadonlySet<Node>): boolean {
  const { add, out } = update;
  if (add.outputs.some(v => v && [...v.users].some(user => user instanceof Node && inside.has(user))))
    return false;
  return add.inputs
    .slice(0, 2)
    .every(v => v !== undefined && compatible(inferred.typeOf(v), inferred.typeOf(out)));
}

/** Which operand of a residual addition is the stream. */
function streamOperand(update: Update): 0 | 1 {
  return update.add.inputs[1] === update.result ? 0 : 1;
}

function probePlan(analysis: Analysis, probe: Probe, region: Region, metric: ProbePlan['metric']): ProbePlan {
  const chosen = chooseBlocks(region.blocks, probe.blocks).map(i => blockAt(analysis, i));
  const batch = batchDim(analysis.inferred, analysis.roles.latent.value);
  const byShape = new Map<string, Taps & { values: Value[] }>();
  for (const block of chosen) {
    const value = probed(block, probe);
    const { elem, shape } = tensorTypeOf(analysis.inferred, value);
    const channels = shape?.at(-1);
    if (shape === undefined || typeof channels !== 'number')
      return refuse('BWC204', { value: value.name, what: 'shape' });
    const plain = shape.length === 3 && shape[0] !== undefined && shape[0] === batch;
    const key = `${block.group} ${elem} ${shape.join(',')}`;
    const taps = byShape.get(key) ?? {
      name: `group ${block.group}`,
      values: [],
      elem,
      tokens: tokensOf(shape, batch),
      channels,
      plain,
    };
    taps.values.push(value);
    byShape.set(key, taps);
  }
  return { taps: [...byShape.values()], sampling: probe.tokens, metric };
}

/** Tokens of one sample: everything but channels, with the batch divided out. */
function tokensOf(shape: Shape, batch: Dim): number | undefined {
  const binding = new Map<string, number>(typeof batch === 'string' ? [[batch, 1]] : []);
  let tokens = 1;
  for (const dim of shape.slice(0, -1)) {
    const size = dim === undefined ? undefined : evaluate(dim, binding);
    if (size === undefined) return undefined;
    tokens *= size;
  }
  return typeof batch === 'number' ? tokens / batch : tokens;
}

function probed(block: Block, probe: Probe): Value {
  const [first] = block.branches;
  const out = block.streams[0]?.out ?? block.branches.at(-1)?.update.out;
  const value = probe.tensor === 'block-output' ? out : first?.update.input;
  if (value === undefined) throw new Error(`block ${block.index} has no stream`);
  return value;
}

function chooseBlocks(blocks: readonly number[], choice: Probe['blocks']): readonly number[] {
  if (typeof choice !== 'number') {
    const bad = choice.find(i => !blocks.includes(i));
    if (bad !== undefined || choice.length === 0) {
      refuse('BWC303', {
        name: 'blocks',
        value: choice.join(','),
        reason: `the model has blocks 0 to ${blocks.length - 1}`,
      });
    }
    return choice;
  }
  const count = Math.max(1, Math.round(blocks.length * choice));
  return Array.from(
    { length: count },
    (_, i) => blocks[Math.floor(((i + 0.5) * blocks.length) / count)] ?? 0,
  );
}

/** Step between sampled tokens: odd, so that it does not fall in step with even grids. */
export function tokenStride(tokens: number, share: number, most: number): number {
  return 2 * Math.max(Math.floor(0.5 / share), Math.floor(tokens / (2 * most))) + 1;
}

/** Elements of one probed tensor that are kept per sample, where known. */
function sampledElements(probe: ProbePlan, taps: Taps): Dim {
  const { sampling } = probe;
  if (sampling.kind === 'pooled') return taps.channels;
  if (taps.tokens === undefined) return `bwc_probe_${taps.name.replace(/\W/g, '_')}`;
  if (sampling.kind === 'full') return taps.tokens * taps.channels;
  return Math.ceil(taps.tokens / tokenStride(taps.tokens, sampling.share, sampling.most)) * taps.channels;
}

function blockAt(analysis: Analysis, index: number): Block {
  const block = analysis.blocks[index];
  if (block === undefined) throw new Error(`no block ${index}`);
  return block;
}

function tensorTypeOf(inferred: Inferred, value: Value): TensorType {
  const type = inferred.typeOf(value);
  if (type?.kind !== 'tensor') return refuse('BWC204', { value: value.name, what: 'type' });
  if (type.shape === undefined) return refuse('BWC204', { value: value.name, what: 'shape' });
  return tensorType(type.elem, type.shape);
}

/**
 * Type of the state for a value. A default value must match every fixed dimension, so where state has defaults and
 * all sizes are fixed, the first is given a symbol: the default is then empty and not as large as the state.
 */
function stateType(type: TensorType, defaults: boolean): TensorType {
  const [first, ...rest] = type.shape ?? [];
  const fixed = typeof first === 'number' && rest.every(d => typeof d === 'number');
  return tensorType(stateElem(type.elem), defaults && fixed ? ['bwc_state', ...rest] : type.shape);
}

function batchDim(inferred: Inferred, latent: Value): Dim {
  return inferred.shapeOf(latent)?.[0];
}

function fixed(dim: Dim): number | undefined {
  return typeof dim === 'number' ? dim : undefined;
}

function sameShape(inferred: Inferred, a: Value, b: Value): boolean {
  const x = inferred.shapeOf(a);
  const y = inferred.shapeOf(b);
  return (
    x !== undefined &&
    y !== undefined &&
    x.length === y.length &&
    x.every((d, i) => d !== undefined && d === y[i])
  );
}

/** Floating point operations of one sample, or undefined when another size than the batch is open. */
function sumFlops(nodes: readonly Node[], inferred: Inferred, batch: Dim): number | undefined {
  const binding = new Map<string, number>(typeof batch === 'string' ? [[batch, 1]] : []);
  let sum = 0;
  for (const node of nodes) {
    const flops = flopsOf(node, inferred, binding);
    if (flops === undefined) return undefined;
    sum += flops;
  }
  return sum;
}

function suffix(index: number): string {
  return index === 0 ? '' : `.${index}`;
}
