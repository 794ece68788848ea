import { tensorType, type Value } from '../ir/index.js';
import { field, increase } from './keep-time.js';
import { builder, need, type Pass, returnAs, signalOutput, stateOutput } from './pass.js';

/** Writes the control vector of the next step, and the signals that tell what this one did. */
export const conclude: Pass = {
  name: 'conclude',
  run(context) {
    const { model, plan } = context;
    const { graph } = model;
    const clock = need(context, 'clock');
    const { reuse, reused } = need(context, 'forecast');
    const value = need(context, 'measured');
    const b = builder(context, graph, 'conclude', 'conclude');

    const computed = b.op('Not', [reuse], { type: tensorType('bool', [1]) });
    const count = increase(b, clock.fields, 'count', clock.valid, b.op('Sub', [b.f32(1), reused]));
    count.type = tensorType('float32', [1]);
    const next = new Map<string, Value>([...clock.next, ['count', count], ['value', value]]);
    next.set('run', b.op('Mul', [b.op('Add', [field(clock.fields, 'run'), b.f32(1)]), reused]));

    const knob = field(clock.knobs, 'threshold');
    const threshold = b.op('Where', [b.op('Equal', [knob, b.f32(0)]), b.f32(plan.decision.threshold), knob]);
    const fires = b.cast(b.op('Less', [value, threshold], { name: 'fires' }), 'float32');
    const fired = b.op('Mul', [field(clock.fields, 'fired'), clock.valid]);
    const first = b.op('Mul', [fires, field(next, 'step')]);
    next.set('fired', b.op('Where', [b.op('Greater', [fired, b.f32(0)]), fired, first], { name: 'fired' }));
    const still = plan.decision.once ? b.op('Mul', [field(clock.fields, 'armed'), clock.valid]) : reused;
    next.set('armed', b.op('Add', [still, fires], { name: 'armed' }));

    const early = plan.layout.early.map(name => next.get(name) ?? field(clock.fields, name));
    if (clock.dims) early.push(clock.dims);
    const known = b.concat(early, 0, { name: 'known' });
    const measured = plan.layout.measured.map(name => field(next, name));
    const control = b.concat([known, ...measured], 0, { type: plan.control.type, name: 'control' });
    b.place();
    returnAs(graph, stateOutput(plan.control.name), control);
    for (const [name, signal] of [
      ['computed', computed],
      ['value', value],
      ['count', count],
    ] as const) {
      signal.name = signalOutput(name);
      model.names.reserve(signal.name);
      graph.addOutput(signal);
    }
  },
};
