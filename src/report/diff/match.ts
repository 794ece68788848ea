import type { Graph, Node, Value } from '../../ir/index.js';
import { alignInOrder } from './align.js';
import { hashesOf } from './hashes.js';
import { Pairs } from './pairs.js';
import { pairPorts } from './ports.js';
import { heldOf, isWeight, type Side, usesOf } from './side.js';
import { type Level, operatorOf, type Signatures } from './signature.js';

/** Rounds of hashing at one level; each later one sees through what the one before has paired. */
const ROUNDS = 3;

/**
 * Pairs what two graphs have in common: structure and content first, names where these leave a choice. Each step looks
 * only at what the steps before have left over, so the work is about linear in the size of the graphs.
 */
export function match(a: Side, b: Side, signatures: Signatures): Pairs {
  const matcher = new Matcher(a, b, signatures);
  matcher.run();
  return matcher.pairs;
}

class Matcher {
  readonly pairs = new Pairs();
  readonly #a: Side;
  readonly #b: Side;
  readonly #signatures: Signatures;
  #fresh: (readonly [Node, Node])[] = [];

  constructor(a: Side, b: Side, signatures: Signatures) {
    this.#a = a;
    this.#b = b;
    this.#signatures = signatures;
  }

  run(): void {
    const [a, b] = [this.#a, this.#b];
    this.pairs.linkGraphs(a.root, b.root);
    for (const [x, y] of pairPorts(a.root.inputs, b.root.inputs))
      this.pairs.linkValues(at(a.root.inputs, x), at(b.root.inputs, y));
    for (const [x, y] of pairPorts(a.root.outputs, b.root.outputs)) this.pairs.linkOutputs(x, y);
    this.#byHash('exact');
    if (!this.#done()) this.#closer();
    this.#pairWeights();
  }

  /** Goes on where structure and contents leave something over. */
  #closer(): void {
    this.#byContent();
    this.#byHash('exact');
    this.#byName();
    this.#byHash('shape');
    this.#fromOutputs();
    this.#inOrder('shape');
    this.#byHash('op');
    this.#inOrder('op');
  }

  #done(): boolean {
    return this.pairs.nodes.size === Math.min(this.#a.nodes.length, this.#b.nodes.length);
  }

  #free(which: 0 | 1): Node[] {
    const { nodes } = which === 0 ? this.#a : this.#b;
    return nodes.filter(node => this.pairs.node(node, which) === undefined);
  }

