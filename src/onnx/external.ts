import { type Stats, statSync } from 'node:fs';
import { dirname, isAbsolute, join, win32 } from 'node:path';
import { refuse } from '../diagnostics/index.js';
import { allGraphs, allNodes, type Graph, type Model, type Tensor } from '../ir/index.js';
import { reasonOf } from './descriptor.js';

/**
 * Refuses when weights that the model keeps in other files are not there, or those files are too short. As in
 * ONNX Runtime, a location must lie in the model's folder; a symbolic link there may lead elsewhere.
 */
export function checkExternalData(model: Model, path: string): void {
  const folder = dirname(path);
  const sizes = new Map<string, number>();
  for (const [name, tensor] of externalTensors(model)) {
    const { external } = tensor;
    if (external === undefined) continue;
    const { location, offset } = external;
    const missing = (reason: string): never => refuse('BWC105', { path, tensor: name, location, reason });
    if (escapes(location)) missing('lies outside the folder of the model');
    const size = sizes.get(location) ?? sizeOf(join(folder, location), missing);
    sizes.set(location, size);
    const end = offset + tensor.byteLength;
    if (end > size) missing(`has ${size} bytes, but the tensor ends at byte ${end}`);
  }
}

/** The files in which the model keeps weights, as it names them: relative to its own folder. */
export function externalLocations(model: Model): Set<string> {
  const locations = new Set<string>();
  for (const [, { external }] of externalTensors(model)) if (external) locations.add(external.location);
  return locations;
}

/** As `externalLocations`, of initializers only: needs no attribute that was not read yet. */
export function initializerLocations(graph: Graph, found: Set<string> = new Set()): Set<string> {
  for (const { initializer } of graph.initializers) {
    if (initializer?.external) found.add(initializer.external.location);
  }
  // Attributes that hold graphs were read with the graph.
  for (const node of graph.nodes) {
    if (node.attributesRead) for (const sub of node.subgraphs) initializerLocations(sub, found);
  }
  return found;
}

function* externalTensors(model: Model): IterableIterator<readonly [string, Tensor]> {
  yield* tensorsOf(model.graph);
  for (const definition of model.functions) yield* tensorsOf(definition.body());
}

function* tensorsOf(root: Graph): IterableIterator<readonly [string, Tensor]> {
  for (const graph of allGraphs(root)) {
    for (const value of graph.initializers)
      if (value.initializer?.external) yield [value.name, value.initializer];
  }
  for (const node of allNodes(root)) {
    for (const attribute of node.attributes.values()) {
      const tensors =
        attribute.kind === 'tensor' ? [attribute.value] : attribute.kind === 'tensors' ? attribute.value : [];
      for (const tensor of tensors) if (tensor.external) yield [node.toString(), tensor];
    }
  }
}

function escapes(location: string): boolean {
  if (location.includes('\0') || isAbsolute(location) || win32.isAbsolute(location)) return true;
  return location.split(/[/\\]/).includes('..') || /^[a-z]:/i.test(location);
}

function sizeOf(path: string, missing: (reason: string) => never): number {
  let stats: Stats;
  try {
    stats = statSync(path);
  } catch (error) {
    return missing(`cannot be read: ${reasonOf(error)}`);
  }
  return stats.isFile() ? stats.size : missing('is not a regular file');
}
