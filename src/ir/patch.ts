import type { Graph } from './graph.js';
import type { Node } from './node.js';
import { compatible, typeText } from './types.js';
import type { User, Value } from './value.js';

/** One value that takes the place of another, for all readers or for those that `where` accepts. */
export interface Replacement {
  readonly from: Value;
  readonly to: Value;
  readonly where?: (user: User) => boolean;
}

/** A change of one graph: what comes in, what stands for what, what goes. */
export interface Patch {
  readonly graph: Graph;
  /** New nodes, in execution order. */
  readonly insert?: readonly Node[];
  /** The node in front of which they are put; at the end when absent. */
  readonly before?: Node | undefined;
  readonly replace?: readonly Replacement[];
  /** Nodes that leave for good. */
  readonly remove?: readonly Node[];
}

/** Why a patch does not fit. The graph was not changed. */
export class PatchError extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`patch refused: ${problems.join('; ')}`);
    this.name = 'PatchError';
    this.problems = problems;
  }
}

/**
 * Applies a patch whole, or throws `PatchError` having changed nothing. It is checked that types agree where one value
 * takes another's place, that new nodes are nobody's yet and read only what is there, that the place to insert is in
 * the graph, and that nothing goes on reading what leaves.
 */
export function applyPatch(patch: Patch): void {
  const problems = problemsOf(patch);
  if (problems.length > 0) throw new PatchError(problems);
  const { graph, insert = [], replace = [], remove = [] } = patch;
  if (insert.length > 0) graph.insertBefore(patch.before, insert);
  for (const { from, to, where } of replace) from.replaceUses(to, where);
  if (remove.length > 0) graph.delete(new Set(remove));
}

function problemsOf(patch: Patch): string[] {
  const { graph, insert = [], before, replace = [], remove = [] } = patch;
  const problems: string[] = [];
  const say = (problem: string): void => {
    problems.push(problem);
  };
  const coming = new Set(insert);
  const leaving = new Set<User>(remove);
  if (before !== undefined && before.graph !== graph) say(`${before} is not in ${graph.name}`);
  for (const node of insert) {
    if (node.graph !== undefined && node.graph !== graph) say(`${node} belongs to ${node.graph.name}`);
    for (const value of node.inputs) {
      if (value !== undefined && !isThere(value, coming)) say(`${node} reads ${value}, which is nowhere`);
    }
  }
  for (const { from, to } of replace) {
    if (!compatible(from.type, to.type)) {
      say(`${to} is ${typeText(to.type)} and cannot stand for ${from}, which is ${typeText(from.type)}`);
    }
    if (!isThere(to, coming)) say(`${to} stands for ${from} and is nowhere`);
  }
  for (const node of remove) {
    if (node.graph !== graph) say(`${node} is not in ${graph.name}`);
    for (const output of node.outputs) {
      const left =
        output && [...output.users].find(user => !leaving.has(user) && !isReplaced(replace, output, user));
      if (left) say(`${left} still reads ${output}`);
    }
  }
  return problems;
}

/** True for a value that some graph defines, or will once the coming nodes are in. Scopes are the verifier's part. */
function isThere(value: Value, coming: ReadonlySet<Node>): boolean {
  return value.graph !== undefined || (value.producer !== undefined && coming.has(value.producer));
}

function isReplaced(replace: readonly Replacement[], value: Value, user: User): boolean {
  return replace.some(r => r.from === value && (r.where?.(user) ?? true));
}
