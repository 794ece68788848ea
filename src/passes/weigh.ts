import { assertNever, type Builder, type Value } from '../ir/index.js';
import { memoryOf, type Weights } from '../methods/index.js';
import type { History, Region } from '../plan/index.js';
import { field } from './keep-time.js';
import { lookup } from './lookup.js';
import { builder, type Clock, type Context, need, type Pass } from './pass.js';

/** Works out by what each memory counts where a region reuses a weighted sum of several. */
export const weigh: Pass = {
  name: 'weigh',
  run(context) {
    const { model, plan, emitted } = context;
    const b = builder(context, model.graph, 'weights', 'weigh');
    const known = new Map<string, readonly Value[]>();
    for (const region of plan.regions) {
      const { weights } = region.reuse;
      if (weights === undefined) continue;
      const key = `${weights.kind === 'taylor' ? region.channel : ''} ${JSON.stringify(weights)}`;
      const found = known.get(key) ?? weightsOf(context, b, region, weights);
      known.set(key, found);
      emitted.weights.set(region, found);
    }
    b.place();
  },
};

function weightsOf(context: Context, b: Builder, { channel }: Region, weights: Weights): readonly Value[] {
  switch (weights.kind) {
    case 'taylor': {
      const history = context.plan.layout.histories.find(h => h.channel === channel);
      if (history === undefined) throw new Error(`channel ${channel} is not counted`);
      return taylor(b, need(context, 'clock'), history, weights.order);
    }
    case 'table': {
      const { index } = need(context, 'forecast');
      const columns = (weights.rows[0] ?? []).map((_, i) => weights.rows.map(row => row[i] ?? 0));
      return columns.map(column => lookup(b, column, index(), 'weight'));
    }
    default:
      return assertNever(weights);
  }
}

/**
 * Weights of the expansion `sum_i D_i x^i / i!` over what is kept, with `D_0` the last and
 * `D_i = (D_i-1 - D_i-1 before) / gap`. An order counts only once enough steps have been computed.
 */
function taylor(b: Builder, { fields }: Clock, history: History, order: number): readonly Value[] {
  const memory = memoryOf({ of: 'output', weights: { kind: 'taylor', order } });
  const oneHot = (at: number): Value =>
    b.f32(...Array.from({ length: memory }, (_, i) => (i === at ? 1 : 0)));
  const gap = (age: number): Value =>
    b.op('Max', [field(fields, history.gaps[age] ?? ''), b.f32(1)], { name: 'gap' });
  const difference = (i: number, age: number): Value => {
    if (i === 0) return oneHot(age);
    const change = b.op('Sub', [difference(i - 1, age), difference(i - 1, age + 1)]);
    return b.op('Div', [change, gap(age)], { name: 'difference' });
  };
  const x = b.op('Add', [field(fields, history.run), b.f32(1)], { name: 'elapsed' });
  let power = x;
  let sum = difference(0, 0);
  for (let i = 1; i <= order; i++) {
    if (i > 1) power = b.op('Div', [b.op('Mul', [power, x]), b.f32(i)], { name: 'power' });
    const known = b.cast(b.op('Less', [b.f32(i + 0.5), field(fields, history.count)]), 'float32');
    const term = b.op('Mul', [difference(i, 0), b.op('Mul', [power, known])]);
    sum = b.op('Add', [sum, term], { name: 'expansion' });
  }
  return memory === 1
    ? [sum]
    : b.split(
        sum,
        Array.from({ length: memory }, () => 1),
        'weight',
      );
}
