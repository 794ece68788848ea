import {
  type Attribute,
  type ExternalData,
  type FunctionDef,
  Graph,
  type Model,
  Node,
  type Origin,
  Tensor,
  Value,
} from '../../ir/index.js';
import { tensorOfStrings } from '../../ir/text/tensors.js';
import { functionKey } from './diff.js';
import {
  type Delta,
  decodeType,
  type EncodedAttribute,
  type EncodedGraph,
  type EncodedNode,
  type EncodedRemark,
  type EncodedTensor,
} from './encoded.js';
import { isWeight, type Side, sideOf } from './side.js';

/** A delta that does not fit the model, or lacks the elements of a weight. */
export class PatchError extends Error {}

/** Makes of the model before, in place, the model after. What both have in common keeps its identity. */
export function applyDelta(model: Model, delta: Delta): void {
  const before = new Map(model.functions.map(f => [functionKey(f), f]));
  const functions = delta.functions.map((f): FunctionDef => {
    if (f.kept !== true) return decodeFunction(f);
    return before.get(functionKey(f)) ?? fail(`there is no function ${functionKey(f)}`);
  });
  const side = sideOf(model.graph, undefined);
  new Builder(side, delta.graphs, delta.nodes, delta.remarks).run();
  rename(side, delta);
  const { model: header } = delta;
  model.irVersion = header.irVersion;
  model.producerName = header.producerName;
  model.producerVersion = header.producerVersion;
  model.domain = header.domain;
  model.modelVersion = BigInt(header.modelVersion);
  model.docString = header.doc;
  refill(model.opsets, header.opsets);
  refill(model.metadata, header.metadata);
  model.functions = functions;
  for (const graph of sideOf(model.graph, undefined).graphs) reserve(model, graph);
}

function refill<T>(map: Map<string, T>, entries: Iterable<readonly [string, T]>): void {
  map.clear();
  for (const [key, value] of entries) map.set(key, value);
}

function reserve(model: Model, graph: Graph): void {
  for (const value of [...graph.inputs, ...graph.initializers]) model.names.reserve(value.name);
  for (const node of graph.nodes) {
    if (node.name !== '') model.names.reserve(node.name);
    for (const value of node.outputs) if (value) model.names.reserve(value.name);
  }
}

function rename(side: Side, delta: Delta): void {
  const value = (ref: string): Value => {
    const [, node, output] = /^an(\d+):(\d+)$/.exec(ref) ?? [];
    return side.nodes[Number(node)]?.outputs[Number(output)] ?? fail(`there is no value ${ref}`);
  };
  for (const [ref, name] of delta.names) {
    if (ref.includes(':')) value(ref).name = name;
    else {
      const node = side.nodes[Number(ref.slice(2))];
      if (node === undefined) fail(`there is no node ${ref}`);
      else node.name = name;
    }
  }
  for (const [ref, type] of delta.types) value(ref).type = decodeType(type);
}

function decodeFunction(f: Delta['functions'][number]): FunctionDef {
  const { graphs = [], nodes = [], remarks = [] } = f;
  const build = (): Builder => new Builder(sideOf(new Graph(''), undefined), graphs, nodes, remarks);
  return {
    domain: f.domain,
    name: f.name,
    overload: f.overload,
    opsets: new Map(f.opsets ?? []),
    defaults: new Map(
      (f.defaults ?? []).map(d => [d.name, decodeAttribute(d, undefined, () => fail('a graph'))]),
    ),
    body: () => build().run(),
  };
}

/** Places the nodes of a delta in graphs of the model before and in new ones. */
class Builder {
  readonly #side: Side;
  readonly #encoded: readonly EncodedGraph[];
  readonly #nodes: ReadonlyMap<number, EncodedNode>;
  readonly #graphs: readonly Graph[];
  readonly #values = new Map<string, Value>();
  readonly #remarks: readonly EncodedRemark[];

