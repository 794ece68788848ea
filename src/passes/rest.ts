import { refuse } from '../diagnostics/index.js';
import { ancestors, applyPatch, Builder, type Model, Node, Value } from '../ir/index.js';
import { inferTypes } from '../ir/infer/index.js';
import type { Manifest } from '../plan/index.js';
import { halvesOf } from './narrow.js';

/**
 * Turns the original model, in place, into what a reused step cannot do without: what comes before the skipped blocks
 * and what comes after. The streams go straight from where they enter to where they leave; a stream that
 * leaves with nothing to take its place comes in as a graph input. Its time is the lower bound of a reused step.
 */
export function keepRest(model: Model, manifest: Manifest): void {
  const { graph } = model;
  const values = new Map<string, Value>();
  for (const value of graph.inputs) values.set(value.name, value);
  for (const node of graph.nodes)
    for (const output of node.outputs) if (output) values.set(output.name, output);
  const find = (name: string): Value => {
    const reason = `the manifest names ${name}, which it does not have`;
    return values.get(name) ?? refuse('BWC404', { model: 'the original', reason });
  };
  const inferred = inferTypes(model);
  for (const region of manifest.regions) {
    if (region.half !== undefined) {
      cutInputs(model, region.enters.map(find), region.half);
      continue;
    }
    region.leaves.forEach((name, i) => {
      const leaves = find(name);
      const same = region.continues[i];
      const instead =
        typeof same === 'string'
          ? find(same)
          : new Value(model.names.fresh(`bwc.rest.${i}`), inferred.typeOf(leaves));
      if (typeof same !== 'string') graph.addInput(instead);
      applyPatch({ graph, replace: [{ from: leaves, to: instead }] });
    });
  }
  const needed = ancestors(graph, graph.outputs);
  applyPatch({ graph, remove: graph.nodes.filter(n => !needed.has(n)) });
}

/** Lets the model run on one half of what comes in. */
function cutInputs(model: Model, inputs: readonly Value[], computed: 'first' | 'last'): void {
  const { graph } = model;
  const b = new Builder(model, graph, 'bwc/rest', 'bwc: made to time what a reused step cannot do without');
  const [first] = graph.nodes;
  const replace = inputs.map(from => ({ from, to: halvesOf(b, from, { computed }).computed }));
  const ours = new Set(b.place(first));
  applyPatch({
    graph,
    replace: replace.map(each => ({ ...each, where: user => !(user instanceof Node && ours.has(user)) })),
  });
}
