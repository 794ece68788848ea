import { type Attribute, graphsOf } from './attribute.js';
import type { Graph } from './graph.js';
import type { Origin } from './origin.js';
import { Value } from './value.js';

export interface NodeInit {
  readonly opType: string;
  readonly domain?: string;
  readonly overload?: string;
  readonly name?: string;
  readonly inputs: readonly (Value | undefined)[];
  readonly outputs: readonly (Value | undefined)[];
  /** Attributes, or how to read them when they are first asked for; attributes with graphs in them are never left for later. */
  readonly attributes?: Iterable<Attribute> | (() => Iterable<Attribute>);
  readonly docString?: string;
  readonly metadata?: Map<string, string> | (() => Map<string, string>);
  readonly origin?: Origin;
}

const NO_GRAPHS: readonly Graph[] = [];

/** One operation. Omitted optional inputs and outputs are undefined. */
export class Node {
  opType: string;
  domain: string;
  overload: string;
  name: string;
  docString: string;
  /** The graph whose node list holds it. */
  graph: Graph | undefined;
  readonly origin: Origin | undefined;
  #inputs: (Value | undefined)[];
  #outputs: (Value | undefined)[];
  #attributes: Map<string, Attribute> | undefined;
  readonly #readAttributes: (() => Iterable<Attribute>) | undefined;
  #metadata: Map<string, string> | undefined;
  readonly #readMetadata: (() => Map<string, string>) | undefined;
  #edited = false;
  /** Those of the attributes; attributes that were not read yet hold none. */
  #graphs: readonly Graph[] = NO_GRAPHS;

  constructor(init: NodeInit) {
    this.opType = init.opType;
    this.domain = init.domain ?? '';
    this.overload = init.overload ?? '';
    this.name = init.name ?? '';
    this.docString = init.docString ?? '';
    this.origin = init.origin;
    this.#inputs = [...init.inputs];
    this.#outputs = [...init.outputs];
    if (typeof init.attributes === 'function') this.#readAttributes = init.attributes;
    else this.#adopt(init.attributes ?? []);
    if (typeof init.metadata === 'function') this.#readMetadata = init.metadata;
    else this.#metadata = init.metadata ?? new Map();
    for (const value of this.#inputs) value?.countUse(this, 1);
    for (const value of this.#outputs) if (value) value.producer = this;
  }

  get inputs(): readonly (Value | undefined)[] {
    return this.#inputs;
  }

  get outputs(): readonly (Value | undefined)[] {
    return this.#outputs;
  }

  /** `domain::opType`, without the domain for standard operators. */
  get op(): string {
    return this.domain === '' || this.domain === 'ai.onnx' ? this.opType : `${this.domain}::${this.opType}`;
  }

  get attributes(): ReadonlyMap<string, Attribute> {
    return this.#attributes ?? this.#adopt(this.#readAttributes?.() ?? []);
  }

  get metadata(): Map<string, string> {
    this.#metadata ??= this.#readMetadata?.() ?? new Map();
    return this.#metadata;
  }

  /** True once metadata was decoded, so a writer need not decode what nobody asked for. */
  get metadataRead(): boolean {
    return this.#metadata !== undefined;
  }

  /** True once an attribute was set or removed. Changes inside a subgraph do not count. */
  get attributesEdited(): boolean {
    return this.#edited;
  }

  /** True once attributes were decoded; only then can a subgraph have been changed. */
  get attributesRead(): boolean {
    return this.#attributes !== undefined;
  }

  /** The graphs of the node's attributes (`If` branches, loop bodies), in attribute order. */
  get subgraphs(): readonly Graph[] {
    return this.#graphs;
  }

  /** The only output of a node that must have exactly one. */
  get output(): Value {
    const [only, ...rest] = this.#outputs;
    if (only === undefined || rest.some(v => v !== undefined))
      throw new Error(`${this} has not exactly one output`);
    return only;
  }

  setInput(index: number, value: Value | undefined): void {
    this.#inputs[index]?.countUse(this, -1);
    this.#inputs[index] = value;
    value?.countUse(this, 1);
  }

  /** Appends an output; the value becomes this node's. */
  addOutput(value: Value): void {
    this.#outputs.push(value);
    value.producer = this;
  }

  replaceInput(from: Value, to: Value): void {
    this.#inputs.forEach((value, i) => {
      if (value === from) this.setInput(i, to);
    });
  }

  setAttribute(attribute: Attribute): void {
    const attributes = this.#editable();
    attributes.set(attribute.name, attribute);
    for (const graph of graphsOf(attribute)) graph.owner = this;
    this.#graphs = [...attributes.values()].flatMap(graphsOf);
  }

  removeAttribute(name: string): void {
    const attributes = this.#editable();
    attributes.delete(name);
    this.#graphs = [...attributes.values()].flatMap(graphsOf);
  }

  int(name: string, fallback: number): number;
  int(name: string): number | undefined;
  int(name: string, fallback?: number): number | undefined {
    const attribute = this.attributes.get(name);
    return attribute?.kind === 'int' ? Number(attribute.value) : fallback;
  }

  ints(name: string): readonly number[] | undefined {
    const attribute = this.attributes.get(name);
    return attribute?.kind === 'ints' ? attribute.value.map(Number) : undefined;
  }

  float(name: string): number | undefined {
    const attribute = this.attributes.get(name);
    return attribute?.kind === 'float' ? attribute.value : undefined;
  }

  string(name: string): string | undefined {
    const attribute = this.attributes.get(name);
    return attribute?.kind === 'string' ? attribute.value : undefined;
  }

  subgraph(name: string): Graph | undefined {
    const attribute = this.attributes.get(name);
    return attribute?.kind === 'graph' ? attribute.value : undefined;
  }

  /** Stops reading its inputs. Call when the node leaves the model for good. */
  release(): void {
    this.#inputs.forEach((_, i) => {
      this.setInput(i, undefined);
    });
    for (const graph of this.subgraphs) graph.release();
  }

  toString(): string {
    return `${this.op}(${this.name || (this.#outputs[0]?.name ?? '')})`;
  }

  #editable(): Map<string, Attribute> {
    this.#edited = true;
    return this.#attributes ?? this.#adopt(this.#readAttributes?.() ?? []);
  }

  #adopt(attributes: Iterable<Attribute>): Map<string, Attribute> {
    const map = new Map<string, Attribute>();
    this.#attributes = map;
    for (const attribute of attributes) {
      map.set(attribute.name, attribute);
      const graphs = graphsOf(attribute);
      for (const graph of graphs) graph.owner = this;
      if (graphs.length > 0) this.#graphs = [...map.values()].flatMap(graphsOf);
    }
    return map;
  }
}

/** A detached copy: same operator, attributes and inputs, fresh outputs with the given names. */
export function cloneNode(node: Node, outputNames: readonly string[], name: string): Node {
  if (node.subgraphs.length > 0) throw new Error(`${node} holds subgraphs and cannot be cloned`);
  return new Node({
    opType: node.opType,
    domain: node.domain,
    overload: node.overload,
    name,
    inputs: node.inputs,
    outputs: node.outputs.map((value, i) =>
      value ? new Value(outputNames[i] ?? '', value.type) : undefined,
    ),
    attributes: node.attributes.values(),
    docString: node.docString,
    metadata: new Map(node.metadata),
  });
}