  #link(a: Node, b: Node): boolean {
    if (this.pairs.node(a, 0) !== undefined || this.pairs.node(b, 1) !== undefined) return false;
    if (operatorOf(a) !== operatorOf(b)) return false;
    this.pairs.linkNodes(a, b);
    const others = new Map(heldOf(this.#b, b).map(h => [h.key, h.graph]));
    for (const { graph, key } of heldOf(this.#a, a)) {
      const other = others.get(key);
      if (other !== undefined) this.#linkGraphs(graph, other);
    }
    this.#fresh.push([a, b]);
    return true;
  }

  #linkGraphs(a: Graph, b: Graph): void {
    this.pairs.linkGraphs(a, b);
    a.inputs.forEach((value, i) => {
      const other = b.inputs[i];
      if (other !== undefined) this.pairs.linkValues(value, other);
    });
  }

  /** Nodes alike in all that comes before and after them; then in one of the two, where only one on each side is. */
  #byHash(level: Level): void {
    for (let round = 0; round < ROUNDS && !this.#done(); round++) {
      const before = this.pairs.nodes.size;
      const hash = (which: 0 | 1) =>
        hashesOf(which === 0 ? this.#a : this.#b, which, level, this.#signatures, this.pairs);
      const [x, y] = [hash(0), hash(1)];
      const both = (h: typeof x) => (node: Node) => `${h.up.get(node)} ${h.down.get(node)}`;
      this.#byKey(both(x), both(y), 'groups');
      this.#spread('exact');
      this.#byKey(
        node => `${x.up.get(node)}`,
        node => `${y.up.get(node)}`,
        'single',
      );
      this.#spread('exact');
      this.#byKey(
        node => `${x.down.get(node)}`,
        node => `${y.down.get(node)}`,
        'single',
      );
      this.#spread(level);
      if (this.pairs.nodes.size === before) break;
    }
  }

  /** Nodes that read the same large constants as no other node does. */
  #byContent(): void {
    const key =
      (side: Side) =>
      (node: Node): string | undefined =>
        node.inputs.some(v => v !== undefined && isWeight(v) && (v.initializer?.size ?? 0) > 4)
          ? `${this.#signatures.of(node, side, 'exact')}`
          : undefined;
    this.#byKey(key(this.#a), key(this.#b), 'single');
    this.#spread('exact');
  }

  /** Nodes of one name and operator. */
  #byName(): void {
    const key = (node: Node): string | undefined =>
      node.name === '' ? undefined : `${operatorOf(node)} ${node.name}`;
    this.#byKey(key, key, 'single');
    this.#spread('shape');
    const output = (node: Node): string | undefined =>
      node.outputs[0] === undefined ? undefined : `${operatorOf(node)} ${node.outputs[0].name}`;
    this.#byKey(output, output, 'single');
    this.#spread('shape');
  }

  /**
   * Pairs free nodes of equal keys. `single`: only where each side has one. `groups`: as many as both sides have alike;
   * within a group equal names first, then order.
   */
  #byKey(
    keyOfA: (node: Node) => string | undefined,
    keyOfB: (node: Node) => string | undefined,
    how: 'single' | 'groups',
  ): void {
    const groups = new Map<string, { a: Node[]; b: Node[] }>();
    for (const node of this.#free(0)) {
      const key = keyOfA(node);
      if (key === undefined) continue;
      const group = groups.get(key);
      if (group) group.a.push(node);
      else groups.set(key, { a: [node], b: [] });
    }
    for (const node of this.#free(1)) {
      const key = keyOfB(node);
      if (key !== undefined) groups.get(key)?.b.push(node);
    }
    for (const { a, b } of groups.values()) {
      const [x, y] = [a[0], b[0]];
      if (x === undefined || y === undefined) continue;
      if (a.length === 1 && b.length === 1) this.#link(x, y);
      else if (how === 'groups') this.#pairGroup(a, b);
    }
  }

  /** Nodes that nothing tells apart: first those in the same graph with the same name, in the end in order. */
  #pairGroup(a: readonly Node[], b: readonly Node[]): void {
    const place = (node: Node, which: 0 | 1): number | undefined => {
      const graph = which === 1 ? node.graph : node.graph && this.pairs.graph(node.graph, 0);
      return graph && this.#b.graphIndex.get(graph);
    };
    const keys: readonly ((node: Node, which: 0 | 1) => string | undefined)[] = [
      (node, which) => `${place(node, which)} ${node.name} ${node.outputs[0]?.name}`,
      (node, which) => `${place(node, which)} ${node.name}`,
      (node, which) => `${place(node, which)}`,
      node => node.name || undefined,
      () => '',
    ];
    for (const key of keys) {
      const free = new Map<string, Node[]>();
      for (const node of b) {
        const name = this.pairs.node(node, 1) ? undefined : key(node, 1);
        if (name === undefined) continue;
        const list = free.get(name);
        if (list) list.push(node);
        else free.set(name, [node]);
      }
      if (free.size === 0) return;
      for (const list of free.values()) list.reverse();
      for (const node of a) {
        const name = this.pairs.node(node, 0) ? undefined : key(node, 0);
        const other = name === undefined ? undefined : free.get(name)?.pop();
        if (other !== undefined) this.#link(node, other);
      }
    }
  }

  /** Goes out from new pairs: producers at the same input, and readers that are the only ones of their kind. */
  #spread(level: Level): void {
    for (let next = this.#fresh.pop(); next !== undefined; next = this.#fresh.pop()) {
      const [a, b] = next;
      a.inputs.forEach((value, slot) => {
        this.#meet(value?.producer, b.inputs[slot]?.producer, level);
      });
      a.outputs.forEach((value, i) => {
        const other = b.outputs[i];
        if (value !== undefined && other !== undefined) this.#readers(value, other, level);
      });
      for (const { graph } of heldOf(this.#a, a)) {
        const other = this.pairs.graph(graph, 0);
        if (other === undefined) continue;
        graph.outputs.forEach((value, i) => {
          this.#meet(value.producer, other.outputs[i]?.producer, level);
        });
      }
    }
  }

  #meet(a: Node | undefined, b: Node | undefined, level: Level): void {
    if (a === undefined || b === undefined) return;
    if (this.#sign(a, 0, level) === this.#sign(b, 1, level)) this.#link(a, b);
  }

  #readers(a: Value, b: Value, level: Level): void {
    const readers = (value: Value, which: 0 | 1): Map<string, Node | undefined> => {
      const found = new Map<string, Node | undefined>();
      for (const { user, slot } of usesOf(which === 0 ? this.#a : this.#b, value)) {
        if (!('opType' in user) || this.pairs.node(user, which) !== undefined) continue;
        const key = `${this.#sign(user, which, level)}.${slot}`;
        found.set(key, found.has(key) ? undefined : user);
      }
      return found;
    };
    const others = readers(b, 1);
    for (const [key, node] of readers(a, 0)) {
      const other = others.get(key);
      if (node !== undefined && other !== undefined) this.#link(node, other);
    }
  }

  #sign(node: Node, which: 0 | 1, level: Level): number {
    return this.#signatures.of(node, which === 0 ? this.#a : this.#b, level);
  }

  /** Producers of paired outputs of the models. */
  #fromOutputs(): void {
    for (const [x, y] of this.pairs.outputs)
      this.#meet(this.#a.root.outputs[x]?.producer, this.#b.root.outputs[y]?.producer, 'shape');
    this.#spread('shape');
  }

  /** What is left between the same paired nodes, in the order of the file. */
  #inOrder(level: Level): void {
    const sign = (node: Node, which: 0 | 1): number => this.#sign(node, which, level);
    for (const [x, y] of alignInOrder(this.#a, this.pairs, sign)) this.#link(x, y);
    this.#spread(level);
  }

  /** Constants by who reads them, then by contents, then by name. */
  #pairWeights(): void {
    const contents = (value: Value, which: 0 | 1): string =>
      this.#signatures.constant(value, which === 0 ? this.#a : this.#b, 'exact');
    const free = (value: Value | undefined, which: 0 | 1): value is Value =>
      value !== undefined && isWeight(value) && this.pairs.value(value, which) === undefined;
    const meet = (fits: (a: Value, b: Value) => boolean): void => {
      for (const [a, b] of this.pairs.nodes) {
        a.inputs.forEach((value, slot) => {
          const other = b.inputs[slot];
          if (free(value, 0) && free(other, 1) && fits(value, other)) this.pairs.linkValues(value, other);
        });
      }
    };
    const equal = (a: Value, b: Value): boolean => contents(a, 0) === contents(b, 1);
    meet((a, b) => a.name === b.name && equal(a, b));
    this.#leftWeights((value, which) => `${value.name} ${contents(value, which)}`);
    meet(equal);
    this.#leftWeights(contents);
    meet(() => true);
    this.#leftWeights(value => value.name);
  }

  #leftWeights(key: (value: Value, which: 0 | 1) => string): void {
    const left = (side: Side, which: 0 | 1): Value[] =>
      side.graphs.flatMap(g => [...g.initializers].filter(v => isWeight(v) && !this.pairs.value(v, which)));
    const others = new Map<string, Value[]>();
    for (const value of left(this.#b, 1)) {
      const name = key(value, 1);
      const list = others.get(name);
      if (list) list.push(value);
      else others.set(name, [value]);
    }
    for (const value of left(this.#a, 0)) {
      const list = others.get(key(value, 0));
      if (list === undefined) continue;
      const named = list.findIndex(v => v.name === value.name);
      const [other] = list.splice(Math.max(0, named), 1);
      if (other !== undefined) this.pairs.linkValues(value, other);
    }
  }
}

function at<T>(list: readonly T[], i: number): T {
  const item = list[i];
  if (item === undefined) throw new Error(`no item ${i}`);
  return item;
}
