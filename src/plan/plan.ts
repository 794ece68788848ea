import type { DataType, Node, TensorType, Value } from '../ir/index.js';
import type { Decision, Metric, ReuseRule, TokenSampling } from '../methods/index.js';
import type { ControlLayout } from './control.js';

/** A value through which the region's result reaches the rest of the graph. */
export interface Exit {
  readonly value: Value;
  /** Its type as far as inference knows it: the type of the state. */
  readonly type: TensorType;
  /**
   * Its type as far as the file says it: the type of the gate's outputs. More would let ONNX Runtime fuse what it
   * does not fuse in the original, and round differently.
   */
  readonly declared: TensorType;
  /** The same stream where it enters the region; needed to reuse a residual. */
  readonly enters: Value | undefined;
  /**
   * When the exit is a residual addition, the gate returns its addends and leaves the addition outside, so that
   * ONNX Runtime can still fuse it with the normalisation behind it.
   */
  readonly addends: { readonly add: Node; readonly stream: 0 | 1 } | undefined;
}

/** A run of blocks that is skipped as one. */
export interface Region {
  readonly name: string;
  readonly blocks: readonly number[];
  readonly enters: readonly Value[];
  readonly exits: readonly Exit[];
  /** Nodes between entries and exits, in execution order. */
  readonly nodes: readonly Node[];
  /** Floating point operations of its nodes, where shapes are known. */
  readonly flops: number | undefined;
}

/** Probed values of one shape, compared in one go. */
export interface Taps {
  readonly name: string;
  readonly values: readonly Value[];
  readonly elem: DataType;
  /** Tokens of one sample, where known, and channels. */
  readonly tokens: number | undefined;
  readonly channels: number;
  /** True when the first dimension is the batch and the second the tokens, so that no reshape is needed. */
  readonly plain: boolean;
}

export interface ProbePlan {
  readonly taps: readonly Taps[];
  readonly sampling: TokenSampling;
  readonly metric: Metric;
}

/** One state tensor: `bwc.state.<name>` in, `bwc.state.<name>.next` out. */
export interface StatePlan {
  readonly name: string;
  readonly type: TensorType;
  readonly holds: string;
}

/** Everything the rewrite will do. */
export interface Plan {
  readonly method: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly steps: number;
  readonly stateDefaults: boolean;
  /** Hash of the original model. */
  readonly source: string;
  readonly latent: Value;
  readonly timestep: Value | undefined;
  readonly prediction: Value;
  /** Inputs whose shape may change from call to call. */
  readonly variable: readonly Value[];
  readonly layout: ControlLayout;
  /** Size of the batch where it is fixed. */
  readonly batch: number | undefined;
  readonly region: Region;
  readonly probe: ProbePlan;
  readonly decision: Decision;
  readonly reuse: ReuseRule;
  /** One per exit: what is reused. */
  readonly features: readonly StatePlan[];
  /** One per group of taps: what the next step is compared with. */
  readonly references: readonly StatePlan[];
  readonly control: StatePlan;
  /** Total floating point operations of a step, where shapes are known. */
  readonly flops: number | undefined;
}

/** State type for a tensor of `elem`: bfloat16 travels as float32, since not every binding can pass it. */
export function stateElem(elem: DataType): DataType {
  return elem === 'bfloat16' ? 'float32' : elem;
}

/** All state tensors of a plan, in the order of the added inputs. */
export function statesOf(plan: Plan): readonly StatePlan[] {
  return [plan.control, ...plan.features, ...plan.references];
}
