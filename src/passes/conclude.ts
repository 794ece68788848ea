import { tensorType, type Value } from '../ir/index.js';
import { field } from './keep-time.js';
import { builder, need, type Pass, returnAs, signalOutput, stateOutput } from './pass.js';

/** Writes the control vector of the next step, and the signals that tell what this one did. */
export const conclude: Pass = {
  name: 'conclude',
  run(context) {
    const { model, plan } = context;
    const { graph } = model;
    const clock = need(context, 'clock');
    const { reuse } = need(context, 'forecast');
    const value = need(context, 'measured');
    const b = builder(context, graph, 'conclude', 'conclude');

    const reused = b.cast(reuse, 'float32');
    const computed = b.op('Not', [reuse], { type: tensorType('bool', [1]) });
    const count = b.op('Add', [field(clock.fields, 'count'), b.op('Sub', [b.f32(1), reused])], {
      type: tensorType('float32', [1]),
    });
    const next = new Map<string, Value>(clock.next);
    next.set('count', count);
    next.set('run', b.op('Mul', [b.op('Add', [field(clock.fields, 'run'), b.f32(1)]), reused]));

    const limit = field(clock.knobs, 'threshold');
    const compiled = b.op('Equal', [limit, b.f32(0)]);
    const threshold = b.op('Where', [compiled, b.f32(plan.decision.threshold), limit], { name: 'threshold' });
    const fires = b.cast(b.op('Less', [value, threshold]), 'float32');
    const fired = field(clock.fields, 'fired');
    const first = b.op('Mul', [fires, field(next, 'step')]);
    next.set('fired', b.op('Where', [b.op('Greater', [fired, b.f32(0)]), fired, first], { name: 'fired' }));
    const armed = field(clock.fields, 'armed');
    const still = plan.decision.once ? armed : b.op('Mul', [armed, reused]);
    next.set('armed', b.op('Add', [still, fires], { name: 'armed' }));
    next.set('value', value);

    const early = plan.layout.early.map(name => next.get(name) ?? field(clock.fields, name));
    if (clock.dims) early.push(clock.dims);
    const known = b.concat(early, 0, { name: 'known' });
    const measured = plan.layout.measured.map(name => field(next, name));
    const control = b.concat([known, ...measured], 0, { type: plan.control.type, name: 'control' });
    b.place();
    returnAs(graph, stateOutput(plan.control.name), control);
    for (const [name, signal] of [['computed', computed], ['value', value], ['count', count]] as const) {
      signal.name = signalOutput(name);
      model.names.reserve(signal.name);
      graph.addOutput(signal);
    }
  },
};
