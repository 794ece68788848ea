import type { Graph, Model, Node, Value } from '../ir/index.js';
import { applyPatch, Builder } from '../ir/index.js';
import type { Plan, Region, StatePlan, Tap } from '../plan/index.js';
import type { Sample } from './sampling.js';

/** What passes hand on to later ones. Each is set by the pass named beside it. */
export interface Emitted {
  /** add-state: each state tensor's graph input, by state name. */
  readonly state: Map<string, Value>;
  /** localise: names of copied constants and of what they copy. */
  readonly copies: Map<string, string>;
  /** add-state: the knobs input. */
  knobs?: Value;
  /** keep-time */
  clock?: Clock;
  /** forecast */
  forecast?: Forecast;
  /** forecast, or compare where the step's data decides */
  decided?: Decided;
  /** weigh: absent where the last computed stands alone. */
  readonly weights: Map<Region, Weighing>;
  /** gate-regions: how many tokens are computed anew in reused steps, by what tells: int64 [1] each. */
  readonly counts: Map<string, Value>;
  /** gate-regions: whether all channels are computed, bool [1]; only where nothing else is kept. */
  whole?: Value;
  /** narrow: the `If` in front of the model; absent where the batch is never cut. */
  narrowing?: Node;
  /** gate-regions: outputs of shape readers that read another value of the same shape: name of what they read. */
  readonly reread: Map<string, string>;
  /** gate-regions: what stands outside for a value that went behind a gate. */
  readonly outside: Map<Value, Value>;
  /** gate-regions: one a region, in the order of the plan. */
  readonly gates: Gate[];
  /** compare: what was compared with the threshold, and of what; absent when the step's data has no say. */
  level?: Value;
  /** compare: 1 where that is below the threshold, else 0: float32 [1]. */
  below?: Value;
  /** compare: the latent's mean, float32 [1], where the decision watches it. */
  mean?: Value;
  samples?: readonly Sample[];
  /** measure: a scalar from behind the gate, where the decision wants one. */
  behind?: Value;
  /** predict: whether the next step may reuse, bool [1]; absent where the model is not split. */
  next?: Value;
  /** compare or measure: the similarity of this step, float32 [1]; large when it was not measured. */
  measured?: Value;
  /** compare, where channels are judged apart in front of what they skip: what each tap holds, float32 [batch, 1, elements]. */
  readonly taken: Map<Tap, Value>;
  /** measure, where channels are judged apart: the change of each, float32 [channels]; large when it was not measured. */
  changes?: Value;
}

/** By what each memory of a region counts. */
export interface Weighing {
  /** By what is kept, float32 [1] each, or [batch, 1]; `b` builds in the reuse branch. */
  readonly of: (b: Builder) => readonly Value[];
  readonly perSample: boolean;
}

/** Scalars that are known when the step starts, float32 [1]. */
export interface Clock {
  /** 1 when the state belongs to this generation, else 0; and the same as bool [1]. */
  readonly valid: Value;
  readonly trusted: Value;
  /** Fields of the control vector as they came in; zero where the state is not valid. */
  readonly fields: ReadonlyMap<string, Value>;
  /** Knobs by name. */
  readonly knobs: ReadonlyMap<string, Value>;
  /** What the next step finds in the fields that the clock keeps. */
  readonly next: Map<string, Value>;
  /** Dimensions of the variable inputs, now and at the last step; absent when all shapes are fixed. */
  readonly dims: Value | undefined;
  readonly dimsBefore: Value | undefined;
  /** Absent when the model has no timestep input. */
  readonly time: Value | undefined;
}

/** What is known when the step starts. */
export interface Forecast {
  /** Whether each channel may reuse, 1 or 0: float32 [channels]. */
  readonly may: Value;
  /** Index of the step in tables of as many rows as the plan has steps, int64 [1]. */
  readonly index: () => Value;
  /** What the level is compared with, as compiled or by the knob: float32 [1]. */
  readonly threshold: () => Value;
  /** Whether a step, if computed, is measured, bool [1]. */
  readonly measure: Value;
}

