import type { Diagnostic } from '../diagnostics/index.js';

/** A method as data: what the plan and the passes work from. Every field is a choice that changes results. */
export interface Design {
  /** What is skipped. Regions do not overlap. */
  readonly regions: readonly RegionDesign[];
  readonly decision: Decision;
  readonly guards?: Guards;
  /**
   * Share of the steps that the threshold alone would reuse: it moves towards that, from where it is, up after steps that it would compute and
   * down after the others, in warm-up steps as well. For decisions that compare one number with it within the step.
   */
  readonly wanted?: number;
  /** Kept of every region is what steps gave that compute all regions; by default, of each what it gave when it was last computed. */
  readonly keep?: 'whole';
  /** What whoever compiles should know of how it was chosen. */
  readonly notes?: readonly Diagnostic[];
}

export interface RegionDesign {
  readonly span: Span;
  /** Which of the decision's answers it obeys; 0 by default. Decisions that look at data give one. */
  readonly channel?: number;
  readonly reuse: Reuse;
}

/** Where a region begins and ends. */
export type Span =
  /** Blocks `from` to `to`, the latter excluded, skipped as one. */
  | { readonly kind: 'blocks'; readonly from: number; readonly to: number }
  /** One branch of a block (and its counterparts in the block's other streams): what it adds, before its gate. */
  | { readonly kind: 'branch'; readonly block: number; readonly branch: number }
  /** Of a branch the attention by itself, from queries, keys and values to what they give. */
  | { readonly kind: 'attention'; readonly block: number; readonly branch: number }
  /** Everything between the latent and the prediction. */
  | { readonly kind: 'model' }
  /**
   * Everything, for one half of the batch: of pairs for classifier-free guidance, the half that is not `computed`. It stands on the
   * other: a residual is what it has over that.
   */
  | { readonly kind: 'half'; readonly computed: 'first' | 'last' };

/** What stands in for a skipped region: a weighted sum of what it gave when it was last computed, and before that. */
export type Reuse = {
  /** Its output, or its output less its input, added to the fresh input. */
  readonly of: 'output' | 'residual';
} & (
  | {
      /** The last one computed by default. */
      readonly weights?: Weights;
      /** Kept in two bands of frequency, low and high, for which weights of a table then count. */
      readonly bands?: Bands;
      /** By what leaves the region: scaled and shifted. */
      readonly adjust?: readonly ChannelRows[];
      readonly refresh?: never;
      readonly outside?: never;
    }
  | {
      /** For a branch: tokens that reused steps compute all the same. */
      readonly refresh: Refresh;
      readonly weights?: never;
      readonly bands?: never;
      readonly adjust?: never;
      readonly outside?: never;
    }
  | {
      /** For attention: what tokens outside each token's own chunk gave, while the chunk is attended to at every step. */
      readonly outside: Chunks;
      readonly weights?: never;
      readonly bands?: never;
      readonly adjust?: never;
      readonly refresh?: never;
    }
);

/** By step and channel, the last axis: the sum times the scale, plus the shift. Steps whose rows are empty take it as it is. */
export interface ChannelRows {
  readonly scale: readonly (readonly number[])[];
  readonly shift: readonly (readonly number[])[];
}

/** Runs of tokens in their order, of equal length but for the last. */
export interface Chunks {
  /** At most so many, 2 or more. */
  readonly count: number;
}

/**
 * The tokens of the highest score `|x| / ||x|| + age * n`, with `|x|` the norm of the token in the stream, `||x||` that of all of them
 * together, and `n` the steps since the token was last computed (arXiv 2410.05317). Takes effect where a branch makes one token of one.
 */
export interface Refresh {
  /** Share of the tokens, by step. */
  readonly share: readonly number[];
  readonly age: number;
}

/** Low are the frequencies of a picture within `radius` times the shorter side (arXiv 2410.19355). */
export interface Bands {
  readonly radius: number;
  /** Rows and columns of tokens, where the prediction has them in a line; such a model serves this size only. */
  readonly grid?: readonly number[];
}

export type Weights =
  /** Taylor expansion by finite differences over computed steps (arXiv 2503.06923); order 1 is a straight line. */
  | { readonly kind: 'taylor'; readonly order: number }
  /** By step, for the last, the last but one, ...: every row has the same length. */
  | { readonly kind: 'table'; readonly rows: readonly (readonly number[])[] }
  /**
   * The straight line through the last two. What reused steps were off, by the line from the computed step before them to the one behind them, is
   * kept as well and made up for by the next step that is reused: the sum of all steps is that of the trapezoidal rule, but for what comes last.
   */
  | { readonly kind: 'trapezoid' }
  | ProjectedWeights;

