import {
  attr,
  type Builder,
  type DataType,
  Graph,
  int,
  ints,
  Tensor,
  type TensorType,
  tensorType,
  type Value,
} from '../ir/index.js';
import type { Metric, TokenSampling } from '../methods/index.js';
import {
  type FrameLayout,
  type Plan,
  type ProbePlan,
  type StatePlan,
  type Tap,
  type Taps,
  tokenStride,
  tokensIn,
} from '../plan/index.js';
import { filterOf } from './filter.js';
import { lengthOf, shapeOf } from './lengths.js';
import { builder, type Context, stateOf } from './pass.js';

/** What stands for the similarity of a step that was not measured: it passes no threshold. */
export const UNMEASURED = 1000;

export const SCALAR = tensorType('float32', [1]);

/** Smallest denominator of a relative change. */
export const TINY = 1e-12;

/** A group of probed tensors: this step's samples and the reference's, float32 [batch, blocks, elements]. */
export interface Sample {
  readonly now: Value;
  readonly before: Value;
  readonly state: StatePlan;
}

/** Samples of all groups of taps. `at` gives the value to look at in the builder's graph. */
export function samplesOf(context: Context, b: Builder, at: (value: Value) => Value): readonly Sample[] {
  const { probe } = context.plan;
  return (probe?.taps ?? []).map((taps, i): Sample => {
    const state = probe?.references[i];
    if (probe === undefined || state === undefined) throw new Error('every group of taps has its state');
    return {
      state,
      before: stateOf(context, state),
      now: sample(context, b, taps, state.type, probe, at),
    };
  });
}

/** How probed tensors are looked at. */
type Looking = Pick<ProbePlan, 'sampling' | 'filter'>;

/** The chosen tokens of probed tensors of one shape, float32 [batch, blocks, elements]. */
export function sample(
  context: Context,
  b: Builder,
  taps: Taps,
  type: TensorType,
  { sampling, filter }: Looking,
  at: (value: Value) => Value,
): Value {
  const through = filter && filterOf(context, b, taps, filter);
  const elem = through ? 'float32' : taps.elem;
  const { frames } = taps;
  const lines = frames && linesOf(b, frames);
  const tokens = (value: Value): Value => {
    const here = through ? through(at(value)) : at(value);
    if (lines === undefined && taps.plain && through === undefined) return here;
    return b.op('Reshape', [here, sampleShape(context.plan, b, ...(lines ?? [-1]), taps.channels)]);
  };
  const axis = frames?.order === 'frames-first' ? 2 : 1;
  const pickAlong = picker(b, taps, sampling, elem, axis);
  const pick = (of: Value): Value => {
    const chosen = pickAlong(of);
    if (frames?.order !== 'positions-first') return chosen;
    return b.op('Transpose', [chosen], { attributes: [ints('perm', [0, 2, 1, 3])], name: 'frames' });
  };
  // Made last tensor first: of what one node reads ONNX Runtime runs first what comes last in the file, so each tensor
  // is sampled where it is made, and not all of them are kept to the end.
  const picked = taps.values
    .toReversed()
    .map(({ value, less, mixed = false }: Tap) => {
      const here = pick(tokens(value));
      if (less === undefined) return here;
      const both = [here, pick(tokens(less))];
      return b.op('Sub', mixed && !through ? both.map(x => b.cast(x, 'float32')) : both);
    })
    .reverse();
  const joined = b.concat(picked, 1, { name: 'samples' });
  const shaped = b.op('Reshape', [joined, b.i64(0, taps.values.length, -1)], { name: 'now' });
  if (elem === 'float32' || sampling.kind === 'pooled' || sampling.kind === 'summed') {
    shaped.type = type;
    return shaped;
  }
  return b.cast(shaped, 'float32', type);
}

/** Lengths of the two axes that a sample's tokens lie on where they make frames; -1 is what is left. */
function linesOf(b: Builder, { count, order }: FrameLayout): readonly (number | Value)[] {
  const frames = lengthOf(b, count);
  return order === 'frames-first' ? [frames, -1] : [-1, frames];
}

/** Takes of each tensor what is looked at along an axis, in its own type; means are taken in float32. */
function picker(
  b: Builder,
  taps: Taps,
  sampling: TokenSampling,
  elem: DataType,
  axis: number,
): (tokens: Value) => Value {
  if (sampling.kind === 'full') return tokens => tokens;
  if (sampling.kind === 'pooled' || sampling.kind === 'summed') {
    const reduction = sampling.kind === 'pooled' ? 'ReduceMean' : 'ReduceSum';
    const float = (value: Value): Value => (elem === 'float32' ? value : b.cast(value, 'float32'));
    return tokens => b.reduce(reduction, float(tokens), [axis], true);
  }
  let indices: Value | undefined;
  return tokens => {
    indices ??= chosen(b, tokens, taps, sampling, axis);
    return b.op('Gather', [tokens, indices], { attributes: [int('axis', axis)] });
  };
}

