import type { Graph, Node, Value } from '../../ir/index.js';

/** What of one graph is what of the other. Each thing has at most one partner. */
export class Pairs {
  readonly #nodes: readonly [Map<Node, Node>, Map<Node, Node>] = [new Map(), new Map()];
  readonly #ids: readonly [Map<Node, number>, Map<Node, number>] = [new Map(), new Map()];
  /** Graph inputs and constants; outputs of nodes go by their nodes. */
  readonly #values: readonly [Map<Value, Value>, Map<Value, Value>] = [new Map(), new Map()];
  readonly #valueIds: readonly [Map<Value, number>, Map<Value, number>] = [new Map(), new Map()];
  readonly #graphs: readonly [Map<Graph, Graph>, Map<Graph, Graph>] = [new Map(), new Map()];
  /** Positions of the models' outputs. */
  readonly #outputs: readonly [Map<number, number>, Map<number, number>] = [new Map(), new Map()];
  #next = 0;

  get nodes(): ReadonlyMap<Node, Node> {
    return this.#nodes[0];
  }

  get values(): ReadonlyMap<Value, Value> {
    return this.#values[0];
  }

  get outputs(): ReadonlyMap<number, number> {
    return this.#outputs[0];
  }

  /** The partner of a node; `which` is the side that it is on. */
  node(node: Node, which: 0 | 1): Node | undefined {
    return this.#nodes[which].get(node);
  }

  graph(graph: Graph, which: 0 | 1): Graph | undefined {
    return this.#graphs[which].get(graph);
  }

  output(slot: number, which: 0 | 1): number | undefined {
    return this.#outputs[which].get(slot);
  }

  /** The partner of a value, whatever it is. */
  value(value: Value, which: 0 | 1): Value | undefined {
    const { producer } = value;
    if (producer === undefined) return this.#values[which].get(value);
    return this.#nodes[which].get(producer)?.outputs[producer.outputs.indexOf(value)];
  }

  idOfNode(node: Node, which: 0 | 1): number | undefined {
    return this.#ids[which].get(node);
  }

  idOfValue(value: Value, which: 0 | 1): string | undefined {
    const { producer } = value;
    if (producer === undefined) {
      const id = this.#valueIds[which].get(value);
      return id === undefined ? undefined : `v${id}`;
    }
    const id = this.#ids[which].get(producer);
    return id === undefined ? undefined : `n${id}.${producer.outputs.indexOf(value)}`;
  }

  idOfOutput(slot: number, which: 0 | 1): number | undefined {
    return which === 0 ? (this.#outputs[0].has(slot) ? slot : undefined) : this.#outputs[1].get(slot);
  }

  linkNodes(a: Node, b: Node): void {
    this.#nodes[0].set(a, b);
    this.#nodes[1].set(b, a);
    const id = this.#next++;
    this.#ids[0].set(a, id);
    this.#ids[1].set(b, id);
  }

  linkValues(a: Value, b: Value): void {
    this.#values[0].set(a, b);
    this.#values[1].set(b, a);
    const id = this.#next++;
    this.#valueIds[0].set(a, id);
    this.#valueIds[1].set(b, id);
  }

  linkGraphs(a: Graph, b: Graph): void {
    this.#graphs[0].set(a, b);
    this.#graphs[1].set(b, a);
  }

  linkOutputs(a: number, b: number): void {
    this.#outputs[0].set(a, b);
    this.#outputs[1].set(b, a);
  }
}
