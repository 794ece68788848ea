import { attr, type Builder, Graph, type TensorType, type Value } from '../ir/index.js';
import { type Region, type StatePlan, stateElem } from '../plan/index.js';
import { builder, type Context, need, stateOf } from './pass.js';
import { sampleShape } from './sampling.js';

/** What stands in for a region's exit, in its own type: the weighted sum of what is kept. */
export function blend(
  context: Context,
  b: Builder,
  region: Region,
  states: readonly StatePlan[],
  type: TensorType,
): Value {
  const weights = context.emitted.weights.get(region);
  const kept = states.map(state => stateOf(context, state));
  const [newest] = kept;
  const [state] = states;
  if (newest === undefined || state === undefined) throw new Error('something is kept');
  if (weights === undefined) return asElem(b, newest, state.type.elem, type);
  const by = weights.of(b);
  const shape = weights.perSample ? sampleShape(context.plan, b, -1) : undefined;
  const terms = kept.map((value, i) => {
    const float = state.type.elem === 'float32' ? value : b.cast(value, 'float32');
    const flat = shape ? b.op('Reshape', [float, shape]) : float;
    return b.op('Mul', [flat, by[i] ?? b.f32(0)]);
  });
  const total = terms.reduce((x, y) => b.op('Add', [x, y], { name: 'extrapolated' }));
  const sum = shape ? b.op('Reshape', [total, b.op('Shape', [newest])]) : total;
  if (type.elem !== 'float32') return b.cast(sum, type.elem, type);
  const producer = sum.producer?.graph === b.graph ? sum : b.op('Identity', [sum], { type });
  producer.type ??= type;
  return producer;
}

/** A kept tensor's next value in either branch. */
export interface Kept {
  readonly computed: Value;
  readonly reused: Value;
}

/**
 * What is kept for the next step: a computed step moves every memory one back, or fills all with its own features when
 * there was nothing before; a reused one keeps them, or `anew` in the place of the last.
 */
export function remember(
  context: Context,
  inCompute: Builder,
  inReuse: Builder,
  states: readonly StatePlan[],
  features: Value,
  type: TensorType,
  anew?: Value,
): readonly Kept[] {
  const [newest, ...older] = states;
  if (newest === undefined) throw new Error('something is kept');
  const now =
    newest.type.elem === type.elem ? features : inCompute.cast(features, newest.type.elem, newest.type);
  const moved = older.length === 0 ? [] : moveBack(context, inCompute, states.slice(0, -1), now, newest.type);
  return [now, ...moved].map((computed, age): Kept => {
    const state = states[age] ?? newest;
    const stays = age === 0 && anew ? asElem(inReuse, anew, type.elem, state.type) : stateOf(context, state);
    return { computed, reused: inReuse.op('Identity', [stays], { type: state.type }) };
  });
}

/** The memories of age 0, 1, ... where the state is of this generation, and copies of `now` where not. */
function moveBack(
  context: Context,
  b: Builder,
  from: readonly StatePlan[],
  now: Value,
  type: TensorType,
): readonly Value[] {
  const yes = new Graph('bwc_move');
  const no = new Graph('bwc_fill');
  const inYes = builder(context, yes, 'compute/move', 'gate-regions');
  const inNo = builder(context, no, 'compute/fill', 'gate-regions');
  for (const state of from) {
    yes.addOutput(inYes.op('Identity', [stateOf(context, state)], { type }));
    no.addOutput(inNo.op('Identity', [now], { type }));
  }
  inYes.place();
  inNo.place();
  const outputs = b.ops('If', [need(context, 'clock').trusted], {
    outputs: from.length,
    name: 'earlier',
    attributes: [attr.graph('then_branch', yes), attr.graph('else_branch', no)],
  });
  for (const output of outputs) output.type = type;
  return outputs;
}

function asElem(b: Builder, kept: Value, elem: TensorType['elem'], type: TensorType): Value {
  return stateElem(type.elem) === type.elem && elem === type.elem ? kept : b.cast(kept, type.elem, type);
}