/**
 * On the line through the last two, `before + g (last - before)`, as far along as a probe has come that is computed at every step:
 * `g = mean |p - p(before)| / mean |p(last) - p(before)|`, for each sample, kept within the range (arXiv 2508.17356).
 */
export interface ProjectedWeights {
  readonly kind: 'projected';
  /** Of what lies before everything that is skipped. */
  readonly probe: Probe;
  readonly range: readonly [low: number, high: number];
}

/** How many tensors a reuse rule remembers: of computed steps, of bands, or of attention its output and log-normaliser. */
export function memoryOf({ weights, bands, outside }: Reuse): number {
  if (bands !== undefined || outside !== undefined) return 2;
  switch (weights?.kind) {
    case undefined:
      return 1;
    case 'taylor':
      return weights.order + 1;
    case 'table':
      return weights.rows[0]?.length ?? 1;
    case 'projected':
      return 2;
    case 'trapezoid':
      return 3;
  }
}

/** How it is decided whether a step reuses. The first step, and one whose state cannot be trusted, is computed. */
export type Decision =
  | TriggerDecision
  | CountdownDecision
  | ScheduleDecision
  | WatchedDecision
  | TestedDecision
  | ThresholdDecision
  | AccumulateDecision
  | RateDecision
  | RankedDecision
  | EachDecision
  | EachAheadDecision
  | GradedDecision;

/** A measurement that writes the schedule of the coming steps. Known when a step starts. */
export interface TriggerDecision {
  readonly kind: 'trigger';
  readonly probe: Probe;
  readonly metric: Metric;
  /** Fires when the mean over probed blocks is below. 0 never fires. */
  readonly threshold: number;
  /** Once fired, the rest of the run is fixed; otherwise every computed step is measured and may fire or not. */
  readonly once: boolean;
  /** Reused steps after each computed one: a number of steps, or below 1 a share of all steps. */
  readonly interval: number;
  /** Steps computed at the end: a number of steps, or below 1 a share of the step at which it first fired. */
  readonly tail: number;
}

/** A measurement at a computed step looks up how many steps to go before the next one. Known when a step starts. */
export interface CountdownDecision {
  readonly kind: 'countdown';
  readonly probe: Probe;
  /** Divided by the number of steps since the last computed one. */
  readonly metric: Metric;
  /** The rate of the first entry whose `below` is larger; the last entry's where none is. Rates fall. */
  readonly codebook: readonly { readonly below: number; readonly rate: number }[];
  /** Scales the codebook; 0 never reuses. */
  readonly threshold: number;
  /** How much moves in what is probed scales the change. The probe then looks at frames. */
  readonly motion?: Motion;
}

/**
 * How far frames of one tensor lie apart: `d = |p(f + 1) - p(f)| / (|p(f + 1)| + |p(f)|)`, sums of sizes over all frames but the last.
 * The change counts `m + gradient |m - m(before)| / k` times, with `m = (d / usual) ^ power`, and `k` steps since the last
 * measurement (arXiv 2411.02397).
 */
export interface Motion {
  /** The distance of frames that counts once. */
  readonly usual: number;
  readonly power: number;
  readonly gradient: number;
  /** Between these shares of all steps; before and after them `m` is 1. */
  readonly within: readonly [from: number, to: number];
}

/** A table by step, known before the run. */
export interface ScheduleDecision {
  readonly kind: 'schedule';
  /** For each channel by step: true reuses. */
  readonly reuse: readonly (readonly boolean[])[];
}

/**
 * A table by step, followed for as long as the run goes as those did that the table was made from: once the probe
 * changes more than expected since the previous step, or the latent is not what the previous step's prediction made of it,
 * the rest of the generation is computed.
 */
export interface WatchedDecision {
  readonly kind: 'watched';
  readonly reuse: readonly (readonly boolean[])[];
  readonly probe: Probe;
  readonly metric: Metric;
  /** The largest change that was seen from the previous step, by step. */
  readonly expected: readonly number[];
  /** By how many times it may be more. */
  readonly threshold: number;
  /** Takes effect where the prediction has the latent's shape. */
  readonly course?: Course;
}

/**
 * A table by step, followed while reuse would have done: what a computed step gives is compared with what would have stood in for it, for the
 * first region. While the relative L1 distance, by the size of what was computed, is not below the threshold, all steps are computed.
 * Known when a step starts.
 */
