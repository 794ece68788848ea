import { type Builder, Graph, Tensor, type Value } from '../../ir/index.js';
import type { RateDecision } from '../../methods/index.js';
import { field } from '../keep-time.js';
import { builder, type Context, need, stateOf } from '../pass.js';
import { SCALAR, scalarIf, TINY } from '../sampling.js';
import type { DecisionRule } from './rule.js';

/**
 * The latent's change since the last step, times the gain that the last two computed steps showed, is added up
 * (arXiv 2507.02860). The first reference is the latent of the last step, the second that of the last computed one.
 */
export const rate: DecisionRule<RateDecision> = {
  start: (_, { clock, threshold }) => ({
    less: [
      [0, threshold()],
      [1.5, field(clock.fields, 'count')],
    ],
  }),
  compare(_, { b, context, clock, samples: [last] }) {
    if (last === undefined) throw new Error('the latent is looked at');
    const yes = new Graph('bwc_rate');
    const inside = builder(context, yes, 'indicator/rate', 'compare');
    const change = farthest(inside, last.now, last.before);
    yes.addOutput(inside.op('Mul', [change, field(clock.fields, 'gain')], { type: SCALAR }));
    inside.place();
    return scalarIf(b, need(context, 'forecast').measure, yes, zero(context), 'value');
  },
  level(_, { b, clock, value }) {
    return b.op('Add', [field(clock.fields, 'total'), value], { name: 'total' });
  },
  everyStep: reference => reference === 0,
  behind(_, { b, context, gate }) {
    const computed = need(context, 'samples')[1];
    const [exit] = gate.region.exits;
    const kept = gate.region.features[0]?.[0];
    if (computed === undefined || exit === undefined || kept === undefined)
      throw new Error('a rate is taken over the whole model');
    const yes = new Graph('bwc_gain');
    const inside = builder(context, yes, 'indicator/gain', 'measure');
    const old = flat(inside, stateOf(context, kept));
    const before = flat(inside, computed.before);
    const earlier = gate.region.reuse.of === 'residual' ? inside.op('Add', [old, before]) : old;
    const prediction = flat(inside, gate.within.get(exit.value) ?? exit.value);
    const moved = farthest(inside, prediction, earlier);
    const by = inside.op('Max', [farthest(inside, computed.now, computed.before), inside.f32(TINY)]);
    const size = inside.op('Max', [farthest(inside, prediction), inside.f32(TINY)]);
    const gain = inside.op('Div', [inside.op('Div', [moved, by]), size], { type: SCALAR, name: 'gain' });
    yes.addOutput(gain);
    inside.place();
    return scalarIf(b, need(context, 'forecast').measure, yes, zero(context), 'gain');
  },
  end(_, { b, context, reused, clock }) {
    const again = b.cast(reused, 'bool');
    const gain = b.op('Where', [again, field(clock.fields, 'gain'), need(context, 'behind')], {
      name: 'gain',
    });
    return new Map([
      ['total', b.op('Where', [again, need(context, 'level'), b.f32(0)])],
      ['gain', gain],
    ]);
  },
};

/** Mean absolute difference (or size) of a sample, the largest of the batch: float32 [1]. */
function farthest(b: Builder, x: Value, y?: Value): Value {
  const difference = y === undefined ? flat(b, x) : b.op('Sub', [flat(b, x), flat(b, y)]);
  const mean = b.reduce('ReduceMean', b.op('Abs', [difference]), [1], false);
  return b.reduce('ReduceMax', mean, [0], true);
}

/** [batch, elements] in float32. */
function flat(b: Builder, x: Value): Value {
  const float = x.type?.kind === 'tensor' && x.type.elem !== 'float32' ? b.cast(x, 'float32') : x;
  return b.op('Reshape', [float, b.i64(0, -1)]);
}

function zero(context: Context): Graph {
  const graph = new Graph('bwc_zero');
  const b = builder(context, graph, 'indicator/none', 'measure');
  graph.addOutput(b.given(Tensor.float32([0])));
  b.place();
  return graph;
}