/** A shape whose first dimension is the batch, for a tensor that folds others into it or spreads them. */
export function sampleShape(
  { batch, latent }: Plan,
  b: Builder,
  ...rest: readonly (number | Value)[]
): Value {
  const first = batch ?? b.op('Slice', [b.op('Shape', [latent]), b.i64(0), b.i64(1)]);
  return shapeOf(b, first, ...rest);
}

/** Indices of the sampled tokens along an axis, the same for all tensors of one shape. */
function chosen(
  b: Builder,
  tokens: Value,
  taps: Taps,
  sampling: { share: number; most: number },
  axis: number,
): Value {
  const known = tokensIn(taps);
  if (known !== undefined) {
    const stride = tokenStride(known, sampling.share, sampling.most);
    return b.i64(...Array.from({ length: Math.ceil(known / stride) }, (_, i) => i * stride));
  }
  const count = b.op('Squeeze', [b.op('Slice', [b.op('Shape', [tokens]), b.i64(axis), b.i64(axis + 1)])]);
  const half = b.op('Div', [count, b.i64(2 * sampling.most)]);
  const most = b.op('Max', [half, b.i64(Math.floor(0.5 / sampling.share))]);
  const stride = b.op('Add', [b.op('Mul', [most, b.i64(2)]), b.i64(1)], { name: 'stride' });
  return b.op('Range', [b.scalar(0), count, b.op('Squeeze', [stride])], { name: 'chosen' });
}

/** An inner `If`: compares the samples, or what is made of them there, where there is something to compare with; float32 [1]. */
export function compareIf(
  context: Context,
  b: Builder,
  pass: string,
  when: Value,
  samples: readonly Sample[],
  metric: Metric,
  prepare?: (b: Builder, sample: Sample, index: number) => Sample,
): Value {
  return scalarIf(
    b,
    when,
    comparison(context, pass, samples, metric, prepare),
    unmeasured(context, pass, samples),
    'value',
  );
}

/** What channels that are judged apart changed by: together, float32 [1], and each, float32 [channels]. */
export interface Changes {
  readonly value: Value;
  readonly changes: Value;
}

/** The same for channels that are judged apart; `channels` says which each sample judges. */
export function compareEachIf(
  context: Context,
  b: Builder,
  when: Value,
  samples: readonly Sample[],
  channels: readonly (readonly number[])[],
  prepare: (b: Builder, sample: Sample, channels: readonly number[]) => Sample,
): Changes {
  const metric = metricOf(context.plan);
  const count = context.plan.channels;
  const type = tensorType('float32', [count]);
  const yes = new Graph('bwc_compare');
  const inYes = builder(context, yes, 'indicator/compare', 'measure');
  const pairs = samples.map((sample, i) => prepare(inYes, sample, channels[i] ?? []));
  const each = inYes.concat(
    pairs.map(pair => changeOf(inYes, pair, metric)),
    1,
  );
  const results = changesOf(inYes, each, channels.flat());
  inYes.place();
  for (const output of [results.value, results.changes]) yes.addOutput(output);
  const no = new Graph('bwc_unmeasured');
  const inNo = builder(context, no, 'indicator/unmeasured', 'measure');
  const large = Tensor.float32(Array.from({ length: count }, () => UNMEASURED));
  const outputs = [unmeasuredValue(inNo, samples), inNo.given(large)];
  inNo.place();
  for (const output of outputs) no.addOutput(output);
  const [value, changes] = b.ops('If', [when], {
    name: 'changes',
    outputs: 2,
    type: SCALAR,
    attributes: [attr.graph('then_branch', yes), attr.graph('else_branch', no)],
  });
  if (value === undefined || changes === undefined) throw new Error('an If gives what its branches return');
  changes.type = type;
  return { value, changes };
}

/** The changes of channels in their order; `order` says which each column of `each`, float32 [batch, channels], is of. */
export function changesOf(b: Builder, each: Value, order: readonly number[]): Changes {
  const worst = b.reduce('ReduceMax', each, [0], false);
  const back = order.map((_, channel) => order.indexOf(channel));
  const type = tensorType('float32', [order.length]);
  return { value: together(b, each), changes: b.op('Gather', [worst, b.i64(...back)], { type }) };
}

