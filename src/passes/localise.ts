import { captures, cloneNode, type Graph, isWithin, type Node, type User, Value } from '../ir/index.js';
import { type Context, need, type Pass } from './pass.js';

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
    const gate = need(context, 'gate');
    for (const branch of [gate.reuse, gate.compute]) {
      const copies: Node[] = [];
      for (const value of captures(branch)) {
        const wanted = isSmallConstant(value) || isNeededNear(context.model.graph, branch, value);
        const copy = wanted ? bringInto(context, branch, value) : undefined;
        if (copy) copies.push(copy);
      }
      branch.insertBefore(branch.nodes[0], copies);
    }
  },
};

function isSmallConstant(value: Value): boolean {
  if (value.isGraphInput) return false;
  if (value.initializer !== undefined)
    return value.initializer.size < SMALL && value.initializer.external === undefined;
  return value.producer?.op === 'Constant';
}

function isNeededNear(graph: Graph, branch: Graph, value: Value): boolean {
  if (value.initializer === undefined || value.home !== graph || value.isGraphInput) return false;
  const users = [...value.users];
  return users.every(u => isWithin(branch, u)) && users.some(u => 'op' in u && NEEDS_LOCAL_WEIGHTS.has(u.op));
}

/** Copies a constant into the branch, or moves it into the compute branch when nobody else reads it; returns the node to insert when it is one. */
function bringInto(context: Context, branch: Graph, value: Value): Node | undefined {
  const { graph, names } = context.model;
  const here = (user: User): boolean => isWithin(branch, user);
  const exclusive = branch === need(context, 'gate').compute && [...value.users].every(here);
  const tensor = value.initializer;
  if (tensor !== undefined) {
    if (exclusive && value.home === graph) {
      graph.removeInitializer(value);
      branch.addInitializer(value, tensor);
      return undefined;
    }
    const copy = new Value(names.fresh(`bwc/copy/${value.name}`), value.type);
    branch.addInitializer(copy, tensor);
    value.replaceUses(copy, here);
    context.emitted.copies.set(copy.name, value.name);
    return undefined;
  }
  const node = value.producer;
  if (node === undefined) return undefined;
  const name = names.fresh(`bwc/copy/${value.name}`);
  const copy = cloneNode(node, [name], names.fresh(`${name}.node`));
  copy.docString = 'bwc: made by pass localise';
  value.replaceUses(copy.output, here);
  context.emitted.copies.set(copy.output.name, value.name);
  return copy;
}
