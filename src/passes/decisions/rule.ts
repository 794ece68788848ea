import type { Builder, Value } from '../../ir/index.js';
import type { Decision } from '../../methods/index.js';
import type { Clock, Context, Gate } from '../pass.js';
import type { Sample } from '../sampling.js';

/** Scalars that must be in order, the lower first. */
export type Pair = readonly [Value | number, Value | number];

/** What a decision's answer is made of when the step starts. */
export interface Start {
  readonly b: Builder;
  readonly clock: Clock;
  /** Number of denoising steps, float32 [1]. */
  readonly steps: () => Value;
  /** Index of this step in the plan's tables, int64 [1]. */
  readonly index: () => Value;
  /** As compiled, or as the knob says: float32 [1]. */
  readonly threshold: () => Value;
}

/** What a computed step is measured by. */
export interface Worth extends Start {
  /** Whether each channel reuses, 1 or 0: float32 [channels]. */
  readonly reused: Value;
}

/** What it is made of when the step's data is known. */
export interface Level {
  readonly b: Builder;
  readonly context: Context;
  readonly clock: Clock;
  /** The similarity of this step, float32 [1]. */
  readonly value: Value;
}

/** What is compared before the gate. */
export interface Looked {
  readonly b: Builder;
  readonly context: Context;
  readonly clock: Clock;
  readonly samples: readonly Sample[];
}

/** A channel that is about to be decided, in front of what it skips. */
export interface Next {
  readonly b: Builder;
  readonly threshold: () => Value;
  /** What the channels before changed by, float32 [1] each. */
  readonly before: readonly Value[];
}

/** Samples of some channels that are about to be compared. */
export interface Comparing {
  readonly b: Builder;
  readonly clock: Clock;
  readonly sample: Sample;
  readonly channels: readonly number[];
}

/** The compute branch of the gate that holds what is measured. */
export interface Behind {
  readonly b: Builder;
  readonly context: Context;
  readonly gate: Gate;
  readonly samples: readonly Sample[];
}

/** What is left to say when the step is over. */
export interface End {
  readonly b: Builder;
  readonly context: Context;
  readonly clock: Clock;
  readonly value: Value;
  /** 1 when the step was reused, float32 [1]. */
  readonly reused: Value;
  readonly threshold: () => Value;
  readonly steps: () => Value;
  /** What the next step finds in the clock's fields. */
  readonly next: ReadonlyMap<string, Value>;
}

/**
 * How one kind of decision is emitted. Shared passes ask this and never for the kind: reuse is allowed where all pairs
 * of `start` are in order, and for a decision that looks at the step, where `level` is below the threshold.
 */
export interface DecisionRule<D extends Decision> {
  /** Pairs that must be in order, and for each channel 1 or 0 where channels differ, float32 [channels]. */
  readonly start: (decision: D, start: Start) => { readonly less: readonly Pair[]; readonly row?: Value };
  /** When a computed step is measured, bool [1]; absent where nothing is measured behind the gate. */
  readonly measured?: (decision: D, worth: Worth) => Value;
  /** The similarity of this step, where the plan's metric does not give it: float32 [1]. */
  readonly compare?: (decision: D, looked: Looked) => Value;
  /** What stands for a sample and its reference in the comparison, where they are not compared themselves. */
  readonly compared?: (decision: D, comparing: Comparing) => Sample;
  /** What is compared with the threshold before the gate. */
  readonly level?: (decision: D, level: Level) => Value;
  /** What each channel's change is compared with, where that is not the threshold itself: float32 [1]. */
  readonly limit?: (decision: D, next: Next) => Value;
  /** Whether the reference of that index is set anew by every step; by computed ones otherwise. */
  readonly everyStep?: (reference: number) => boolean;
  /** The similarity of a computed step, where the plan's metric does not give it: float32 [1], in the compute branch. */
  readonly test?: (decision: D, behind: Behind) => Value;
  /** A scalar that a computed step gives from behind the gate, float32 [1]; undefined where none is wanted. */
  readonly behind?: (decision: D, behind: Behind) => Value | undefined;
  /** Its fields of the control vector for the next step. */
  readonly end: (decision: D, end: End) => ReadonlyMap<string, Value>;
}