/** How a plan's samples are compared, or our mistake where they are not. */
export function metricOf({ probe }: Plan): Metric {
  if (probe === undefined || probe.metric.kind === 'learned-gate')
    throw new Error('a decision that compares has a metric');
  return probe.metric;
}

/** An inner `If` of branches that return one scalar. */
export function scalarIf(b: Builder, when: Value, yes: Graph, no: Graph, name: string): Value {
  return b.op('If', [when], {
    name,
    type: SCALAR,
    attributes: [attr.graph('then_branch', yes), attr.graph('else_branch', no)],
  });
}

/** Mean over blocks of the change, the worst sample of the batch: float32 [1]. */
function comparison(
  context: Context,
  pass: string,
  samples: readonly Sample[],
  metric: Metric,
  prepare: NonNullable<Parameters<typeof compareIf>[6]> = (_, sample) => sample,
): Graph {
  const graph = new Graph('bwc_compare');
  const b = builder(context, graph, `indicator/${metric.kind.replace('-', '_')}`, pass);
  const each = b.concat(
    samples.map((s, i) => changeOf(b, prepare(b, s, i), metric)),
    1,
  );
  const worst = together(b, each);
  b.place();
  graph.addOutput(worst);
  return graph;
}

/** The mean over blocks of the sample that changed most, or not a number where one is none: float32 [1]. */
export function together(b: Builder, each: Value): Value {
  const mean = b.reduce('ReduceMean', each, [1], false);
  return b.op('Add', [b.reduce('ReduceMax', mean, [0], true), zeroOf(b, mean, 1)], { type: SCALAR });
}

/** The change of each probed tensor: float32 [batch, blocks]. */
export function changeOf(b: Builder, sample: Sample, metric: Metric): Value {
  return CHANGE[metric.kind](b, sample, metric);
}

const CHANGE: { readonly [K in Metric['kind']]: (b: Builder, sample: Sample, metric: Metric) => Value } = {
  'relative-l1': (b, sample, metric) => relative(v => sizeOf(b, v, [2]), b, sample, metric),
  'relative-l2': (b, sample, metric) => relative(v => b.reduce('ReduceL2', v, [2], false), b, sample, metric),
  // Half the square of the distance of the directions: 1 less their product would lose what is small.
  cosine: (b, { now, before }) => {
    const directions = [now, before].map(v =>
      b.op('Div', [v, b.op('Max', [b.reduce('ReduceL2', v, [2], true), b.f32(TINY)])]),
    );
    const square = b.reduce('ReduceSumSquare', b.op('Sub', directions), [2], false);
    return b.op('Mul', [square, b.f32(0.5)], { name: 'per_block' });
  },
};

/**
 * The L1 norm over some axes, which are dropped. In two nodes: of `ReduceSum` ONNX Runtime's CPU provider has a version
 * for last axes that is many times faster than what `ReduceL1` runs.
 */
export function sizeOf(b: Builder, value: Value, axes: readonly number[]): Value {
  return b.reduce('ReduceSum', b.op('Abs', [value]), axes, false);
}

function relative(
  norm: (value: Value) => Value,
  b: Builder,
  { now, before }: Sample,
  { denominator }: Metric,
): Value {
  const change = norm(b.op('Sub', [now, before]));
  const size = norm(denominator === 'older' ? before : now);
  return b.op('Div', [change, b.op('Max', [size, b.f32(TINY)])], { name: 'per_block' });
}

/** `UNMEASURED`, or not a number when a sample is not finite. */
function unmeasured(context: Context, pass: string, samples: readonly Sample[]): Graph {
  const graph = new Graph('bwc_unmeasured');
  const b = builder(context, graph, 'indicator/unmeasured', pass);
  const value = unmeasuredValue(b, samples);
  b.place();
  graph.addOutput(value);
  return graph;
}

function unmeasuredValue(b: Builder, samples: readonly Sample[]): Value {
  let value = b.f32(UNMEASURED);
  for (const { now } of samples) {
    value = b.op('Add', [value, zeroOf(b, now, 3)], { type: SCALAR });
  }
  return value;
}

/** Zero, or not a number when an element is not finite: a sum keeps that, the largest element need not. */
export function zeroOf(b: Builder, value: Value, rank: 1 | 3): Value {
  const axes = rank === 1 ? [0] : [0, 1, 2];
  return b.reduce('ReduceSum', b.op('Mul', [value, b.f32(0)]), axes, false);
}
