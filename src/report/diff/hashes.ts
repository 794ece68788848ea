import type { Graph, Node, Value } from '../../ir/index.js';
import type { Pairs } from './pairs.js';
import { heldOf, isWeight, type Side, usesOf } from './side.js';
import type { Level, Signatures } from './signature.js';

/** For each node what it computes (`up`: everything before it) and what is done with it (`down`: everything after). */
export interface Hashes {
  readonly up: ReadonlyMap<Node, number>;
  readonly down: ReadonlyMap<Node, number>;
}

/**
 * Hash-consed structure of one side. Values and nodes that are paired count as their pair, so that a change spoils
 * no hash beyond the next paired node. Where a node lies, and any name, makes no difference.
 */
export function hashesOf(
  side: Side,
  which: 0 | 1,
  level: Level,
  signatures: Signatures,
  pairs: Pairs,
): Hashes {
  const work: Work = { side, which, level, signatures, pairs };
  return { up: upward(work), down: downward(work) };
}

interface Work {
  readonly side: Side;
  readonly which: 0 | 1;
  readonly level: Level;
  readonly signatures: Signatures;
  readonly pairs: Pairs;
}

function upward({ side, which, level, signatures, pairs }: Work): Map<Node, number> {
  const { interner } = signatures;
  const up = new Map<Node, number>();
  const bound = new Map<Value, string>();
  const label = (value: Value | undefined): string => {
    if (value === undefined) return '-';
    const pair = pairs.idOfValue(value, which);
    if (pair !== undefined) return `=${pair}`;
    if (isWeight(value)) return signatures.constant(value, side, level);
    const { producer } = value;
    if (producer !== undefined) {
      const id = up.get(producer);
      return id === undefined ? '?' : `${id}.${producer.outputs.indexOf(value)}`;
    }
    return bound.get(value) ?? '?';
  };
  side.root.inputs.forEach((value, i) => {
    bound.set(value, `in${which}.${i}`);
  });
  const visit = (graph: Graph): void => {
    for (const node of graph.nodes) {
      const base = interner.id(`${signatures.of(node, side, level)}(${node.inputs.map(label).join(' ')})`);
      const subs = heldOf(side, node);
      if (subs.length === 0) {
        up.set(node, base);
        continue;
      }
      const results = subs.map(({ graph: sub, key }) => {
        sub.inputs.forEach((value, i) => {
          bound.set(value, `b${base}.${key}.${i}`);
        });
        visit(sub);
        return `${key}:${sub.outputs.map(label).join(' ')}`;
      });
      up.set(node, interner.id(`${base}{${results.join(';')}}`));
    }
  };
  visit(side.root);
  return up;
}

function downward({ side, which, level, signatures, pairs }: Work): Map<Node, number> {
  const { interner } = signatures;
  const down = new Map<Node, number>();
  const used = (value: Value | undefined): string => {
    if (value === undefined) return '-';
    const users: string[] = [];
    for (const { user, slot } of usesOf(side, value)) {
      if ('opType' in user) {
        const pair = pairs.idOfNode(user, which);
        users.push(pair === undefined ? `${down.get(user) ?? '?'}.${slot}` : `=${pair}.${slot}`);
      } else users.push(returned(user, slot));
    }
    return users.sort().join(' ');
  };
  /** What a branch of `If` returns is used as the output of the `If` is; other bodies give a place of their own. */
  const returned = (graph: Graph, slot: number): string => {
    const { owner } = graph;
    if (owner === undefined) {
      const pair = pairs.idOfOutput(slot, which);
      return pair === undefined ? `out${which}.${slot}` : `out=${pair}`;
    }
    if (owner.op === 'If') return used(owner.outputs[slot]);
    const key = heldOf(side, owner).find(h => h.graph === graph)?.key ?? '';
    const pair = pairs.idOfNode(owner, which);
    return `r${pair === undefined ? (down.get(owner) ?? '?') : `=${pair}`}.${key}.${slot}`;
  };
  const visit = (graph: Graph): void => {
    for (const node of [...graph.nodes].reverse()) {
      const sign = signatures.of(node, side, level);
      down.set(node, interner.id(`${sign}>${node.outputs.map(used).join('|')}`));
      for (const { graph: sub } of [...heldOf(side, node)].reverse()) visit(sub);
    }
  };
  visit(side.root);
  return down;
}
