import { attr, type Builder, int, Tensor, type Value } from '../ir/index.js';
import type { Refresh } from '../methods/index.js';
import type { Exit, StatePlan, Tokens } from '../plan/index.js';
import { copied } from './copied.js';
import { lookup } from './lookup.js';
import { builder, type Context, need, stateOf } from './pass.js';
import { TINY } from './sampling.js';

/** What a reused step has instead of what is kept, where some tokens are computed. */
export interface Refreshed {
  /** Kept tokens, and fresh ones in their places: [batch, tokens, channels]. */
  readonly features: Value;
  /** Steps since each token was computed, float32 [batch, tokens]. */
  readonly ages: Value;
}

/** Computes the chosen tokens anew, in the reuse branch. */
export function refreshed(
  context: Context,
  b: Builder,
  kept: Value,
  { value: leaves, declared, tokens: { enters, nodes } }: Exit & { readonly tokens: Tokens },
  state: StatePlan,
  { share, age }: Refresh,
): Refreshed {
  const outer = (value: Value): Value => context.emitted.outside.get(value) ?? value;
  const stream = outer(enters[0]);
  const before = stateOf(context, state);
  const norms = b.reduce('ReduceL2', b.cast(stream, 'float32'), [2], false);
  const whole = b.op('Max', [b.reduce('ReduceL2', norms, [1], true), b.f32(TINY)]);
  const waited = b.op('Mul', [before, b.f32(age)]);
  const score = b.op('Add', [b.op('Div', [norms, whole]), waited], { name: 'score' });
  const [, chosen] = b.ops('TopK', [score, counted(context, state, share)], { outputs: 2, name: 'chosen' });
  if (chosen === undefined) throw new Error('TopK gives two outputs');
  const places = b.op('Unsqueeze', [chosen, b.i64(2)], { name: 'places' });
  const batched = { name: 'tokens', attributes: [int('batch_dims', 1)] };
  const gathered = enters.map(v => [v, b.op('GatherND', [outer(v), places], batched)] as const);
  const fresh = copied(b, nodes, new Map(gathered))(leaves);
  const everywhere = b.op('Expand', [places, b.op('Shape', [fresh])]);
  const tokens = { attributes: [int('axis', 1)] };
  const zeros = b.op('ConstantOfShape', [b.op('Shape', [chosen])], {
    attributes: [attr.tensor('value', Tensor.float32([0]))],
  });
  const older = b.op('Add', [before, b.f32(1)]);
  return {
    features: b.op('ScatterElements', [kept, everywhere, fresh], {
      ...tokens,
      name: 'refreshed',
      type: declared,
    }),
    ages: b.op('ScatterElements', [older, chosen, zeros], { ...tokens, name: 'ages', type: state.type }),
  };
}

/** How many tokens are computed: worked out once for all states of one shape and share. */
function counted(context: Context, ages: StatePlan, share: readonly number[]): Value {
  const { counts } = context.emitted;
  const shape = ages.type.shape?.every(dim => dim !== undefined) ? ages.type.shape.join() : ages.name;
  const key = `${shape} ${share.join()}`;
  const number = counts.get(key) ?? countOf(context, ages, share);
  counts.set(key, number);
  return number;
}

/**
 * The same, int64 [1]: on the host, from the step and a shape alone, as `TopK` wants it. Built in front of the gates, since ONNX
 * Runtime does not see in a branch what lies on the host outside.
 */
function countOf(context: Context, ages: StatePlan, share: readonly number[]): Value {
  const { model } = context;
  const b = builder(context, model.graph, 'weights', 'gate-regions');
  const { index } = need(context, 'forecast');
  const sizes = b.op('Shape', [stateOf(context, ages)]);
  const tokens = b.cast(b.op('Slice', [sizes, b.i64(1), b.i64(2)]), 'float32');
  const wanted = b.op('Mul', [tokens, lookup(b, share, index(), 'share')]);
  const number = b.cast(b.op('Max', [wanted, b.f32(1)]), 'int64');
  b.place(model.graph.nodes.find(node => node.op === 'If' && node.name.startsWith('bwc/gate')));
  return number;
}