export interface TestedDecision {
  readonly kind: 'tested';
  readonly reuse: readonly (readonly boolean[])[];
  readonly threshold: number;
}

/** What becomes of the latent, by step: `keep` times itself and `take` times the prediction, and how large it is before. */
export interface Course {
  readonly keep: readonly number[];
  readonly take: readonly number[];
  /** Mean |x|. */
  readonly size: readonly number[];
}

/** Reuses while the probe is near what it was at the last *computed* step. Decided within the step. */
export interface ThresholdDecision {
  readonly kind: 'threshold';
  readonly probe: Probe;
  readonly metric: Metric;
  readonly threshold: number;
}

/** Adds up the changes since the previous *step*; reuses while the sum is below, which a computed step sets to 0. */
export interface AccumulateDecision {
  readonly kind: 'accumulate';
  readonly probe: Probe;
  readonly metric: Metric;
  /** Of the change, highest degree first; the change itself by default. */
  readonly polynomial?: readonly number[];
  readonly threshold: number;
}

/**
 * Adds up what the prediction must have changed by, as the latent's change times the rate at which the two changed
 * between the last two computed steps (arXiv 2507.02860). For a region that is the whole model.
 */
export interface RateDecision {
  readonly kind: 'rate';
  readonly threshold: number;
}

/**
 * Every so many steps all channels are computed, and ranked by how far what they gave lies from what their last two
 * computed steps say of the next. Until the next such step the first of each group are computed, and the others reused.
 */
export interface RankedDecision {
  readonly kind: 'ranked';
  /** One tensor a channel, in their order. */
  readonly probe: Probe;
  readonly metric: Metric;
  /** Steps from one that computes all channels to the next. */
  readonly interval: number;
  /** By channel: those of one number are ranked among each other. */
  readonly groups: readonly number[];
  /** Share of a group that is computed beside its first one: a polynomial of the share of the steps to come, highest degree first. */
  readonly share: readonly number[];
}

/**
 * Every channel is reused while a tensor of its own is near what it was at the channel's last *computed* step, or as long as a gate
 * says of it.
 */
interface OwnThreshold {
  /** One tensor a channel, in their order, of what lies before all that the channel skips. */
  readonly probe: Probe;
  readonly metric: Metric | LearnedGate;
  readonly threshold: number;
  /** Where `ratio` times the mean change of the first channels lies between once and `most` times the threshold, it is that. */
  readonly relaxed?: { readonly ratio: number; readonly most: number };
}

/** Decided in front of each channel, at the price of one copy from the device for each; the first channels are those before. */
export interface EachDecision extends OwnThreshold {
  readonly kind: 'each';
}

/**
 * Decided by what the step before saw: the change per step since the channel was last computed, times the steps that
 * there will be; or what the gate of the next step says of it. Known when a step starts.
 */
export interface EachAheadDecision extends OwnThreshold {
  readonly kind: 'each-ahead';
}

/** Number of channels whose mean change may relax a threshold (cache-dit). */
export const RELAXED_BY = 5;

/**
 * What a step changes that computes all channels says which channels the steps until the next such reuse: those in whose range it falls.
 * Known when a step starts.
 */
export interface GradedDecision {
  readonly kind: 'graded';
  readonly probe: Probe;
  /** Divided by the number of steps since the last one that computed all channels. */
  readonly metric: Metric;
  /** What ranges are shares of; 0 never reuses. */
  readonly threshold: number;
  /** By channel: it reuses where the change is at least `from` and below `to`. */
  readonly ranges: readonly { readonly from: number; readonly to: number }[];
  /** Most steps from one that computes all channels to the next. */
  readonly interval: number;
}

/** What overrides a decision. Whatever they say, a step is computed when reuse is not safe. */
export interface Guards {
  /** First steps that are computed: a number, or below 1 a share of all. */
  readonly warmup?: number;
  /** Last steps that are computed: a number, or below 1 a share of all. */
  readonly tail?: number;
  /** Most steps reused in a row, each channel by itself where each is judged by itself; 0 sets no limit. */
  readonly most?: number;
  /** By step: false is computed. */
  readonly mask?: readonly boolean[];
  /** Reuse only while the timestep, in the model's own unit, lies strictly between. */
  readonly window?: readonly [low: number, high: number];
}

/** What is compared to tell whether features have changed. */
export interface Probe {
  readonly tensor: ProbedTensor;
  /** Which blocks: a share spread evenly over those that are skipped (1 = all), or by index. */
  readonly blocks: number | readonly number[];
  readonly tokens: TokenSampling;
  readonly filter?: Filter;
  /** Of a video: the tokens are chosen within a frame, the same of each. */
  readonly frames?: Frames;
}

