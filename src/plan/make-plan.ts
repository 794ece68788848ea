import { isDeepStrictEqual } from 'node:util';
import { type Analysis, traitsOf } from '../blocks/index.js';
import { type Diagnostic, diagnostic, refuse } from '../diagnostics/index.js';
import {
  ancestors,
  type Dim,
  type Graph,
  type Model,
  type Node,
  type TensorType,
  tensorType,
  type Value,
} from '../ir/index.js';
import type { Inferred } from '../ir/infer/index.js';
import {
  type Calibration,
  type ConfiguredMethod,
  type Design,
  looksAtStep,
  type ModelFacts,
  memoryOf,
  type RegionDesign,
  type Reuse,
  withPreset,
} from '../methods/index.js';
import { openAttentionOf } from './attention.js';
import { controlLayout, controlLength, historiesOf } from './control.js';
import { framesOf } from './grid.js';
import { halfCut, narrowed } from './half.js';
import type { AlongPlan, Cut, Exit, Plan, ProbePlan, Region, StatePlan, Taps } from './plan.js';
import { alongPlan, probePlan } from './probe.js';
import { cutOf, ungated } from './region.js';
import { sameShape, stateType, sumFlops } from './shapes.js';

export interface PlanOptions {
  readonly steps?: number | undefined;
  readonly stateDefaults?: boolean | undefined;
  readonly calibration?: Calibration | undefined;
  /** A well-known model whose published settings are taken; `none` takes none. */
  readonly preset?: string | undefined;
  /** Hash of the original model. */
  readonly source: string;
}

/** Denoising steps assumed when nobody says. */
const DEFAULT_STEPS = 30;

/** Facts and a method's declaration become the readonly description of the whole rewrite. */
export function makePlan(
  model: Model,
  analysis: Analysis,
  method: ConfiguredMethod,
  options: PlanOptions,
): { plan: Plan; diagnostics: readonly Diagnostic[] } {
  const { inferred, roles } = analysis;
  const { graph } = model;
  const known = options.steps ?? options.calibration?.sampler.steps;
  const steps = known ?? DEFAULT_STEPS;
  const diagnostics: Diagnostic[] = known === undefined ? [diagnostic('BWC305', { steps })] : [];
  const facts = modelFacts(analysis, steps, options.calibration);
  const { configured, diagnostics: notes } = withPreset(method, facts, options.preset);
  diagnostics.push(...notes);
  const design = withoutCourse(mergeChannels(configured.design(facts)), analysis);
  diagnostics.push(...(design.notes ?? []));
  if (design.regions.length === 0) refuse('BWC306', { method: configured.method.name });
  const batch = inferred.shapeOf(roles.latent.value)?.[0];
  const cuts = cutsOf(graph, analysis, design);
  const total = sumFlops(graph.nodes, inferred, batch);
  const skipped = [...new Set(cuts.flatMap(c => c.blocks))];
  const probe = probePlan(analysis, design.decision, skipped, batch);
  const alone = cuts.length === 1;
  const along = design.regions.map(({ reuse: { weights } }, i) =>
    weights?.kind === 'projected'
      ? alongPlan(analysis, weights, skipped, batch, prefixOf(cuts[i], alone))
      : undefined,
  );
  const looks = looksAtStep(design.decision) && probe?.apart === undefined;
  const first = [looks ? probe : undefined, ...along].flatMap(p => p?.taps ?? []);
  const outside = probedFirst(model, cuts, first);
  const regions = design.regions.map((region, i): Region => {
    const cut = cuts[i];
    if (cut === undefined) throw new Error('every region has its cut');
    const own = probe?.apart === 'in-front' ? probedBefore(model, cut, probe, region.channel ?? 0) : [];
    const made = regionOf(region, cut, new Set([...outside, ...own]), {
      defaults: options.stateDefaults ?? false,
      alone,
      along: along[i],
    });
    if (made.note !== undefined) diagnostics.push(made.note);
    const flops = cut.half ? halved(total) : sumFlops(made.region.nodes, inferred, batch);
    return { ...made.region, flops };
  });
  const variable = variableInputs(model, inferred);
  const dims = variable.reduce((sum, v) => sum + v.rank, 0);
  const channels = 1 + Math.max(...regions.map(r => r.channel));
  const filters = [probe, ...along].map(p => p?.filter);
  const measuresNoise = filters.some(filter => filter !== undefined && filter.noise.full === undefined);
  const { wanted = 0 } = design;
  const layout = controlLayout(design.decision, historiesOf(regions), dims, channels, {
    filtered: measuresNoise,
    steered: wanted > 0,
  });
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
    batch: typeof batch === 'number' ? batch : undefined,
    regions,
    channels,
    decision: design.decision,
    keepsWhole: design.keep === 'whole' && channels > 1,
    guards: design.guards ?? {},
    wanted,
    probe,
    control: {
      name: 'control',
      type: tensorType('float32', [controlLength(layout)]),
      holds: 'counters and scalars',
    },
    flops: total,
  };
  return { plan, diagnostics };
}