  constructor(
    side: Side,
    graphs: readonly EncodedGraph[],
    nodes: readonly EncodedNode[],
    remarks: readonly EncodedRemark[],
  ) {
    this.#remarks = remarks;
    this.#side = side;
    this.#encoded = graphs;
    this.#nodes = new Map(nodes.map(n => [n.node, n]));
    this.#graphs = graphs.map((g, i) => {
      const from = i === 0 ? 0 : g.from;
      return from === undefined
        ? new Graph(g.name)
        : (side.graphs[from] ?? fail(`there is no graph ${from}`));
    });
    this.#record();
    for (const graph of graphs) this.#checkOrder(graph);
  }

  /** @returns the outermost graph */
  run(): Graph {
    this.#empty();
    this.#encoded.forEach((encoded, i) => {
      this.#ports(encoded, i);
    });
    for (const encoded of this.#nodes.values()) this.#outputs(encoded);
    const made = new Map([...this.#nodes.values()].map(n => [n.node, this.#node(n)]));
    this.#encoded.forEach((encoded, i) => {
      const graph = this.#graphs[i];
      if (graph === undefined) return;
      graph.append(...tokens(encoded.nodes).map(({ side, index }) => this.#placed(side, index, made)));
      for (const ref of encoded.outputs) graph.addOutput(this.#value(ref) ?? fail('an output is omitted'));
    });
    for (const { value: ref, doc, metadata } of this.#remarks) {
      const value = this.#value(ref);
      if (value === undefined) continue;
      value.docString = doc;
      refill(value.metadata, metadata);
    }
    return this.#graphs[0] ?? fail('there is no graph');
  }

  #placed(side: string, index: number, made: ReadonlyMap<number, Node>): Node {
    return (
      (side === 'a' ? this.#side.nodes[index] : made.get(index)) ?? fail(`there is no node ${side}${index}`)
    );
  }

  #checkOrder({ nodes }: EncodedGraph): void {
    for (const { side, index } of tokens(nodes)) {
      const known = side === 'a' ? this.#side.nodes[index] !== undefined : this.#nodes.has(index);
      if (!known) fail(`there is no node ${side}${index}`);
    }
  }

  /** Values of the model before, by their places. */
  #record(): void {
    this.#side.graphs.forEach((graph, g) => {
      graph.inputs.forEach((value, i) => {
        this.#values.set(`ai${g}:${i}`, value);
      });
      [...graph.initializers].filter(isWeight).forEach((value, i) => {
        this.#values.set(`aw${g}:${i}`, value);
      });
    });
    this.#side.nodes.forEach((node, n) => {
      node.outputs.forEach((value, i) => {
        if (value !== undefined) this.#values.set(`an${n}:${i}`, value);
      });
    });
  }

  /** Takes everything out of the graphs of the model before, and lets go of the nodes that do not come back. */
  #empty(): void {
    for (const graph of this.#side.graphs) {
      for (const value of [...graph.outputs]) graph.removeOutput(value);
      for (const value of [...graph.inputs]) {
        graph.removeInitializer(value);
        value.initializer = undefined;
        graph.removeInput(value);
      }
      for (const value of [...graph.initializers]) graph.removeInitializer(value);
      graph.detach(new Set(graph.nodes));
    }
    const back = new Set<number>();
    for (const { nodes } of this.#encoded)
      for (const { side, index } of tokens(nodes)) if (side === 'a') back.add(index);
    this.#side.nodes.forEach((node, i) => {
      if (!back.has(i)) node.release();
    });
  }

  #ports(encoded: EncodedGraph, index: number): void {
    const graph = this.#graphs[index];
    if (graph === undefined) return;
    graph.name = encoded.name;
    graph.docString = encoded.doc ?? '';
    refill(graph.metadata, encoded.metadata ?? []);
    const port = (from: EncodedGraph['inputs'][number], place: string): Value => {
      const value = from.from === undefined ? new Value(from.name) : this.#value(from.from);
      if (value === undefined) return fail('a port is omitted');
      this.#values.set(place, value);
      value.name = from.name;
      if (from.type !== undefined) value.type = decodeType(from.type);
      value.docString = from.doc ?? '';
      refill(value.metadata, from.metadata ?? []);
      return value;
    };
    encoded.inputs.forEach((from, i) => {
      const value = port(from, `bi${index}:${i}`);
      graph.addInput(value);
      if (from.tensor) graph.addInitializer(value, decodeTensor(from.tensor));
    });
    encoded.weights.forEach((from, i) => {
      const value = port(from, `bw${index}:${i}`);
      const tensor = from.tensor ? decodeTensor(from.tensor) : value.initializer;
      graph.addInitializer(value, tensor ?? fail(`${from.name} has no elements`));
    });
  }

  #outputs(encoded: EncodedNode): void {
    encoded.outputs.forEach((name, i) => {
      if (name === null) return;
      const before = encoded.from === undefined ? undefined : this.#values.get(`an${encoded.from}:${i}`);
      const value = before ?? new Value(name);
      value.name = name;
      value.type = decodeType(encoded.types?.[i]);
      this.#values.set(`bn${encoded.node}:${i}`, value);
    });
  }

  #node(encoded: EncodedNode): Node {
    const old = encoded.from === undefined ? undefined : this.#side.nodes[encoded.from];
    return new Node({
      opType: encoded.op,
      domain: encoded.domain ?? '',
      overload: encoded.overload ?? '',
      name: encoded.name ?? '',
      docString: encoded.doc ?? '',
      metadata: new Map(encoded.metadata ?? []),
      inputs: encoded.inputs.map(ref => this.#value(ref)),
      outputs: encoded.outputs.map((name, i) =>
        name === null ? undefined : this.#values.get(`bn${encoded.node}:${i}`),
      ),
      attributes: encoded.attributes.map(a =>
        decodeAttribute(a, old, i => this.#graphs[i] ?? fail(`there is no graph ${i}`)),
      ),
    });
  }

  #value(ref: string): Value | undefined {
    if (ref === '-') return undefined;
    return this.#values.get(ref) ?? fail(`there is no value ${ref}`);
  }
}

