import {
  applyPatch,
  captures,
  cloneNode,
  type Graph,
  isWithin,
  type Node,
  type Replacement,
  Value,
} from '../ir/index.js';
import type { Context, Gate, Pass } from './pass.js';

/** Constants below this many elements are kept beside their readers: shapes, axes, scalars. */
const SMALL = 100;

/**
 * Readers whose weights must lie in the same graph: ONNX Runtime lays a convolution out for the processor, and
 * merges a dequantised weight into its product, only then (and fails to load the latter otherwise).
 */
const NEEDS_LOCAL_WEIGHTS: ReadonlySet<string> = new Set(['Conv', 'ConvTranspose', 'DequantizeLinear']);

/**
 * Gives each branch its own copy of the small constants it reads. ONNX Runtime looks for shapes and axes in the same
 * graph only, and leaves fusions out when they lie outside. Weights stay where they are, once, but for those of
 * readers that need them near, which move when nobody else reads them.
 */
export const localise: Pass = {
  name: 'localise',
  run(context) {
    for (const gate of context.emitted.gates) {
      for (const branch of [gate.reuse, gate.compute]) {
        // What a copied node reads is brought near in the next round.
        while (bringNear(context, gate, branch));
      }
    }
  },
};

/** True when what was brought near reads values itself. */
function bringNear(context: Context, gate: Gate, branch: Graph): boolean {
  const insert: Node[] = [];
  const replace: Replacement[] = [];
  for (const value of captures(branch)) {
    const wanted =
      isSmallConstant(value) || isDequantised(value) || isNeededNear(context.model.graph, branch, value);
    if (!wanted || (branch === gate.compute && moved(context.model.graph, branch, value))) continue;
    const copy = copyOf(context, branch, value);
    if (copy.producer) insert.push(copy.producer);
    replace.push({ from: value, to: copy, where: user => isWithin(branch, user) });
  }
  applyPatch({ graph: branch, insert, before: branch.nodes[0], replace });
  return insert.some(node => node.inputs.length > 0);
}

function isSmallConstant(value: Value): boolean {
  if (value.isGraphInput) return false;
  if (value.initializer !== undefined)
    return value.initializer.size < SMALL && value.initializer.external === undefined;
  return value.producer?.op === 'Constant';
}

/** Operators through which ONNX Runtime moves a dequantising node towards its readers. */
const DEQUANTISED_THROUGH: ReadonlySet<string> = new Set([
  'MaxPool',
  'Reshape',
  'Slice',
  'Squeeze',
  'Transpose',
  'Unsqueeze',
]);

/**
 * ONNX Runtime wants a dequantising node for each reader, moves it behind what only rearranges, and does not survive
 * it when a reader lies in another graph.
 */
function isDequantised(value: Value): boolean {
  let at: Value | undefined = value;
  while (at?.producer !== undefined && DEQUANTISED_THROUGH.has(at.producer.op)) [at] = at.producer.inputs;
  return at?.producer?.op === 'DequantizeLinear';
}

function isNeededNear(graph: Graph, branch: Graph, value: Value): boolean {
  if (value.initializer === undefined || value.home !== graph || value.isGraphInput) return false;
  const users = [...value.users];
  return users.every(u => isWithin(branch, u)) && users.some(u => 'op' in u && NEEDS_LOCAL_WEIGHTS.has(u.op));
}

/** Moves an initializer, or the node of a constant, into the branch when nobody else reads it. */
function moved(graph: Graph, branch: Graph, value: Value): boolean {
  const { initializer, producer } = value;
  if (![...value.users].every(user => isWithin(branch, user))) return false;
  if (producer?.op === 'Constant' && producer.graph === graph) {
    graph.detach(new Set([producer]));
    applyPatch({ graph: branch, insert: [producer], before: branch.nodes[0] });
    return true;
  }
  if (initializer === undefined || value.home !== graph) return false;
  graph.removeInitializer(value);
  branch.addInitializer(value, initializer);
  return true;
}

/** A copy for the branch: an initializer, or the output of a node like the one that makes it. */
function copyOf(context: Context, branch: Graph, value: Value): Value {
  const { names } = context.model;
  const name = names.fresh(`bwc/copy/${value.name}`);
  context.emitted.copies.set(name, value.name);
  if (value.initializer !== undefined) {
    const copy = new Value(name, value.type);
    branch.addInitializer(copy, value.initializer);
    return copy;
  }
  if (value.producer === undefined) throw new Error(`${value} cannot be copied`);
  const node = cloneNode(value.producer, [name], names.fresh(`${name}.node`));
  node.docString = 'bwc: made by pass localise';
  return node.output;
}
