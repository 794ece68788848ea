import { assertNever, type Builder, type Value } from '../ir/index.js';
import { memoryOf, type ProjectedWeights, type Weights } from '../methods/index.js';
import { type History, historyOf, type Region } from '../plan/index.js';
import { field } from './keep-time.js';
import { lookup } from './lookup.js';
import { builder, type Clock, type Context, need, type Pass, stateOf, type Weighing } from './pass.js';
import { sample, sizeOf, TINY } from './sampling.js';

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
      if (weights.kind === 'projected') {
        emitted.weights.set(region, projected(context, region, weights));
        continue;
      }
      const key = `${weights.kind === 'table' ? '' : region.channel} ${JSON.stringify(weights)}`;
      const found = known.get(key) ?? weightsOf(context, b, region, weights);
      known.set(key, found);
      emitted.weights.set(region, { of: () => found, perSample: false });
    }
    b.place();
  },
};

type ScalarWeights = Exclude<Weights, ProjectedWeights>;

function weightsOf(
  context: Context,
  b: Builder,
  { channel }: Region,
  weights: ScalarWeights,
): readonly Value[] {
  switch (weights.kind) {
    case 'taylor':
      return taylor(b, need(context, 'clock'), historyOf(context.plan, channel), weights.order);
    case 'trapezoid':
      return trapezoid(context, b, historyOf(context.plan, channel));
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

/**
 * Weights of the line `last + (last - before) x / gap`, and of what is owed: 1 at the first step that is reused after a computed one, which
 * pays it. Before two steps were computed both are the same, and nothing is owed.
 */
function trapezoid(
  context: Context,
  b: Builder,
  { channel, run, gaps: [last = ''] }: History,
): readonly Value[] {
  const { fields } = need(context, 'clock');
  const reuse = need(context, 'decided').reuse[channel];
  if (reuse === undefined) throw new Error(`no answer for channel ${channel}`);
  const since = field(fields, run);
  const gap = b.op('Max', [field(fields, last), b.f32(1)], { name: 'gap' });
  const ahead = b.op('Div', [b.op('Add', [since, b.f32(1)]), gap], { name: 'ahead' });
  const first = b.op('And', [b.op('Less', [since, b.f32(0.5)]), reuse]);
  return [
    b.op('Add', [ahead, b.f32(1)], { name: 'weight' }),
    b.op('Neg', [ahead], { name: 'weight' }),
    b.cast(first, 'float32'),
  ];
}

/**
 * Weights `g` and `1 - g` of the last two, by how far what is followed has come from the older: worked out in the reuse branch, where it is
 * needed. Before two steps were computed both memories are the same, and any `g` will do.
 */
function projected(context: Context, region: Region, { range: [low, high] }: ProjectedWeights): Weighing {
  const { along } = region;
  if (along === undefined) throw new Error('what is followed has a plan');
  let made: readonly Value[] | undefined;
  const sum = (b: Builder, terms: readonly Value[]): Value => terms.reduce((x, y) => b.op('Add', [x, y]));
  const distance = (b: Builder, x: Value, y: Value): Value =>
    b.op('Reshape', [sizeOf(b, b.op('Sub', [x, y]), [1, 2]), b.i64(-1, 1)]);
  const factor = (b: Builder): Value => {
    const ways = along.taps.map((taps, i) => {
      const [last, before] = (along.kept[i] ?? []).map(state => stateOf(context, state));
      const [state] = along.kept[i] ?? [];
      if (last === undefined || before === undefined || state === undefined)
        throw new Error('what is followed is kept twice');
      const now = sample(context, b, taps, state.type, along, value => value);
      return { come: distance(b, now, before), whole: distance(b, last, before) };
    });
    const come = sum(
      b,
      ways.map(way => way.come),
    );
    const whole = b.op('Max', [
      sum(
        b,
        ways.map(way => way.whole),
      ),
      b.f32(TINY),
    ]);
    return b.op('Min', [b.op('Max', [b.op('Div', [come, whole]), b.f32(low)]), b.f32(high)], {
      name: 'along',
    });
  };
  const of = (b: Builder): readonly Value[] => {
    if (made === undefined) {
      const last = factor(b);
      made = [last, b.op('Sub', [b.f32(1), last])];
    }
    return made;
  };
  return { of, perSample: true };
}