/** What makes a frame. */
export interface Frames {
  /** Frames, rows and columns of tokens, where the model does not tell; such a model serves as many frames only. */
  readonly grid?: readonly number[];
}

/**
 * Filters the probed tokens along each axis of the grid they lie on, before any is looked at: by the Wiener gain for a signal whose power falls
 * as frequency to the `power`, under the noise that the timestep tells, `1 / (a^2 + b^2 |f|^power)` divided by its mean over
 * the frequencies (arXiv 2602.18993).
 */
export interface Filter {
  readonly kind: 'wiener';
  /** As many as the grid has axes by default. */
  readonly power?: number;
  readonly noise: Noise;
  /** Sizes of the grid's axes, where the model does not tell; such a model serves this size only. */
  readonly grid?: readonly number[];
}

/** How a timestep tells what share of a latent is signal (`a`) and noise (`b`). */
export interface Noise {
  /** Rectified flow, where `b` is the timestep's share and `a` the rest; or variance preserving, with the usual linear betas. */
  readonly kind: 'flow' | 'vp';
  /** Timestep without noise. */
  readonly clean: number;
  /** Timestep of noise alone; that of the generation's first step by default. */
  readonly full?: number;
}

/**
 * Of the chosen blocks what enters them, what they return, what they add, what they and all before them add, what their first attention reads (normalised and modulated) or
 * gives; what each of their branches reads; what enters the first block; that and what its first attention reads; or the latent.
 */
export type ProbedTensor =
  | 'block-input'
  | 'block-output'
  | 'block-residual'
  | 'front-residual'
  | 'attention-input'
  | 'attention-output'
  | 'branch-input'
  | 'stack-input'
  | 'stack-entry'
  | 'latent';

/** Which tokens of a probed tensor are looked at. */
export type TokenSampling =
  | { readonly kind: 'full' }
  | { readonly kind: 'pooled' }
  | { readonly kind: 'summed' }
  /** Every k-th token, k odd: at most `share` of them and at most about `most` in number. */
  | { readonly kind: 'strided'; readonly share: number; readonly most: number };

/**
 * How two probes are compared, per sample and block, before the mean over blocks and the worst sample:
 * `relative-l1` is mean |new - old| / mean |denominator|, `relative-l2` the same with norms, `cosine` one less their
 * cosine.
 */
export interface Metric {
  readonly kind: 'relative-l1' | 'relative-l2' | 'cosine';
  readonly denominator: 'older' | 'newer';
}

/**
 * A score of each channel that compares with nothing: the logistic function of what its tensor gives with learned weights,
 * the worst sample deciding. The tokens are summed or sampled before.
 */
export interface LearnedGate {
  readonly kind: 'learned-gate';
  /** By step and channel: a number for each element that is looked at. */
  readonly weights: readonly (readonly (readonly number[])[])[];
  /** By step and channel; zeros by default. */
  readonly bias?: readonly (readonly number[])[];
  /** Whether the score is high where the channel must be computed, or where it may be reused. */
  readonly high: 'computes' | 'reuses';
}

/** Where each channel is judged by a tensor of its own: whether that lies in front of what is skipped, or behind its gate. */
export function judgesEach(decision: Decision): 'in-front' | 'behind' | undefined {
  switch (decision.kind) {
    case 'trigger':
    case 'countdown':
    case 'schedule':
    case 'watched':
    case 'tested':
    case 'threshold':
    case 'accumulate':
    case 'rate':
    case 'graded':
      return undefined;
    case 'ranked':
      return 'behind';
    case 'each':
    case 'each-ahead':
      return 'in-front';
  }
}

/** True when a decision is taken from this step's data, at the price of one copy from the device. */
export function looksAtStep(decision: Decision): boolean {
  switch (decision.kind) {
    case 'trigger':
    case 'countdown':
    case 'schedule':
    case 'tested':
    case 'ranked':
    case 'each-ahead':
    case 'graded':
      return false;
    case 'watched':
    case 'threshold':
    case 'accumulate':
    case 'rate':
    case 'each':
      return true;
  }
}

/** Copies from the device that a step waits for, to decide, where what is known when it starts lies on the host. */
export function copiesOf(decision: Decision, channels: number): number {
  if (!looksAtStep(decision)) return 0;
  return judgesEach(decision) ? channels : 1;
}
