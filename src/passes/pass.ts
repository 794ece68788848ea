import type { Graph, Model, Node, Value } from '../ir/index.js';
import { applyPatch, Builder } from '../ir/index.js';
import type { Plan } from '../plan/index.js';

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
  /** gate-region */
  gate?: Gate;
  /** measure: the similarity of this step, float32 [1]; large when it was not measured. */
  measured?: Value;
}

/** Scalars that are known when the step starts, float32 [1]. */
export interface Clock {
  /** 1 when the state belongs to this generation, else 0. */
  readonly valid: Value;
  /** Fields of the control vector as they came in; without meaning where the state is not valid. */
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

/** Decisions taken when the step starts. */
export interface Forecast {
  /** Whether the step reuses, bool [1], and the same as float32. */
  readonly reuse: Value;
  readonly reused: Value;
  /** Whether a computed step is measured, bool [1]. */
  readonly measure: Value;
}

/** The conditional around the region. */
export interface Gate {
  readonly node: Node;
  readonly compute: Graph;
  readonly reuse: Graph;
  /** For an exit whose addition stayed outside: its value inside the compute branch. */
  readonly within: Map<Value, Value>;
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