function* run(text: string): IterableIterator<{ side: string; index: number }> {
  const [, side = '', first = '', last] = /^([ab])(\d+)(?:-(\d+))?$/.exec(text) ?? [];
  if (side === '') fail(`${text} names no nodes`);
  for (let i = Number(first); i <= Number(last ?? first); i++) yield { side, index: i };
}

function tokens(text: string): { side: string; index: number }[] {
  return text === '' ? [] : text.split(' ').flatMap(part => [...run(part)]);
}

function decodeAttribute(
  encoded: EncodedAttribute,
  old: Node | undefined,
  graph: (index: number) => Graph,
): Attribute {
  const { name, kind } = encoded;
  const kept = encoded.kept === true ? old?.attributes.get(name) : undefined;
  if (kept !== undefined) return kept;
  const base = { name, ...(encoded.doc === undefined ? {} : { docString: encoded.doc }) };
  const numbers = (encoded.numbers ?? []).map(decodeNumber);
  const integers = (encoded.integers ?? []).map(BigInt);
  const strings = encoded.strings ?? [];
  const tensors = (encoded.tensors ?? []).map(decodeTensor);
  const graphs = (encoded.graphs ?? []).map(graph);
  const only = <T>(list: readonly T[]): T => list[0] ?? fail(`attribute ${name} has no value`);
  switch (kind) {
    case 'float':
      return { ...base, kind, value: only(numbers) };
    case 'floats':
      return { ...base, kind, value: numbers };
    case 'int':
      return { ...base, kind, value: only(integers) };
    case 'ints':
      return { ...base, kind, value: integers };
    case 'string':
      return { ...base, kind, value: only(strings) };
    case 'strings':
      return { ...base, kind, value: strings };
    case 'tensor':
      return { ...base, kind, value: only(tensors) };
    case 'tensors':
      return { ...base, kind, value: tensors };
    case 'graph':
      return { ...base, kind, value: only(graphs) };
    case 'graphs':
      return { ...base, kind, value: graphs };
    case 'reference':
      return { ...base, kind, value: only(strings), type: encoded.type ?? 0 };
    case 'other':
      return { ...base, kind, type: encoded.type ?? 0 };
  }
}

function decodeNumber(x: number | string): number {
  if (typeof x === 'number') return x;
  if (x === 'nan') return Number.NaN;
  if (x === '-0') return -0;
  return x === '-inf' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
}

function decodeTensor(encoded: EncodedTensor): Tensor {
  const { elem, dims, name = '', doc = '', strings, data, elided } = encoded;
  const metadata = new Map(encoded.metadata ?? []);
  const head = { elem, dims, name, docString: doc, metadata };
  if (encoded.external !== undefined) {
    const { location, offset, length, checksum } = encoded.external;
    const external: ExternalData = {
      location,
      offset,
      ...(length === undefined ? {} : { length }),
      ...(checksum === undefined ? {} : { checksum }),
    };
    return new Tensor({ ...head, external });
  }
  if (strings !== undefined) return tensorOfStrings(dims, strings);
  if (data !== undefined) {
    const bytes = new Uint8Array(Buffer.from(data, 'base64'));
    return new Tensor({ ...head, load: () => bytes });
  }
  const origin: Origin & { digest: string } = { origin: 'text', digest: elided ?? '' };
  return new Tensor({ ...head, origin });
}

function fail(reason: string): never {
  throw new PatchError(reason);
}
