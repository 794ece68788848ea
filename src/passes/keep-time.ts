import type { Builder, Value } from '../ir/index.js';
import { type ControlLayout, FIRST, type History, KNOBS } from '../plan/index.js';
import type { Pair } from './decisions/index.js';
import { builder, type Clock, type Context, need, type Pass } from './pass.js';

/** A timestep that goes on by less than this share of a jump back still counts as going back. */
const TURN = 1e-4;

/** Above every finite similarity. */
const HUGE = 1e30;

/**
 * Reads the control vector and tells whether it belongs to this generation. It does not when it is zero, when what was
 * measured last is not a number, when an input's shape changed, or when the timestep did not go on in the direction it
 * went.
 *
 * All of it is arithmetic on a few scalars that are joined with a `Shape`, whose result lies in host memory: ONNX
 * Runtime then keeps the whole chain on the host, and a decision taken from it costs no copy from the device.
 */
export const keepTime: Pass = {
  name: 'keep-time',
  run(context) {
    const { model, plan } = context;
    const { layout } = plan;
    const b = builder(context, model.graph, 'clock', 'keep-time');
    const facts = readFacts(context, b);
    const less: Pair[] = [
      [0.5, field(facts.fields, 'step')],
      [field(facts.knobs, 'reset'), 0.5],
      ...finite(b, layout, facts.fields),
    ];
    const next = new Map<string, Value>();
    const pace = facts.time && b.op('Sub', [facts.time, field(facts.fields, 'time')], { name: 'pace' });
    if (facts.time && pace) {
      const bent = b.op('Add', [field(facts.fields, 'pace'), b.op('Mul', [pace, b.f32(TURN)])]);
      less.push([0, b.op('Mul', [pace, bent], { name: 'onward' })]);
      next.set('time', facts.time);
    }
    if (facts.dims && facts.dimsBefore) {
      const change = b.op('Sub', [facts.dims, facts.dimsBefore]);
      less.push([b.reduce('ReduceL1', change, [0], true), 0.5]);
    }
    const valid = allLess(b, less, 'valid');
    const trusted = b.cast(valid, 'bool');
    const fields = facts.known(trusted);
    if (pace) next.set('pace', b.op('Where', [trusted, pace, b.f32(0)]));
    if (facts.time && layout.early.includes(FIRST))
      next.set(FIRST, b.op('Where', [trusted, field(fields, FIRST), facts.time], { name: FIRST }));
    next.set('step', b.op('Add', [field(fields, 'step'), b.f32(1)], { name: 'step' }));
    b.place(model.graph.nodes[0]);
    context.emitted.clock = { ...facts, fields, valid, trusted, next };
    if (layout.dims > 0 && facts.dims === undefined)
      throw new Error('the layout has dimensions that no input has');
  },
};

/** Pairs in order where what the state rests on is a number. */
export function finite(
  b: Builder,
  layout: ControlLayout,
  fields: ReadonlyMap<string, Value>,
): readonly Pair[] {
  const names = ['count', 'value', 'run', ...counted(layout.histories)];
  return [
    ...names.map((name): Pair => [field(fields, name), HUGE]),
    ...layout.vectors.map((name): Pair => [b.reduce('ReduceSum', field(fields, name), [0], true), HUGE]),
  ];
}

/** The fields of a control vector by name, each float32 [1] but for the dimensions and what channels have. */
export function fieldsOf(b: Builder, layout: ControlLayout, control: Value): ReadonlyMap<string, Value> {
  const names = fieldNames(layout);
  const pieces = b.split(control, fieldLengths(layout), 'known');
  return new Map(pieces.map((value, i) => [names[i] ?? '', value]));
}

/** The dimensions among the fields of the control vector. */
const DIMS = 'dims';

/** Fields of several histories, but for those that the clock has anyway. */
function counted(histories: readonly History[]): readonly string[] {
  const names = histories.flatMap(({ run, count, gaps }) => [run, count, ...gaps]);
  return names.filter(name => name !== 'run' && name !== 'count');
}

const fieldNames = ({ early, dims, measured, vectors }: ControlLayout): readonly string[] => [
  ...early,
  ...(dims > 0 ? [DIMS] : []),
  ...measured,
  ...vectors,
];

const fieldLengths = ({ early, dims, measured, vectors, channels }: ControlLayout): readonly number[] => [
  ...early.map(() => 1),
  ...(dims > 0 ? [dims] : []),
  ...measured.map(() => 1),
  ...vectors.map(() => channels),
];

