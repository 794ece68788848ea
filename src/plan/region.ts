import { refuse } from '../diagnostics/index.js';
import { ancestorIn, ancestors, descendants, type Graph, type Node, type Value } from '../ir/index.js';

/** A true cut: nodes between `enters` and `exits`, whose results reach the rest through `exits` alone. */
export interface Cut {
  readonly nodes: readonly Node[];
  readonly exits: readonly Value[];
}

/**
 * Cuts out the nodes that lie between the entering and the leaving streams. Leaving streams that nobody outside
 * reads are dropped. Refuses with BWC202 when another value of the region is read outside; `ends` are the nodes that
 * may stay outside themselves, whose outputs all may be read.
 */
export function cutRegion(
  graph: Graph,
  enters: readonly Value[],
  leaves: readonly Value[],
  ends: ReadonlySet<Node> = new Set(),
): Cut {
  const needed = ancestors(graph, leaves, new Set(enters));
  const reached = descendants(graph, enters);
  const inside = new Set<Node>();
  for (const node of needed) if (reached.has(node)) inside.add(node);
  const allowed = new Set(leaves);
  const exits = new Set<Value>();
  const leaks: Value[] = [];
  for (const node of inside) {
    for (const output of node.outputs) {
      if (output === undefined || !readOutside(graph, output, inside)) continue;
      if (allowed.has(output)) exits.add(output);
      else if (!ends.has(node)) leaks.push(output);
    }
  }
  if (leaks.length > 0) {
    const values = leaks.slice(0, 4).map(v => v.name);
    refuse('BWC202', {
      values: values.join(', ') + (leaks.length > 4 ? ` and ${leaks.length - 4} more` : ''),
    });
  }
  return {
    nodes: graph.nodes.filter(n => inside.has(n)),
    exits: leaves.filter(v => exits.has(v)),
  };
}

function readOutside(graph: Graph, value: Value, inside: ReadonlySet<Node>): boolean {
  for (const user of value.users) {
    const node = ancestorIn(graph, user);
    if (node === undefined || !inside.has(node)) return true;
  }
  return false;
}
