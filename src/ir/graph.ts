import type { Node } from './node.js';
import type { Origin } from './origin.js';
import type { Tensor } from './tensor.js';
import type { Value } from './value.js';

/** A graph: the model's own, or a branch or body held by a node. Nodes are in execution order. */
export class Graph {
  name: string;
  docString = '';
  readonly metadata: Map<string, string> = new Map();
  /** The node whose attribute holds this graph; undefined for the model's own. */
  owner: Node | undefined;
  readonly origin: Origin | undefined;
  readonly #inputs: Value[] = [];
  readonly #outputs: Value[] = [];
  readonly #initializers = new Set<Value>();
  #nodes: Node[] = [];

  constructor(name: string, origin?: Origin) {
    this.name = name;
    this.origin = origin;
  }

  get inputs(): readonly Value[] {
    return this.#inputs;
  }

  get outputs(): readonly Value[] {
    return this.#outputs;
  }

  /** Values with a constant, in file order; some may be inputs as well (default values). */
  get initializers(): ReadonlySet<Value> {
    return this.#initializers;
  }

  get nodes(): readonly Node[] {
    return this.#nodes;
  }

  /** The graph around this one. */
  get parent(): Graph | undefined {
    return this.owner?.graph;
  }

  addInput(value: Value): void {
    value.home = this;
    this.#inputs.push(value);
  }

  /** Removes an input. Nothing may read it any more. */
  removeInput(value: Value): void {
    remove(this.#inputs, value);
    if (value.initializer === undefined) value.home = undefined;
  }

  addOutput(value: Value): void {
    this.#outputs.push(value);
    value.countUse(this, 1);
  }

  removeOutput(value: Value): void {
    remove(this.#outputs, value);
    value.countUse(this, -1);
  }

  addInitializer(value: Value, tensor: Tensor): void {
    value.home = this;
    value.initializer = tensor;
    this.#initializers.add(value);
  }

  /** Takes an initializer out; the value keeps its tensor, so that another graph can adopt it. */
  removeInitializer(value: Value): void {
    this.#initializers.delete(value);
    if (!this.#inputs.includes(value)) value.home = undefined;
  }

  /** Makes the graph return `to` where it returned `from`. */
  replaceInput(from: Value, to: Value): void {
    this.#outputs.forEach((value, i) => {
      if (value !== from) return;
      this.#outputs[i] = to;
      from.countUse(this, -1);
      to.countUse(this, 1);
    });
  }

  append(...nodes: readonly Node[]): void {
    for (const node of nodes) {
      node.graph = this;
      this.#nodes.push(node);
    }
  }

  /** Puts nodes in front of `anchor`, or at the end when there is none. */
  insertBefore(anchor: Node | undefined, nodes: readonly Node[]): void {
    const at = anchor === undefined ? this.#nodes.length : this.#nodes.indexOf(anchor);
    if (at < 0) throw new Error(`${anchor} is not in graph ${this.name}`);
    for (const node of nodes) node.graph = this;
    this.#nodes = [...this.#nodes.slice(0, at), ...nodes, ...this.#nodes.slice(at)];
  }

  /** Takes nodes out without releasing them; they keep reading their inputs and can be put elsewhere. */
  detach(nodes: ReadonlySet<Node>): void {
    for (const node of nodes) if (node.graph === this) node.graph = undefined;
    this.#nodes = this.#nodes.filter(node => !nodes.has(node));
  }

  /** Deletes nodes for good. Nothing may read their outputs any more. */
  delete(nodes: ReadonlySet<Node>): void {
    this.detach(nodes);
    for (const node of nodes) node.release();
  }

  /** Replaces the execution order by another one of the same nodes. */
  reorder(nodes: readonly Node[]): void {
    if (nodes.length !== this.#nodes.length)
      throw new Error(`reorder of ${this.name} changes the number of nodes`);
    this.#nodes = [...nodes];
  }

  /** Stops reading anything: for a subgraph whose node leaves the model. */
  release(): void {
    for (const node of this.#nodes) node.release();
    for (const value of [...this.#outputs]) this.removeOutput(value);
  }

  toString(): string {
    return this.owner
      ? `${this.owner.graph ?? '?'} › ${this.owner.name || this.owner.opType} › ${this.name}`
      : this.name;
  }
}

function remove<T>(list: T[], item: T): void {
  const at = list.indexOf(item);
  if (at >= 0) list.splice(at, 1);
}
