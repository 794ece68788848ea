import { type Builder, int, type Value } from '../ir/index.js';
import { controlLength, KNOBS } from '../plan/index.js';
import { builder, type Context, need, type Pass } from './pass.js';

/**
 * Reads the control vector and tells whether it belongs to this generation. It does not when it is empty or zero,
 * not finite, when an input's shape changed, or when the timestep did not go on in the direction it went.
 *
 * All of it is arithmetic on a few scalars that starts from `Shape`, whose result lies in host memory: ONNX Runtime
 * then keeps the whole chain on the host, and a decision taken from it costs no copy from the device.
 */
export const keepTime: Pass = {
  name: 'keep-time',
  run(context) {
    const { model, plan, emitted } = context;
    const { layout } = plan;
    const b = builder(context, model.graph, 'clock', 'keep-time');
    const control = emitted.state.get('control');
    if (control === undefined) throw new Error('no control state');
    const length = b.op('Shape', [control], { name: 'length' });
    const flat = b.op('Sub', [b.op('Mul', [length, b.i64(0)]), b.i64(1)], { name: 'minus_one' });
    const missing = b.op('ConstantOfShape', [b.op('Sub', [b.i64(controlLength(layout)), length])], { name: 'missing' });
    const vector = b.concat([control, missing], 0, { name: 'control' });
    const dims = currentDims(b, plan.variable);
    const time = timeOf(context, b, flat);
    const fieldNames = [...layout.early, ...layout.measured];
    const lengths = [...layout.early.map(() => 1), ...(dims ? [layout.dims] : []), ...layout.measured.map(() => 1)];
    const stored = b.split(vector, lengths, 'stored');
    const storedDims = dims ? stored[layout.early.length] : undefined;
    const named = (values: readonly Value[]): Map<string, Value> => {
      const scalars = dims ? values.filter((_, i) => i !== layout.early.length) : values;
      return new Map(fieldNames.map((name, i) => [name, at(scalars, i)]));
    };
    const before = named(stored);
    const knobValues = b.split(b.op('Reshape', [need(context, 'knobs'), flat]), KNOBS.map(() => 1), 'knob');
    const knobs = new Map(KNOBS.map((k, i) => [k.name, at(knobValues, i)] as const));

    const drift = [b.op('Mul', [vector, b.f32(0)])];
    if (dims && storedDims) drift.push(b.op('Sub', [dims, storedDims]));
    drift.push(knobs.get('reset') ?? b.f32(0));
    const deviation = b.reduce('ReduceSum', b.op('Abs', [b.concat(drift, 0)]), undefined, true);
    let valid = b.op('And', [
      b.op('Equal', [deviation, b.f32(0)]),
      b.op('Greater', [field(before, 'step'), b.f32(0)]),
    ]);
    const next = new Map<string, Value>();
    if (time) {
      const direction = b.op('Sign', [b.op('Sub', [time, field(before, 'time')])], { name: 'direction' });
      const onward = b.op('Mul', [
        direction,
        b.op('Add', [field(before, 'direction'), b.op('Mul', [direction, b.f32(0.5)])]),
      ]);
      valid = b.op('And', [valid, b.op('Greater', [onward, b.f32(0)])], { name: 'valid' });
      next.set('time', time);
      next.set('direction', b.op('Mul', [direction, b.cast(valid, 'float32')]));
    }
    const fields = named(b.split(b.op('Where', [valid, vector, b.f32(0)], { name: 'trusted' }), lengths, 'field'));
    next.set('step', b.op('Add', [field(fields, 'step'), b.f32(1)], { name: 'step' }));
    b.place(model.graph.nodes[0]);
    emitted.clock = { valid, fields, knobs, next, dims };
  },
};

/** A field of the control vector, or our mistake. */
export function field(fields: ReadonlyMap<string, Value>, name: string): Value {
  const value = fields.get(name);
  if (value === undefined) throw new Error(`the control vector has no field ${name}`);
  return value;
}

/** The timestep as one float32 of shape [1]; per-token timesteps are averaged. */
function timeOf(context: Context, b: Builder, flat: Value): Value | undefined {
  const { timestep } = context.plan;
  if (timestep === undefined) return undefined;
  const line = b.cast(b.op('Reshape', [timestep, flat]), 'float32');
  return b.reduce('ReduceMean', line, undefined, true);
}

/** Dimensions of the variable inputs in one float32 vector. */
function currentDims(b: Builder, inputs: readonly Value[]): Value | undefined {
  if (inputs.length === 0) return undefined;
  const shapes = inputs.map(v => b.op('Shape', [v]));
  return b.op('Cast', [b.concat(shapes, 0)], { attributes: [int('to', 1)], name: 'dims' });
}

function at(values: readonly Value[], index: number): Value {
  const value = values[index];
  if (value === undefined) throw new Error(`no element ${index}`);
  return value;
}
