import { attr, type Builder, Graph, int, Tensor, type TensorType, type Value } from '../ir/index.js';
import type { ChannelRows } from '../methods/index.js';
import { type Region, type StatePlan, stateElem } from '../plan/index.js';
import { builder, type Context, need, stateOf, type Weighing } from './pass.js';
import { sampleShape } from './sampling.js';

/** What stands in for an exit of a region, in its own type: the weighted sum of what is kept, scaled and shifted. */
export function blend(context: Context, b: Builder, region: Region, exit: number, type: TensorType): Value {
  const weights = context.emitted.weights.get(region);
  const adjust = region.reuse.adjust?.[exit];
  const states = region.features[exit] ?? [];
  const [state] = states;
  if (state === undefined) throw new Error('something is kept');
  const elem = state.type.elem;
  const kept = states.map(each => stateOf(context, each));
  const [newest] = kept;
  if (newest === undefined) throw new Error('something is kept');
  if (weights === undefined && adjust === undefined) return asElem(b, newest, elem, type);
  const floats = elem === 'float32' ? kept : kept.map(value => b.cast(value, 'float32'));
  const [last = newest] = floats;
  const sum = weights === undefined ? last : weighted(context, b, weights, floats);
  const stand = adjust === undefined ? sum : adjusted(context, b, sum, adjust);
  if (type.elem !== 'float32') return b.cast(stand, type.elem, type);
  const producer = stand.producer?.graph === b.graph ? stand : b.op('Identity', [stand], { type });
  producer.type ??= type;
  return producer;
}

function weighted(context: Context, b: Builder, weights: Weighing, kept: readonly Value[]): Value {
  const by = weights.of(b);
  const shape = weights.perSample ? sampleShape(context.plan, b, -1) : undefined;
  const terms = kept.map((value, i) => {
    const flat = shape ? b.op('Reshape', [value, shape]) : value;
    return b.op('Mul', [flat, by[i] ?? b.f32(0)]);
  });
  const total = terms.reduce((x, y) => b.op('Add', [x, y], { name: 'extrapolated' }));
  const [like] = kept;
  return shape && like ? b.op('Reshape', [total, b.op('Shape', [like])]) : total;
}

/**
 * Scaled and shifted by the rows of this step. The tables lie outside the branch, as weights do, with a first row that changes nothing for
 * all steps that have none.
 */
function adjusted(context: Context, b: Builder, value: Value, { scale, shift }: ChannelRows): Value {
  const channels = scale.find(row => row.length > 0)?.length;
  if (channels === undefined) return value;
  let rows = 0;
  const places = b.i64(...scale.map(row => (row.length > 0 ? ++rows : 0)));
  const row = b.op('Gather', [places, need(context, 'forecast').index()], { attributes: [int('axis', 0)] });
  const outside = builder(context, context.model.graph, 'reuse', 'gate-regions');
  const own = (name: string, table: readonly (readonly number[])[], neutral: number): Value => {
    const numbers = [...Array.from({ length: channels }, () => neutral), ...table.flat()];
    const all = outside.constant(Tensor.of('float32', numbers, [1 + rows, channels]), name, name);
    return b.op('Gather', [all, row], { name, attributes: [int('axis', 0)] });
  };
  const scaled = b.op('Mul', [value, own('scale', scale, 1)], { name: 'scaled' });
  return b.op('Add', [scaled, own('shift', shift, 0)], { name: 'shifted' });
}

/** A kept tensor's next value in either branch. */
export interface Kept {
  readonly computed: Value;
  readonly reused: Value;
}

/**
 * What is kept for the next step: a computed step moves every memory one back, or fills all with its own features when
 * there was nothing before; a reused one keeps them, but for those that are `Apart`.
 */
export function remember(
  context: Context,
  inCompute: Builder,
  inReuse: Builder,
  states: readonly StatePlan[],
  features: Value,
  type: TensorType,
  { anew, line }: Apart = {},
): readonly Kept[] {
  const [newest, ...older] = states;
  if (newest === undefined) throw new Error('something is kept');
  const now =
    newest.type.elem === type.elem ? features : inCompute.cast(features, newest.type.elem, newest.type);
  const nothing = line && inCompute.op('Sub', [now, now], { name: 'nothing' });
  const moves = older.map((state, age): Move => {
    if (line && nothing && state === states.at(-1))
      return { trusted: b => owedAfter(context, b, state, now, line), fresh: nothing };
    const before = states[age] ?? newest;
    return { trusted: () => stateOf(context, before), fresh: now };
  });
  const moved = moves.length === 0 ? [] : moveBack(context, inCompute, moves, newest.type);
  return [now, ...moved].map((computed, age): Kept => {
    const state = states[age] ?? newest;
    const stays = age === 0 && anew ? asElem(inReuse, anew, type.elem, state.type) : stateOf(context, state);
    return { computed, reused: inReuse.op('Identity', [stays], { type: state.type }) };
  });
}

/** Memories that are not what a computed step gave. */
export interface Apart {
  /** In the place of the last, at a reused step. */
  readonly anew?: Value | undefined;
  /** Of which the oldest memory holds what steps on it were off. */
  readonly line?: Line | undefined;
}

/** What stands in for a computed step, and how many steps followed the line before it, float32 [1]. */
export interface Line {
  readonly at: (b: Builder) => Value;
  readonly run: Value;
}

/** What a memory is at a computed step, where the state is of this generation, and where not. */
interface Move {
  readonly trusted: (b: Builder) => Value;
  readonly fresh: Value;
}

function moveBack(context: Context, b: Builder, moves: readonly Move[], type: TensorType): readonly Value[] {
  const yes = new Graph('bwc_move');
  const no = new Graph('bwc_fill');
  const inYes = builder(context, yes, 'compute/move', 'gate-regions');
  const inNo = builder(context, no, 'compute/fill', 'gate-regions');
  for (const { trusted, fresh } of moves) {
    yes.addOutput(inYes.op('Identity', [trusted(inYes)], { type }));
    no.addOutput(inNo.op('Identity', [fresh], { type }));
  }
  inYes.place();
  inNo.place();
  const outputs = b.ops('If', [need(context, 'clock').trusted], {
    outputs: moves.length,
    name: 'earlier',
    attributes: [attr.graph('then_branch', yes), attr.graph('else_branch', no)],
  });
  for (const output of outputs) output.type = type;
  return outputs;
}

/**
 * What the steps on the line before were off in sum: they ran on it for `run` steps and `run + 1` end `now - line` beside it, so that the mean of them is
 * half of that off. Where none was reused, what was owed is not paid yet.
 */
function owedAfter(context: Context, b: Builder, owed: StatePlan, now: Value, { at, run }: Line): Value {
  const { elem } = owed.type;
  const float = (value: Value): Value => (elem === 'float32' ? value : b.cast(value, 'float32'));
  const off = b.op('Sub', [float(now), float(at(b))], { name: 'off' });
  const fresh = b.op('Mul', [off, b.op('Mul', [run, b.f32(0.5)])], { name: 'owed' });
  const unpaid = b.op('Less', [run, b.f32(0.5)]);
  const sum = b.op('Where', [unpaid, float(stateOf(context, owed)), fresh], { name: 'owed' });
  return elem === 'float32' ? sum : b.cast(sum, elem);
}

function asElem(b: Builder, kept: Value, elem: TensorType['elem'], type: TensorType): Value {
  return stateElem(type.elem) === type.elem && elem === type.elem ? kept : b.cast(kept, type.elem, type);
}
