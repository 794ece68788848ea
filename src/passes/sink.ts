import {
  ancestorIn,
  applyPatch,
  cloneNode,
  type Graph,
  isWithin,
  type Node,
  type Replacement,
  type User,
} from '../ir/index.js';
import type { Context, Pass } from './pass.js';

/**
 * Moves into a branch what only that branch needs: embedders, modulation, rotary tables, constants. An addition that
 * makes an entering stream and that both branches need is done in each, so that ONNX Runtime can fuse it with the
 * normalisation behind it as it could before.
 */
export const sink: Pass = {
  name: 'sink',
  run(context) {
    const { model } = context;
    const { graph } = model;
    const { gates } = context.emitted;
    const gateAt = new Map(gates.map(gate => [gate.node, gate]));
    const sunk = new Map<Graph, Node[]>(
      gates.flatMap(gate => [gate.compute, gate.reuse]).map(branch => [branch, []]),
    );
    const home = new Map<Node, Graph>();
    const replace = new Map<Graph, Replacement[]>();
    const branchOf = (user: User): Graph | undefined => {
      const node = ancestorIn(graph, user);
      if (node === undefined) return undefined;
      const gate = gateAt.get(node);
      if (gate === undefined) return home.get(node);
      return isWithin(gate.compute, user)
        ? gate.compute
        : isWithin(gate.reuse, user)
          ? gate.reuse
          : undefined;
    };
    const enters = new Map(gates.flatMap(gate => gate.region.enters.map(value => [value, gate])));
    for (const node of [...graph.nodes].reverse()) {
      if (gateAt.has(node) || isOurs(node)) continue;
      const branches = new Set<Graph | undefined>();
      for (const output of node.outputs) for (const user of output?.users ?? []) branches.add(branchOf(user));
      if (branches.has(undefined) || branches.size === 0) continue;
      const [only] = branches;
      if (branches.size === 1 && only !== undefined) {
        home.set(node, only);
        sunk.get(only)?.push(node);
        continue;
      }
      const gate = node.outputs[0] && enters.get(node.outputs[0]);
      const both = branches.size === 2 && gate && branches.has(gate.compute) && branches.has(gate.reuse);
      if (both && node.op === 'Add') {
        const copy = duplicate(context, node);
        const read = {
          from: node.output,
          to: copy.output,
          where: (user: User) => isWithin(gate.reuse, user),
        };
        replace.set(gate.reuse, [...(replace.get(gate.reuse) ?? []), read]);
        sunk.get(gate.reuse)?.push(copy);
        home.set(node, gate.compute);
        sunk.get(gate.compute)?.push(node);
      }
    }
    graph.detach(new Set(home.keys()));
    for (const [branch, nodes] of sunk) {
      const insert = nodes.reverse();
      applyPatch({
        graph: branch,
        insert,
        before: branch.nodes[0],
        replace: replace.get(branch) ?? [],
      });
    }
  },
};

/** The clock and the forecast: in a branch ONNX Runtime would not keep them on the host. */
function isOurs(node: Node): boolean {
  return node.name.startsWith('bwc/');
}

/** A copy of `node` for the reuse branch. */
function duplicate(context: Context, node: Node): Node {
  const { names } = context.model;
  const name = names.fresh(`bwc/reuse/${node.opType}`);
  const copy = cloneNode(node, [name], names.fresh(`${name}.node`));
  copy.docString = 'bwc: made by pass sink';
  return copy;
}
