import type { DataType, Dim, Node, TensorType, Value } from '../ir/index.js';
import type {
  Decision,
  Filter,
  Guards,
  LearnedGate,
  Metric,
  Reuse,
  TokenSampling,
} from '../methods/index.js';
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
  /** True when it enters in another float type, as in models that add in float32 and go on in 16 bits. */
  readonly converted: boolean;
  /**
   * When the exit is a residual addition, the gate returns its addends and leaves the addition outside, so that
   * ONNX Runtime can still fuse it with what lies behind it; or takes that in.
   */
  readonly addends: Addends | undefined;
  /** How it comes from the tokens of a stream, where it makes one token of one. */
  readonly tokens: Tokens | undefined;
  /** The attention that gives it, where that is the region. */
  readonly attention?: OpenAttention;
}

/** Nodes that make what leaves of what enters, token by token. */
export interface Tokens {
  /** The stream, float [batch, tokens, channels], and its other forms of the same shape. */
  readonly enters: readonly [Value, ...Value[]];
  readonly nodes: readonly Node[];
}

/** Attention whose scores are in the graph: `giving(softmax(scoring(queries, keys)), values)`. */
export interface OpenAttention {
  readonly enters: readonly Value[];
  /** What makes of these what the products read: scales it, turns it. */
  readonly near: readonly Node[];
  /** As the products read them: [.., tokens, channels], keys [.., channels, tokens]. */
  readonly queries: Value;
  readonly keys: Value;
  readonly values: Value;
  /** True where keys are [.., tokens, channels] as well, and turned by the product. */
  readonly turned: boolean;
  /** What is said of each key, for all queries alike: [.., 1, tokens]. */
  readonly masks: readonly { readonly value: Value; readonly rank: number }[];
  /** From the first product to what the softmax reads; and from what that gives to the second product. */
  readonly scoring: readonly Node[];
  readonly softmax: Node;
  readonly giving: readonly Node[];
  /** Of the scores, which may be wider than what is read and given. */
  readonly elem: DataType;
  readonly tokens: Dim;
  /** Dimensions of what is read and given, and the last of them. */
  readonly rank: number;
  readonly channels: number;
}

/** An exit's residual addition, which operand of it is the stream, and the normalisation that alone reads the sum. */
export interface Addends {
  readonly add: Node;
  readonly stream: 0 | 1;
  /**
   * Where there is one, both move into the compute branch, where ONNX Runtime fuses them as it does in the original. A
   * reused step then normalises what was kept by itself, which costs a fraction of the fused operator.
   */
  readonly norm: Node | undefined;
}

/** A shape that is read outside a region, of a value inside: another value of that shape which stays outside. */
export interface ShapeRead {
  readonly reader: Node;
  readonly from: Value;
  readonly to: Value;
}

/** Where a region lies in the graph. */
export interface Cut {
  readonly name: string;
  /** Blocks that lie in it, whole or in part. */
  readonly blocks: readonly number[];
  readonly enters: readonly Value[];
  readonly exits: readonly Exit[];
  /** Nodes between entries and exits, in execution order. */
  readonly nodes: readonly Node[];
  readonly shapes: readonly ShapeRead[];
  /** Where one half of the batch is skipped: nothing goes behind the gate, and all inputs with a batch are cut to the other half. */
  readonly half?: Half;
}

/** How a batch is halved. */
export interface Half {
  readonly computed: 'first' | 'last';
  /** The symbol of the batch; what is computed of the half has another. */
  readonly batch: string;
  /** What the kept bands of frequency are taken over. */
  readonly picture?: Picture;
}

/** Rows and columns of a prediction, and how many elements of a line one position has. */
export interface Picture {
  readonly rows: GridAxis;
  readonly columns: GridAxis;
  readonly inner: number;
}

/** What stands for the batch's symbol in what is computed of a half, and in what is kept of the other. */
export const ROWS = 'bwc_rows';
export const OTHERS = 'bwc_others';

/** What is skipped as one, and what stands in for it. */
export interface Region extends Cut {
  /** Which of the decision's answers it obeys. */
  readonly channel: number;
  readonly reuse: Reuse;
  /** For each exit what is kept: of the last computed step, of the one before it, ... */
  readonly features: readonly (readonly StatePlan[])[];
  /** For each exit whether that is the exit normalised, as it goes on. */
  readonly normed: readonly boolean[];
  /** For each exit whose tokens are refreshed the steps since each was computed, float32 [batch, tokens]. */
  readonly ages: readonly (StatePlan | undefined)[];
  /** What tells how far along the line through the last two computed steps this one is. */
  readonly along: AlongPlan | undefined;
  /** Floating point operations of its nodes, where shapes are known. */
  readonly flops: number | undefined;
}

/** Probed values of one shape, compared in one go. */
export interface Taps {
  readonly name: string;
  readonly values: readonly Tap[];
  readonly elem: DataType;
  /** Tokens of one sample, where known, and channels. */
  readonly tokens: number | undefined;
  readonly channels: number;
  /** True when the first dimension is the batch and the second the tokens, so that no reshape is needed. */
  readonly plain: boolean;
  /** The axes of the grid on which the tokens lie, where they are filtered. */
  readonly grid?: readonly GridAxis[];
  /** How the tokens make frames, where they are looked at so. */
  readonly frames?: FrameLayout;
}

/** How a sample's tokens lie: frame after frame, or all frames of one position after another. */
export interface FrameLayout {
  readonly count: GridAxis;
  readonly order: 'frames-first' | 'positions-first';
}

/** Length of an axis: fixed, or that of an axis of a value. */
export type GridAxis = number | { readonly of: Value; readonly axis: number };

/** A probed value, or its difference from another. */
export interface Tap {
  readonly value: Value;
  readonly less?: Value;
  /** True when the two are of different float types. */
  readonly mixed?: boolean;
  /** The channel that it judges. */
  readonly channel: number;
}

export interface ProbePlan {
  /** Where each channel is judged by its own tap alone: in front of what is skipped, or behind its gate. */
  readonly apart: 'in-front' | 'behind' | undefined;
  readonly taps: readonly Taps[];
  readonly sampling: TokenSampling;
  readonly filter: Filter | undefined;
  readonly metric: Metric | LearnedGate;
  /** One per group of taps: what the next step is compared with; none where nothing is. */
  readonly references: readonly StatePlan[];
}

/** A probe of every step, and what it held at computed ones. */
export interface AlongPlan {
  readonly taps: readonly Taps[];
  readonly sampling: TokenSampling;
  readonly filter: Filter | undefined;
  /** One a group of taps: at the last computed step, at the one before. */
  readonly kept: readonly (readonly StatePlan[])[];
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
  readonly regions: readonly Region[];
  /** Answers that the decision gives: one more than the largest that a region obeys. */
  readonly channels: number;
  readonly decision: Decision;
  /** Whether what is kept is only that of steps which compute all channels. */
  readonly keepsWhole: boolean;
  readonly guards: Guards;
  /** Share of the steps that the threshold is to reuse; 0 where it stays where it is. */
  readonly wanted: number;
  /** What is looked at; absent when nothing is. */
  readonly probe: ProbePlan | undefined;
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
  const kept = plan.regions.flatMap(({ features, ages, along }) => [
    ...features.flat(),
    ...ages.filter(state => state !== undefined),
    ...(along?.kept ?? []).flat(),
  ]);
  return [plan.control, ...kept, ...(plan.probe?.references ?? [])];
}
