import { analyse, type Block } from '../blocks/index.js';
import { allGraphs, attr, captures, Graph, type Model, Node, topological, type Value } from '../ir/index.js';
import { inlineFunctions } from '../passes/index.js';
import { strip } from '../passes/strip.js';
import { MANIFEST_KEY } from '../plan/index.js';

/** Domain of the operator that stands for a folded block. */
export const FOLD_DOMAIN = 'bwc.fold';

/** The blocks of a model, in place: a compiled one becomes its original first, and functions are inlined. */
export function blocksOf(model: Model): readonly Block[] {
  if (model.metadata.has(MANIFEST_KEY)) strip(model);
  inlineFunctions(model);
  return analyse(model).blocks;
}

/**
 * Puts one node in the place of every block that is like an earlier one: `Block <like = 0, nodes = 31> (…)`, in a
 * domain of its own. What is left prints as ONNX text of a length that does not grow with the number of blocks' nodes.
 */
export function foldBlocks(model: Model): void {
  const first = new Map<number, number>();
  const blocks = blocksOf(model);
  for (const block of blocks) {
    const like = first.get(block.group);
    if (like === undefined) first.set(block.group, block.index);
    else foldBlock(model.graph, block, like);
  }
  model.graph.reorder(topological(model.graph));
  model.opsets.set(FOLD_DOMAIN, 1);
}

function foldBlock(graph: Graph, block: Block, like: number): void {
  const nodes = new Set(block.nodes);
  const { inputs, outputs } = boundary(block.nodes);
  const last = graph.nodes.findLast(n => nodes.has(n));
  const after = last && graph.nodes[graph.nodes.indexOf(last) + 1];
  graph.detach(nodes);
  const folded = new Node({
    opType: 'Block',
    domain: FOLD_DOMAIN,
    name: `block_${block.index}`,
    inputs,
    outputs,
    attributes: [attr.int('like', like), attr.int('nodes', nodes.size)],
  });
  graph.insertBefore(after, [folded]);
  for (const node of nodes) node.release();
  for (const value of [...graph.initializers]) if (!value.isUsed) graph.removeInitializer(value);
}

/** What a set of nodes reads from outside, constants left out, and what it gives to others. */
export function boundary(nodes: readonly Node[]): { inputs: Value[]; outputs: Value[]; constants: Value[] } {
  const inside = new Set(nodes);
  const graphs = new Set(nodes.flatMap(n => n.subgraphs.flatMap(g => [...allGraphs(g)])));
  const inputs = new Set<Value>();
  const constants = new Set<Value>();
  const outputs = new Set<Value>();
  const read = (value: Value | undefined): void => {
    if (value === undefined || (value.producer && inside.has(value.producer))) return;
    (value.initializer !== undefined && !value.isGraphInput ? constants : inputs).add(value);
  };
  for (const node of nodes) {
    node.inputs.forEach(read);
    for (const sub of node.subgraphs) captures(sub).forEach(read);
    for (const value of node.outputs) {
      if (value === undefined) continue;
      for (const user of value.users) {
        const mine =
          user instanceof Node
            ? inside.has(user) || (user.graph && graphs.has(user.graph))
            : graphs.has(user);
        if (mine !== true) outputs.add(value);
      }
    }
  }
  return { inputs: [...inputs], outputs: [...outputs], constants: [...constants] };
}

/** A graph of its own for some nodes of one graph, which loses them: for printing. */
export function sectionOf(name: string, nodes: readonly Node[]): Graph {
  const { inputs, outputs, constants } = boundary(nodes);
  const section = new Graph(name);
  const first = nodes[0]?.graph;
  first?.detach(new Set(nodes));
  for (const value of inputs) section.addInput(value);
  for (const value of constants) if (value.initializer) section.addInitializer(value, value.initializer);
  section.append(...nodes);
  for (const value of outputs) section.addOutput(value);
  return section;
}

/** Nodes whose name, or an output's, begins with the text, graph by graph. */
export function inScope(model: Model, scope: string): { graph: Graph; nodes: Node[] }[] {
  const begins = (name: string): boolean => name === scope || name.startsWith(scope);
  return [...allGraphs(model.graph)].flatMap(graph => {
    const nodes = graph.nodes.filter(
      n => begins(n.name) || n.outputs.some(v => v !== undefined && begins(v.name)),
    );
    return nodes.length === 0 ? [] : [{ graph, nodes }];
  });
}