/** What the step does. */
export interface Decided {
  /** For each channel whether it reuses, bool [1]. */
  readonly reuse: readonly Value[];
  /** Whether each is computed, bool [channels]. */
  readonly computed: Value;
  /** 1 when nothing is computed, else 0: float32 [1]. */
  readonly reused: Value;
}

/** The conditional around a region. */
export interface Gate {
  readonly region: Region;
  readonly node: Node;
  readonly compute: Graph;
  readonly reuse: Graph;
  /** For an exit whose addition stayed outside: its value inside the compute branch. */
  readonly within: Map<Value, Value>;
  /** What the exits leave to later steps, in their order, inside the compute branch. */
  readonly features: Value[];
  /** An output of the original that the gate took the name of: the name it goes by inside. */
  renamed?: { readonly from: string; readonly to: string };
}

export interface Context {
  readonly model: Model;
  readonly plan: Plan;
  readonly emitted: Emitted;
}

/** One step of the rewrite. The runner verifies the graph after it. */
export interface Pass {
  readonly name: string;
  readonly run: (context: Context) => void;
}

/** What an earlier pass set, or our mistake when it has not run. */
export function need<K extends keyof Emitted>(context: Context, key: K): NonNullable<Emitted[K]> {
  const value = context.emitted[key];
  if (value === undefined || value === null)
    throw new Error(`${key} is not there yet: passes run in the wrong order`);
  return value;
}

/** A new context: nothing emitted yet. */
export function contextOf(model: Model, plan: Plan): Context {
  const emitted: Emitted = {
    state: new Map(),
    copies: new Map(),
    weights: new Map(),
    counts: new Map(),
    reread: new Map(),
    outside: new Map(),
    gates: [],
    taken: new Map(),
  };
  return { model, plan, emitted };
}

/** The graph input of a state tensor. */
export function stateOf(context: Context, state: StatePlan): Value {
  const value = context.emitted.state.get(state.name);
  if (value === undefined) throw new Error(`no state ${state.name}`);
  return value;
}

/** The name that an output of the original goes by outside, whichever value it is now. */
export function outerName({ emitted }: Context, value: Value): string {
  const renamed = emitted.gates.find(gate => gate.renamed?.from === value.name)?.renamed;
  return renamed?.to ?? value.name;
}

/** The prediction as the graph gives it. */
export function predictionIn(context: Context): Value {
  const name = outerName(context, context.plan.prediction);
  const found = context.model.graph.outputs.find(v => v.name === name);
  if (found === undefined) throw new Error(`the prediction ${name} is an output`);
  return found;
}

/** Name of the `If` node of a region; a region alone needs none of its own. */
export const gateName = (region: string, alone: boolean): string =>
  alone ? 'bwc/gate' : `bwc/gate/${region}`;

/** A builder whose nodes say which pass made them. */
export function builder(context: Context, graph: Graph, scope: string, pass: string): Builder {
  return new Builder(context.model, graph, `bwc/${scope}`, `bwc: made by pass ${pass}`);
}

/** Name of the graph input of a state tensor. */
export const stateInput = (name: string): string => `bwc.state.${name}`;

/** Name of the graph output of a state tensor. */
export const stateOutput = (name: string): string => `bwc.state.${name}.next`;

/** Name of the input that holds all knobs. */
export const KNOBS_INPUT = 'bwc.knobs';

/** Name of a scalar output that tells what happened. */
export const signalOutput = (name: string): string => `bwc.signal.${name}`;

/** Makes `value` what the graph returns as the named output, in the place of what it returned before. */
export function returnAs(graph: Graph, name: string, value: Value): void {
  const before = graph.outputs.find(v => v.name === name);
  if (before === undefined) throw new Error(`graph has no output ${name}`);
  value.name = name;
  value.type = before.type;
  const remove = before.producer ? [before.producer] : [];
  applyPatch({ graph, replace: [{ from: before, to: value }], remove });
}