/** Where the regions lie. What is computed of a half of the batch has a symbol of its own. */
function cutsOf(graph: Graph, analysis: Analysis, { regions }: Design): readonly Cut[] {
  const halves = regions.map(region => halfCut(graph, analysis, region));
  const batch = halves.find(cut => cut?.half !== undefined)?.half?.batch;
  return regions.map(({ span }, i): Cut => {
    const half = halves[i];
    if (half !== undefined) return half;
    if (span.kind === 'half') throw new Error('a half has its cut');
    const cut = cutOf(graph, analysis, span);
    if (batch === undefined) return cut;
    const exits = cut.exits.map(exit => ({ ...exit, declared: narrowed(exit.declared, batch) }));
    return { ...cut, exits };
  });
}

const halved = (flops: number | undefined): number | undefined => (flops === undefined ? flops : flops / 2);

/** The design with as few channels as say the same: those that nobody obeys go, and like rows of a schedule are one. */
function mergeChannels(design: Design): Design {
  const { decision } = design;
  if (!('reuse' in decision)) return design;
  const rows: (readonly boolean[])[] = [];
  const regions = design.regions.map(region => {
    const row = decision.reuse[region.channel ?? 0];
    if (row === undefined) throw new Error(`the schedule has no channel ${region.channel ?? 0}`);
    const known = rows.findIndex(other => other.every((x, i) => x === row[i]));
    return { ...region, channel: known < 0 ? rows.push(row) - 1 : known };
  });
  return { ...design, regions, decision: { ...decision, reuse: rows } };
}

/** What becomes of the latent is not known where the prediction is another kind of tensor. */
function withoutCourse(design: Design, { inferred, roles }: Analysis): Design {
  const { decision } = design;
  if (decision.kind !== 'watched' || decision.course === undefined) return design;
  if (sameShape(inferred, roles.latent.value, roles.prediction.value)) return design;
  const { course: _, ...rest } = decision;
  return { ...design, decision: rest };
}

/** What methods are told of the model. */
function modelFacts(analysis: Analysis, steps: number, calibration: Calibration | undefined): ModelFacts {
  const { flow, inferred, roles } = analysis;
  const stream = analysis.blocks[0]?.streams[0]?.in;
  const width = stream && inferred.shapeOf(stream)?.at(-1);
  return {
    steps,
    ...(typeof width === 'number' && { width }),
    ...(calibration && { calibration }),
    blocks: analysis.blocks.map(({ group, branches }) => ({
      group,
      ...(branches[0] && framesOf(analysis, ungated(inferred, branches[0].update)) && { frames: true }),
      branches: branches.map(({ kind, update }) => {
        const traits = traitsOf(update, flow, inferred, roles.latent.value, roles.timestep?.value);
        const axis = traits.find(t => t === 'spatial' || t === 'temporal');
        const channels = inferred.shapeOf(update.input)?.at(-1);
        return {
          kind,
          ...(axis && { axis }),
          ...(openAttentionOf(analysis, update) && { open: true as const }),
          ...(typeof channels === 'number' && { channels }),
        };
      }),
    })),
  };
}

/** Nodes inside regions that make what is looked at before anything is skipped: they stay outside. */
function probedFirst(model: Model, cuts: readonly Cut[], taps: readonly Taps[]): ReadonlySet<Node> {
  const values = taps.flatMap(t => t.values.flatMap(v => (v.less ? [v.value, v.less] : [v.value])));
  const needed = ancestors(model.graph, values);
  const [inside] = needed;
  const half = cuts.find(cut => cut.half !== undefined);
  if (half && inside) refuse('BWC307', { region: half.name, value: inside.output.name });
  for (const { exits, name } of cuts) {
    const spoiled = exits.find(e => e.value.producer && needed.has(e.value.producer));
    if (spoiled !== undefined) refuse('BWC307', { region: name, value: spoiled.value.name });
  }
  return needed;
}

/** Nodes of a region that make what its channel is judged by, in front of it: they stay outside. */
function probedBefore(model: Model, cut: Cut, { taps }: ProbePlan, channel: number): ReadonlySet<Node> {
  const values = taps.flatMap(t => t.values.flatMap(tap => (tap.channel === channel ? [tap.value] : [])));
  const needed = ancestors(model.graph, values, new Set(cut.enters));
  const spoiled = cut.exits.find(e => e.value.producer && needed.has(e.value.producer));
  if (spoiled !== undefined) refuse('BWC307', { region: cut.name, value: spoiled.value.name });
  return needed;
}

interface RegionContext {
  readonly defaults: boolean;
  /** Whether it is the only region, whose state needs no prefix. */
  readonly alone: boolean;
  readonly along: AlongPlan | undefined;
}

