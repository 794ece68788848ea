import { attr, type Builder, Graph, int, tensorType, type Value } from '../ir/index.js';
import type { TokenSampling } from '../methods/index.js';
import { type StatePlan, type Taps, tokenStride } from '../plan/index.js';
import { branchOutput } from './gate-region.js';
import { builder, type Context, need, type Pass, returnAs, stateOutput } from './pass.js';

/** What stands for the similarity of a step that was not measured: it passes no threshold. */
export const UNMEASURED = 1000;

const SCALAR = tensorType('float32', [1]);

/** Smallest denominator of a relative change. */
const TINY = 1e-12;

interface Sample {
  /** This step's samples and the reference's, float32 [batch, blocks, elements]. */
  readonly now: Value;
  readonly before: Value;
  readonly state: StatePlan;
}

/**
 * Samples the probed tensors in the compute branch and compares them with what the state holds, in float32. The
 * samples become the next reference. An inner `If` leaves the comparison out where there is nothing to compare with
 * or nothing to decide; a value that is not finite still shows, so that the next step does not trust such a state.
 */
export const measure: Pass = {
  name: 'measure',
  run(context) {
    const { model, plan } = context;
    const gate = need(context, 'gate');
    const b = builder(context, gate.compute, 'indicator', 'measure');
    const inReuse = builder(context, gate.reuse, 'reuse', 'measure');
    const samples = plan.probe.taps.map((taps, i): Sample => {
      const state = plan.references[i];
      const before = state && context.emitted.state.get(state.name);
      if (state === undefined || before === undefined) throw new Error('every group of taps has its state');
      return { state, before, now: sample(context, b, taps, state) };
    });
    const value = b.op('If', [need(context, 'forecast').measure], {
      name: 'value',
      type: SCALAR,
      attributes: [
        attr.graph('then_branch', comparison(context, samples)),
        attr.graph('else_branch', unmeasured(context, samples)),
      ],
    });
    b.place();
    for (const { state, before, now } of samples) {
      const old = inReuse.op('Identity', [before], { type: state.type });
      returnAs(
        model.graph,
        stateOutput(state.name),
        branchOutput(context, gate, now, old, state.type, state.name),
      );
    }
    const none = inReuse.op('Identity', [inReuse.f32(UNMEASURED)], { type: SCALAR });
    context.emitted.measured = branchOutput(context, gate, value, none, SCALAR, 'measured');
    inReuse.place();
  },
};

/** The chosen tokens of the probed tensors, float32 [batch, blocks, elements]. */
function sample(context: Context, b: Builder, taps: Taps, state: StatePlan): Value {
  const { within } = need(context, 'gate');
  const tokens = taps.values.map(tapped => {
    const value = within.get(tapped) ?? tapped;
    return taps.plain ? value : b.op('Reshape', [value, sampleShape(context, b, taps)]);
  });
  const joined = b.concat(picked(b, tokens, taps, context.plan.probe.sampling), 1, { name: 'samples' });
  const shaped = b.op('Reshape', [joined, b.i64(0, taps.values.length, -1)], { name: 'now' });
  if (taps.elem === 'float32' || context.plan.probe.sampling.kind === 'pooled') {
    shaped.type = state.type;
    return shaped;
  }
  return b.cast(shaped, 'float32', state.type);
}

/** Of each tensor what is looked at, in its own type; means are taken in float32. */
function picked(b: Builder, tokens: readonly Value[], taps: Taps, sampling: TokenSampling): readonly Value[] {
  const [first] = tokens;
  if (sampling.kind === 'full' || first === undefined) return tokens;
  if (sampling.kind === 'pooled') {
    const float = (value: Value): Value => (taps.elem === 'float32' ? value : b.cast(value, 'float32'));
    return tokens.map(value => b.reduce('ReduceMean', float(value), [1], true));
  }
  const indices = chosen(b, first, taps, sampling);
  return tokens.map(value => b.op('Gather', [value, indices], { attributes: [int('axis', 1)] }));
}

/** Shape [batch, tokens, channels] for a tensor that folds tokens into its batch or spreads them over dimensions. */
function sampleShape(context: Context, b: Builder, taps: Taps): Value {
  const { batch, latent } = context.plan;
  if (batch !== undefined) return b.i64(batch, -1, taps.channels);
  const first = b.op('Slice', [b.op('Shape', [latent]), b.i64(0), b.i64(1)]);
  return b.concat([first, b.i64(-1, taps.channels)], 0);
}

/** Indices of the sampled tokens, the same for all tensors of one shape. */
function chosen(b: Builder, tokens: Value, taps: Taps, sampling: { share: number; most: number }): Value {
  if (taps.tokens !== undefined) {
    const stride = tokenStride(taps.tokens, sampling.share, sampling.most);
    return b.i64(...Array.from({ length: Math.ceil(taps.tokens / stride) }, (_, i) => i * stride));
  }
  const count = b.op('Squeeze', [b.op('Slice', [b.op('Shape', [tokens]), b.i64(1), b.i64(2)])]);
  const half = b.op('Div', [count, b.i64(2 * sampling.most)]);
  const most = b.op('Max', [half, b.i64(Math.floor(0.5 / sampling.share))]);
  const stride = b.op('Add', [b.op('Mul', [most, b.i64(2)]), b.i64(1)], { name: 'stride' });
  return b.op('Range', [b.scalar(0), count, b.op('Squeeze', [stride])], { name: 'chosen' });
}

/** Mean over blocks of the relative L1 change, the worst sample of the batch: float32 [1]. */
function comparison(context: Context, samples: readonly Sample[]): Graph {
  const graph = new Graph('bwc_compare');
  const b = builder(context, graph, 'indicator/relative_l1', 'measure');
  const { denominator } = context.plan.probe.metric;
  const perBlock = samples.map(({ now, before }) => {
    const change = b.reduce('ReduceL1', b.op('Sub', [now, before]), [2], false);
    const size = b.reduce('ReduceL1', denominator === 'older' ? before : now, [2], false);
    return b.op('Div', [change, b.op('Max', [size, b.f32(TINY)])], { name: 'per_block' });
  });
  const mean = b.reduce('ReduceMean', b.concat(perBlock, 1), [1], false);
  const worst = b.op('Add', [b.reduce('ReduceMax', mean, [0], true), zeroOf(b, mean, 1)], { type: SCALAR });
  b.place();
  graph.addOutput(worst);
  return graph;
}

/** `UNMEASURED`, or not a number when a sample is not finite. */
function unmeasured(context: Context, samples: readonly Sample[]): Graph {
  const graph = new Graph('bwc_unmeasured');
  const b = builder(context, graph, 'indicator/unmeasured', 'measure');
  let value = b.f32(UNMEASURED);
  for (const { now } of samples) {
    value = b.op('Add', [value, zeroOf(b, now, 3)], { type: SCALAR });
  }
  b.place();
  graph.addOutput(value);
  return graph;
}

/** Zero, or not a number when an element is not finite: a sum keeps that, the largest element need not. */
function zeroOf(b: Builder, value: Value, rank: 1 | 3): Value {
  const axes = rank === 1 ? [0] : [0, 1, 2];
  return b.reduce('ReduceSum', b.op('Mul', [value, b.f32(0)]), axes, false);
}
