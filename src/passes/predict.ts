import { tensorType } from '../ir/index.js';
import { allowance, startOf } from './forecast.js';
import { allLess, fieldsOf, finite } from './keep-time.js';
import { builder, need, type Pass, signalOutput, stateOutput } from './pass.js';

/**
 * Tells whether the next step may reuse, as far as the state that this one writes knows: the decision on the fields that
 * the next step will find, with the knobs of this one. What only the next step's inputs tell counts as in favour, so that
 * a step that reuses was never said not to. A host that has two models saves itself a run by it.
 */
export const predict: Pass = {
  name: 'predict',
  run(context) {
    const { model, plan, emitted } = context;
    const { graph } = model;
    const clock = need(context, 'clock');
    const control = graph.outputs.find(v => v.name === stateOutput(plan.control.name));
    if (control === undefined) throw new Error('the next control vector is not there yet');
    const b = builder(context, graph, 'predict', 'predict');
    const fields = fieldsOf(b, plan.layout, control);
    const start = startOf(b, plan, { ...clock, fields, time: undefined });
    const { less, row } = allowance(plan, start);
    const may = allLess(b, [...less, ...finite(b, plan.layout, fields)], 'may');
    const sure = row === undefined ? may : b.op('Mul', [may, row], { name: 'reused' });
    const next = b.cast(sure, 'bool', tensorType('bool', [1]));
    b.place();
    next.name = signalOutput('next');
    model.names.reserve(next.name);
    graph.addOutput(next);
    emitted.next = next;
  },
};
