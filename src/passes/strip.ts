import { refuse } from '../diagnostics/index.js';
import {
  allNodes,
  type Graph,
  type Model,
  type Node,
  tensorType,
  topological,
  type Value,
} from '../ir/index.js';
import { MANIFEST_KEY, manifestSchema, ROWS, renamed } from '../plan/index.js';
import { renameBatch } from './narrow.js';
import { UNDO_KEY, type Undo, undoSchema } from './undo.js';

/**
 * Takes the caching out again: the model is structurally what it was before `compile` (model-local functions, which
 * compiling inlines, stay inlined). The computing one of two models lacks what no output needed. Refuses with BWC207 when the model
 * was not compiled by bwc, and with BWC242 when it is the reusing one of two.
 */
export function strip(model: Model): void {
  refuseReusing(model);
  const undo = undoOf(model);
  const { graph } = model;
  const gates = undo.gates.map(name => {
    const gate = graph.nodes.find(n => n.name === name);
    const compute = gate?.subgraph('else_branch');
    return gate && compute ? { gate, compute } : refuse('BWC207', {});
  });
  for (const value of [...graph.outputs]) if (isOurs(value.name)) graph.removeOutput(value);
  for (const { compute } of gates) giveBack(graph, compute);
  for (const { compute } of gates) restoreConstants(graph, compute, undo);
  for (const { gate, compute } of gates) bringBack(graph, gate, compute, undo);
  if (gates.length === 0) joinUp(graph, undo);
  const { batch } = undo;
  if (batch !== undefined)
    renameBatch(model, ({ elem, shape }) =>
      tensorType(
        elem,
        shape?.map(dim => (typeof dim === 'string' ? renamed(dim, ROWS, batch) : dim)),
      ),
    );
  rereadShapes(graph, undo);
  removeOurs(graph);
  model.metadata.delete(MANIFEST_KEY);
  model.metadata.delete(UNDO_KEY);
}

/** The reusing one of two models lacks what is skipped, and has no record of what to take back. */
function refuseReusing({ metadata }: Model): void {
  if (metadata.has(UNDO_KEY)) return;
  let manifest: unknown;
  try {
    manifest = JSON.parse(metadata.get(MANIFEST_KEY) ?? 'null');
  } catch (error) {
    refuse('BWC207', {}, undefined, error);
  }
  const { success, data } = manifestSchema.safeParse(manifest);
  if (success && data.split) refuse('BWC242', data.split);
}

function undoOf(model: Model): Undo {
  try {
    return undoSchema.parse(JSON.parse(model.metadata.get(UNDO_KEY) ?? ''));
  } catch (error) {
    return refuse('BWC207', {}, undefined, error);
  }
}

/** True for what bwc added: its names are its own. */
function isOurs(name: string): boolean {
  return name.startsWith('bwc/') || name.startsWith('bwc.');
}

/** Gives constants that were moved into a branch back to the outer graph. */
function giveBack(graph: Graph, compute: Graph): void {
  for (const value of [...compute.initializers]) {
    const { initializer } = value;
    if (isOurs(value.name) || initializer === undefined) continue;
    compute.removeInitializer(value);
    graph.addInitializer(value, initializer);
  }
}

/** Makes readers of copied constants read the originals again. */
function restoreConstants(graph: Graph, compute: Graph, undo: Undo): void {
  const outer = new Map<string, Value>();
  for (const value of graph.initializers) outer.set(value.name, value);
  for (const node of graph.nodes)
    for (const output of node.outputs) if (output) outer.set(output.name, output);
  const restore = (copy: Value): void => {
    const name = undo.copies[copy.name];
    const original = name === undefined ? undefined : outer.get(name);
    if (original !== undefined) copy.replaceUses(original);
  };
  for (const value of [...compute.initializers]) {
    restore(value);
    if (isOurs(value.name)) compute.removeInitializer(value);
  }
  for (const node of compute.nodes) for (const output of node.outputs) if (output) restore(output);
}

/** Puts the original nodes of the compute branch back where the gate is. */
function bringBack(graph: Graph, gate: Node, compute: Graph, undo: Undo): void {
  gate.outputs.forEach((output, i) => {
    const inside = compute.outputs[i];
    if (output === undefined || inside === undefined) return;
    const value = original(inside);
    output.replaceUses(value, user => !('opType' in user) || !isOurs(user.name));
    value.name = undo.renamed[value.name] ?? value.name;
  });
  const mine = compute.nodes.filter(n => !isOurs(n.name));
  compute.detach(new Set(mine));
  graph.insertBefore(gate, mine);
}

/** Where no gate is left, as in the computing one of two models, branches lie in the graph itself. */
function joinUp(graph: Graph, undo: Undo): void {
  restoreConstants(graph, graph, undo);
  for (const node of graph.nodes) {
    const [output] = node.outputs;
    if (output === undefined || !isOurs(node.name)) continue;
    const { name } = output;
    const value = original(output);
    if (value === output) continue;
    const isOutput = graph.outputs.includes(output);
    output.replaceUses(value, user => !('opType' in user) || !isOurs(user.name));
    if (isOutput) value.name = name;
  }
}

/** Makes shapes be read again of the values that they were read of. */
function rereadShapes(graph: Graph, undo: Undo): void {
  const made = new Map<string, Value>();
  for (const node of graph.nodes)
    for (const output of node.outputs) if (output) made.set(output.name, output);
  for (const [shape, name] of Object.entries(undo.reread)) {
    const value = made.get(name);
    const reader = made.get(shape)?.producer;
    if (value && reader) reader.setInput(0, value);
  }
}

/** What a branch returned, behind the copy that stands for an outer value or for one returned twice. */
function original(value: Value): Value {
  const { producer } = value;
  const [from] = producer?.inputs ?? [];
  return producer?.op === 'Identity' && isOurs(producer.name) && from !== undefined ? from : value;
}

function removeOurs(graph: Graph): void {
  graph.delete(new Set(graph.nodes.filter(n => isOurs(n.name))));
  for (const value of [...graph.inputs]) {
    if (!isOurs(value.name)) continue;
    graph.removeInitializer(value);
    value.initializer = undefined;
    graph.removeInput(value);
  }
  for (const value of [...graph.initializers]) if (isOurs(value.name)) graph.removeInitializer(value);
  graph.reorder(topological(graph));
  for (const node of allNodes(graph)) if (isOurs(node.name)) throw new Error(`${node} was left behind`);
}
