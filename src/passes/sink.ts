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
import { type Context, need, type Pass } from './pass.js';

/**
 * Moves into a branch what only that branch needs: embedders, modulation, rotary tables, constants. An addition that
 * makes an entering stream and that both branches need is done in each, so that ONNX Runtime can fuse it with the
 * normalisation behind it as it could before.
 */
export const sink: Pass = {
  name: 'sink',
  run(context) {
    const { model, plan } = context;
    const { graph } = model;
    const gate = need(context, 'gate');
    const sunk = new Map<Graph, Node[]>([
      [gate.compute, []],
      [gate.reuse, []],
    ]);
    const home = new Map<Node, Graph>();
    const replace: Replacement[] = [];
    const branchOf = (user: User): Graph | undefined => {
      const node = ancestorIn(graph, user);
      if (node === undefined) return undefined;
      if (node !== gate.node) return home.get(node);
      return isWithin(gate.compute, user)
        ? gate.compute
        : isWithin(gate.reuse, user)
          ? gate.reuse
          : undefined;
    };
    const enters = new Set(plan.region.enters);
    for (const node of [...graph.nodes].reverse()) {
      if (node === gate.node || isOurs(node)) continue;
      const branches = new Set<Graph | undefined>();
      for (const output of node.outputs) for (const user of output?.users ?? []) branches.add(branchOf(user));
      if (branches.has(undefined) || branches.size === 0) continue;
      const [only] = branches;
      if (branches.size === 1 && only !== undefined) {
        home.set(node, only);
        sunk.get(only)?.push(node);
      } else if (node.op === 'Add' && node.outputs.some(v => v !== undefined && enters.has(v))) {
        const copy = duplicate(context, node);
        replace.push({ from: node.output, to: copy.output, where: user => isWithin(gate.reuse, user) });
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
        replace: branch === gate.reuse ? replace : [],
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
