import { allGraphs, type Graph, type Model, positions, readsOf, topological } from '../ir/index.js';
import { inlineFunctions } from './inline-functions.js';

/** Makes a model ready for analysis: one flat graph without calls, its nodes in execution order. */
export function prepare(model: Model): void {
  inlineFunctions(model);
  for (const graph of allGraphs(model.graph)) if (!isOrdered(graph)) graph.reorder(topological(graph));
}

/** ONNX asks for this order; some converters append nodes and leave it to the runtime. */
function isOrdered(graph: Graph): boolean {
  const at = positions(graph);
  for (const [node, position] of at) {
    for (const value of readsOf(node)) {
      const before = value.producer && at.get(value.producer);
      if (before !== undefined && before >= position) return false;
    }
  }
  return true;
}