/** The clock before it is known whether the state can be trusted. */
interface Facts extends Omit<Clock, 'valid' | 'trusted' | 'next'> {
  /** Fields of the control vector, or zeros where it is not to be trusted. */
  readonly known: (trusted: Value) => ReadonlyMap<string, Value>;
}

/** Everything that is known when the step starts, in one vector taken apart again. */
function readFacts(context: Context, b: Builder): Facts {
  const { plan, emitted } = context;
  const { layout } = plan;
  const control = emitted.state.get('control');
  if (control === undefined) throw new Error('no control state');
  const dims =
    plan.variable.length === 0
      ? undefined
      : b.cast(
          b.concat(
            plan.variable.map(v => b.op('Shape', [v])),
            0,
          ),
          'float32',
        );
  const length = dims ? undefined : b.cast(b.op('Shape', [control]), 'float32');
  const lengths = fieldLengths(layout);
  const parts: [name: string, value: Value | undefined, lengths: readonly number[]][] = [
    ['control', control, lengths],
    ['knobs', need(context, 'knobs'), KNOBS.map(() => 1)],
    ['dims', dims, [layout.dims]],
    ['length', length, [1]],
    ['zero', b.f32(0), [1]],
  ];
  const present = parts.filter(([, value]) => value !== undefined);
  const joined = b.concat(
    present.flatMap(([, value]) => (value ? [value] : [])),
    0,
    { name: 'facts' },
  );
  const pieces = [
    ...b.split(
      joined,
      present.flatMap(([, , lengths]) => lengths),
      'fact',
    ),
  ];
  const take = (count: number): Value[] => pieces.splice(0, count);
  const names = fieldNames(layout);
  const fields = new Map(take(names.length).map((value, i) => [names[i] ?? '', value]));
  const known = (trusted: Value): ReadonlyMap<string, Value> =>
    fieldsOf(b, layout, b.op('Where', [trusted, control, b.f32(0)], { name: 'known' }));
  const knobs = new Map(take(KNOBS.length).map((value, i) => [KNOBS[i]?.name ?? '', value]));
  const [now] = take(1);
  const [zero] = take(1);
  if (zero === undefined) throw new Error('the facts end with a zero');
  const time = timeOf(context, b, zero);
  return { fields, known, knobs, dims: dims && now, dimsBefore: fields.get(DIMS), time };
}

/**
 * The timestep as one float32 of shape [1]; per-token timesteps are averaged. A zero that lies on the host is added,
 * without which ONNX Runtime would begin on the device; of 16-bit types it does so in any case.
 */
function timeOf(context: Context, b: Builder, zero: Value): Value | undefined {
  const { timestep } = context.plan;
  if (timestep === undefined) return undefined;
  const { elem, shape } =
    timestep.type?.kind === 'tensor' ? timestep.type : { elem: undefined, shape: undefined };
  let here = timestep;
  if (elem === 'float32' || elem === 'float64' || elem === 'int64' || elem === 'int32') {
    here = b.op('Add', [timestep, elem === 'float32' ? zero : b.cast(zero, elem)]);
  }
  const line = shape?.length === 1 ? here : b.op('Reshape', [here, b.i64(-1)]);
  return b.reduce('ReduceMean', elem === 'float32' ? line : b.cast(line, 'float32'), [0], true, {
    name: 'time',
  });
}

/** 1 where every pair is in order, else 0: float32 [1]. Not-a-number is never in order. */
export function allLess(
  b: Builder,
  pairs: readonly (readonly [Value | number, Value | number])[],
  name: string,
): Value {
  const constantsLast = [...pairs].sort(
    (x, y) => Number(typeof x[0] === 'number') - Number(typeof y[0] === 'number'),
  );
  const low = vector(
    b,
    constantsLast.map(p => p[0]),
  );
  const high = vector(
    b,
    constantsLast.map(p => p[1]),
  );
  return b.reduce('ReduceMin', b.cast(b.op('Less', [low, high]), 'float32'), [0], true, { name });
}

/** Scalars in one vector; neighbouring constants are one constant. */
function vector(b: Builder, scalars: readonly (Value | number)[]): Value {
  const parts: Value[] = [];
  let constants: number[] = [];
  const flush = (): void => {
    if (constants.length > 0) parts.push(b.f32(...constants));
    constants = [];
  };
  for (const scalar of scalars) {
    if (typeof scalar === 'number') constants.push(scalar);
    else {
      flush();
      parts.push(scalar);
    }
  }
  flush();
  return b.concat(parts, 0);
}

/** A field of the control vector, or our mistake. */
export function field(fields: ReadonlyMap<string, Value>, name: string): Value {
  const value = fields.get(name);
  if (value === undefined) throw new Error(`the control vector has no field ${name}`);
  return value;
}