/** What the names of a region's states begin with. */
const prefixOf = (cut: Cut | undefined, alone: boolean): string => (cut && !alone ? `${cut.name}.` : '');

function regionOf(
  design: RegionDesign,
  cut: Cut,
  outside: ReadonlySet<Node>,
  { defaults, alone, along }: RegionContext,
): { region: Omit<Region, 'flops'>; note: Diagnostic | undefined } {
  const branch = design.span.kind === 'branch' || design.span.kind === 'attention';
  const open =
    design.reuse.of === 'residual' && !branch && !cut.half
      ? cut.exits.find(exit => exit.enters === undefined)
      : undefined;
  const of = open !== undefined || branch ? ('output' as const) : design.reuse.of;
  const what = of === 'output' ? 'features' : 'residual';
  const ago = (age: number): string => (age === 0 ? '' : `.ago${age}`);
  const older = (age: number): string => {
    if (age === 2 && design.reuse.weights?.kind === 'trapezoid') return ': what reused steps were off';
    return age === 0 ? '' : `, ${age} computed before the last`;
  };
  const bands = design.reuse.bands && (['low', 'high'] as const);
  const prefix = prefixOf(cut, alone);
  const memory = memoryOf(design.reuse);
  const reuse = { ...design.reuse, of };
  const normed = cut.exits.map(exit => isKeptNormed(reuse, exit, stateType(exit.type, defaults)));
  const features = cut.exits.map((exit, i): readonly StatePlan[] => {
    const at = i === 0 ? '' : `.${i}`;
    if (reuse.outside) return chunkStates(exit, cut.name, prefix, defaults);
    return Array.from({ length: memory }, (_, age) => ({
      name: `${prefix}${what}${at}${bands ? `.${bands[age]}` : ago(age)}`,
      type: stateType(exit.type, defaults),
      holds: `${of} of ${alone && !cut.half ? 'the skipped blocks' : cut.name}${normed[i] ? ', normalised' : ''}${bands ? `, ${bands[age]} frequencies` : older(age)}`,
    }));
  });
  const ages = cut.exits.map(({ tokens, type }, i): StatePlan | undefined =>
    design.reuse.refresh && tokens
      ? {
          name: `${prefix}ages${i === 0 ? '' : `.${i}`}`,
          type: stateType(tensorType('float32', type.shape?.slice(0, 2)), defaults),
          holds: 'steps since each token was computed',
        }
      : undefined,
  );
  checkAdjusted(design.reuse, cut);
  const nodes = cut.nodes.filter(n => !outside.has(n));
  const region = {
    ...cut,
    nodes,
    channel: design.channel ?? 0,
    reuse,
    features,
    normed,
    ages,
    along,
  };
  return { region, note: open && diagnostic('BWC209', { value: open.value.name }) };
}

/**
 * Whether the normalised exit is kept in the place of the exit: where it alone is kept and given back as it is. Then
 * what leaves the gate is what is kept, and a reused step does not normalise.
 */
function isKeptNormed(reuse: Reuse, { addends }: Exit, state: TensorType): boolean {
  const type = addends?.norm?.output.type;
  return (
    reuse.of === 'output' &&
    reuse.weights === undefined &&
    reuse.adjust === undefined &&
    type?.kind === 'tensor' &&
    state.elem === type.elem &&
    isDeepStrictEqual(state.shape, type.shape)
  );
}

/** Refuses scales and shifts that are not of a region's exits and their channels (BWC317). */
function checkAdjusted({ adjust }: Reuse, { exits, name }: Cut): void {
  if (adjust === undefined) return;
  const fits = ({ type }: Exit, i: number): boolean => {
    const rows = adjust[i];
    const channels = type.shape?.at(-1);
    return [...(rows?.scale ?? []), ...(rows?.shift ?? [])].every(
      row => row.length === 0 || typeof channels !== 'number' || row.length === channels,
    );
  };
  if (adjust.length !== exits.length || !exits.every(fits))
    refuse('BWC317', { reason: `the calibration has other channels than ${name}` });
}

/** What is kept of attention to tokens outside each one's chunk: what they give, and the logarithm of what they weigh. */
function chunkStates(
  { attention, type }: Exit,
  name: string,
  prefix: string,
  defaults: boolean,
): readonly StatePlan[] {
  if (attention === undefined) throw new Error(`${name} is no attention: it has no chunks`);
  const weighed = tensorType('float32', [...(type.shape ?? []).slice(0, -1), 1]);
  return [
    {
      name: `${prefix}outside`,
      type: stateType(type, defaults),
      holds: `${name}: what other chunks give each token`,
    },
    {
      name: `${prefix}normaliser`,
      type: stateType(weighed, defaults),
      holds: `${name}: logarithm of what other chunks weigh for each token`,
    },
  ];
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
