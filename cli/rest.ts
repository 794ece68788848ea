import { analyse } from '../src/blocks/index.js';
import { ancestors, type Model, tensorType, Value } from '../src/ir/index.js';
import { evaluate } from '../src/ir/infer/index.js';
import { externalLocations, readModel, toBytes } from '../src/onnx/index.js';
import { inlineFunctions } from '../src/passes/index.js';
import type { Manifest } from '../src/plan/index.js';
import type { RunProfile } from '../src/runtime/index.js';

/**
 * What a reused step cannot save, as a model of its own: the original whose gated regions are replaced by inputs.
 * Undefined where the weights lie in other files, which a model in memory cannot name.
 */
export function restModel(original: string, manifest: Manifest, profile: RunProfile): Uint8Array | undefined {
  const model = readModel(original);
  if (externalLocations(model).size > 0) return undefined;
  inlineFunctions(model);
  const { inferred } = analyse(model, {
    latent: manifest.roles.latent,
    timestep: manifest.roles.timestep ?? undefined,
  });
  const sizes = new Map<string, number>();
  for (const input of model.graph.inputs) {
    const given = profile.inputs[input.name]?.shape;
    inferred.shapeOf(input)?.forEach((d, i) => {
      const size = given?.[i];
      if (typeof d === 'string' && size !== undefined) sizes.set(d, size);
    });
  }
  const values = valuesByName(model);
  for (const name of manifest.regions.flatMap(r => r.leaves)) {
    const value = values.get(name);
    const type = value && inferred.typeOf(value);
    if (value === undefined || type?.kind !== 'tensor') return undefined;
    const shape = (type.shape ?? []).map(d => evaluate(d, sizes));
    if (type.shape === undefined || shape.includes(undefined)) return undefined;
    const input = new Value(model.names.fresh(name), tensorType(type.elem, shape));
    model.graph.addInput(input);
    value.replaceUses(input);
  }
  const kept = ancestors(model.graph, model.graph.outputs);
  model.graph.delete(new Set(model.graph.nodes.filter(node => !kept.has(node))));
  for (const value of model.graph.initializers) if (!value.isUsed) model.graph.removeInitializer(value);
  return toBytes(model);
}

function valuesByName(model: Model): Map<string, Value> {
  const named = new Map<string, Value>();
  for (const node of model.graph.nodes)
    for (const output of node.outputs) if (output) named.set(output.name, output);
  return named;
}
