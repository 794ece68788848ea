import { createHash } from 'node:crypto';
import { type Stats, statSync } from 'node:fs';
import { dirname, isAbsolute, join, win32 } from 'node:path';
import { refuse } from '../diagnostics/index.js';
import { allGraphs, allNodes, type Graph, type Model, type Node, type Tensor } from '../ir/index.js';
import { reasonOf } from './descriptor.js';
import { FileSource } from './source.js';

const BUFFER = 1024 * 1024;

/**
 * Refuses when weights that the model keeps in other files are not there, or those files are too short. As in
 * ONNX Runtime, a location must lie in the model's folder; a symbolic link there may lead elsewhere.
 * @returns the files, as `externalLocations`
 */
export function checkExternalData(model: Model, path: string): ReadonlySet<string> {
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
  return new Set(sizes.keys());
}

/** The files in which the model keeps weights, as it names them: relative to its own folder. */
export function externalLocations(model: Model, but?: ReadonlyMap<Tensor, unknown>): Set<string> {
  const locations = new Set<string>();
  for (const [, tensor] of externalTensors(model))
    if (tensor.external && !but?.has(tensor)) locations.add(tensor.external.location);
  return locations;
}

/**
 * Compares each file's SHA-1 with the checksums that tensors record of it, as ONNX defines them, and refuses with
 * BWC113 where one differs.
 * @returns the number of files that were compared
 */
export async function verifyChecksums(model: Model, path: string): Promise<number> {
  const wanted = new Map<string, Map<string, string>>();
  for (const [name, { external }] of externalTensors(model)) {
    if (external?.checksum === undefined) continue;
    const known = wanted.get(external.location) ?? new Map<string, string>();
    wanted.set(external.location, known.set(external.checksum.toLowerCase(), name));
  }
  for (const [location, checksums] of wanted) {
    const found = await sha1(new FileSource(join(dirname(path), location)));
    for (const [checksum, tensor] of checksums)
      if (checksum !== found) refuse('BWC113', { path, location, tensor, recorded: checksum, found });
  }
  return wanted.size;
}

async function sha1(source: FileSource): Promise<string> {
  const hash = createHash('sha1');
  const buffers = [Buffer.allocUnsafe(BUFFER), Buffer.allocUnsafe(BUFFER)] as const;
  const read = async (at: number): Promise<Uint8Array> => {
    const buffer = buffers[(at / BUFFER) % 2 === 0 ? 0 : 1];
    const end = Math.min(at + BUFFER, source.size);
    if (at < end) await source.readInto(buffer, 0, at, end);
    return buffer.subarray(0, Math.max(0, end - at));
  };
  let coming = read(0);
  for (let at = 0; at < source.size; at += BUFFER) {
    const bytes = await coming;
    coming = read(at + BUFFER);
    hash.update(bytes);
  }
  await coming;
  return hash.digest('hex');
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

/** A tensor in another file, and what has it: an initializer's name or a node. */
type Found = readonly [what: string, tensor: Tensor];

function externalTensors(model: Model): Found[] {
  const found: Found[] = [];
  for (const root of [model.graph, ...model.functions.map(definition => definition.body())]) {
    for (const graph of allGraphs(root)) {
      for (const { name, initializer } of graph.initializers)
        if (initializer?.external) found.push([name, initializer]);
    }
    for (const node of allNodes(root)) collect(node, found);
  }
  return found;
}

function collect(node: Node, found: Found[]): void {
  for (const attribute of node.attributes.values()) {
    if (attribute.kind === 'tensor') {
      if (attribute.value.external) found.push([node.toString(), attribute.value]);
    } else if (attribute.kind === 'tensors') {
      for (const tensor of attribute.value) if (tensor.external) found.push([node.toString(), tensor]);
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
