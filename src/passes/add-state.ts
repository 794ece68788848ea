import { Tensor, tensorType, Value } from '../ir/index.js';
import { KNOBS, statesOf } from '../plan/index.js';
import { builder, KNOBS_INPUT, type Pass, stateInput, stateOutput } from './pass.js';

/**
 * Adds the state tensors as pairs of graph input and output, passed through unchanged for now, and the knobs.
 * With state defaults every added input gets an empty or zero initializer of its own name.
 */
export const addState: Pass = {
  name: 'add-state',
  run(context) {
    const { model, plan, emitted } = context;
    const { graph } = model;
    const b = builder(context, graph, 'state', 'add-state');
    const outputs: Value[] = [];
    for (const state of statesOf(plan)) {
      const input = new Value(stateInput(state.name), state.type);
      model.names.reserve(input.name);
      graph.addInput(input);
      if (plan.stateDefaults) {
        const dims = (state.type.shape ?? []).map(d => (typeof d === 'number' ? d : 0));
        graph.addInitializer(input, Tensor.zeros(state.type.elem, dims));
      }
      emitted.state.set(state.name, input);
      const output = b.op('Identity', [input], { type: state.type });
      output.name = stateOutput(state.name);
      model.names.reserve(output.name);
      outputs.push(output);
    }
    b.place();
    for (const output of outputs) graph.addOutput(output);
    const knobs = new Value(KNOBS_INPUT, tensorType('float32', [KNOBS.length]));
    model.names.reserve(knobs.name);
    graph.addInput(knobs);
    if (plan.stateDefaults) graph.addInitializer(knobs, Tensor.float32(KNOBS.map(() => 0)));
    emitted.knobs = knobs;
  },
};
