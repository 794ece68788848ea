import { createHash, type Hash } from 'node:crypto';
import {
  type Attribute,
  type FunctionDef,
  type Graph,
  graphsOf,
  type Model,
  type Node,
  type Tensor,
  typeText,
  type Value,
} from '../ir/index.js';
import { isSparse, originOf } from './encode-tensor.js';
import { rawData, stringsOf } from './read-tensor.js';
import { encodeText, hasEscapes } from './text.js';

/** Tensors up to twice this size are hashed whole, larger ones by their ends. */
const END = 4096;

/**
 * SHA-256, in hex, of what a model computes: opsets, graphs, nodes in order, attributes, names, types of inputs and
 * outputs, and weights. Of an embedded tensor of more than 8 KiB it takes element type, dimensions, length and the
 * first and last 4 KiB; of an external one its reference, not its bytes. Documentation, metadata, `value_info` and
 * the layout of the file (order of fields, packing, raw or typed elements) make no difference.
 */
export function modelHash(model: Model): string {
  const digest = new Digest();
  digest.opsets(model.opsets);
  digest.graph(model.graph);
  const functions = [...model.functions].sort((a, b) => compare(functionKey(a), functionKey(b)));
  digest.number(functions.length);
  for (const definition of functions) digest.function(definition);
  return digest.hex();
}

/** Every item goes in with its length or as a fixed number of bytes, so that no two models read the same. */
class Digest {
  readonly #hash: Hash = createHash('sha256');
  /** Collects small items: a call of the hash costs more than they do. */
  readonly #buffer = Buffer.alloc(64 * 1024);
  #used = 0;

  hex(): string {
    this.#flush();
    return this.#hash.digest('hex');
  }

  number(value: number): void {
    this.#room(8);
    // A NaN read from a file keeps its payload bits, or not, as the engine likes.
    this.#buffer.writeDoubleLE(Number.isNaN(value) ? Number.NaN : value, this.#used);
    this.#used += 8;
  }

  bytes(bytes: Uint8Array): void {
    this.number(bytes.length);
    if (bytes.length > this.#buffer.length) {
      this.#flush();
      this.#hash.update(bytes);
      return;
    }
    this.#room(bytes.length);
    this.#buffer.set(bytes, this.#used);
    this.#used += bytes.length;
  }

  #room(count: number): void {
    if (this.#used + count > this.#buffer.length) this.#flush();
  }

  #flush(): void {
    this.#hash.update(this.#buffer.subarray(0, this.#used));
    this.#used = 0;
  }

  text(text: string): void {
    // Three bytes are the most that a UTF-16 unit takes in UTF-8.
    if (text.length * 3 + 8 > this.#buffer.length || hasEscapes(text)) {
      this.bytes(encodeText(text));
      return;
    }
    this.#room(text.length * 3 + 8);
    const length = this.#buffer.write(text, this.#used + 8, 'utf8');
    this.number(length);
    this.#used += length;
  }

  opsets(opsets: ReadonlyMap<string, number>): void {
    this.number(opsets.size);
    for (const [domain, version] of [...opsets].sort(([a], [b]) => compare(a, b))) {
      this.text(domain);
      this.number(version);
    }
  }

  function(definition: FunctionDef): void {
    this.text(functionKey(definition));
    this.opsets(definition.opsets);
    this.attributes([...definition.defaults.values()]);
    this.graph(definition.body());
  }

  graph(graph: Graph): void {
    this.values(graph.inputs, true);
    const initializers = [...graph.initializers].sort((a, b) => compare(a.name, b.name));
    this.number(initializers.length);
    for (const value of initializers) {
      this.text(value.name);
      if (value.initializer) this.tensor(value.initializer);
    }
    this.number(graph.nodes.length);
    for (const node of graph.nodes) this.node(node);
    this.values(graph.outputs, true);
  }

  node(node: Node): void {
    this.text(node.op);
    this.text(node.overload);
    this.text(node.name);
    this.values(node.inputs);
    this.values(node.outputs);
    this.attributes([...node.attributes.values()]);
  }

  values(values: readonly (Value | undefined)[], typed = false): void {
    this.number(values.length);
    for (const value of values) {
      this.text(value?.name ?? '');
      if (typed) this.text(typeText(value?.type));
    }
  }

  attributes(attributes: readonly Attribute[]): void {
    this.number(attributes.length);
    for (const attribute of [...attributes].sort((a, b) => compare(a.name, b.name))) {
      this.text(attribute.name);
      this.text(attribute.kind);
      this.content(attribute);
    }
  }

  content(attribute: Attribute): void {
    switch (attribute.kind) {
      case 'float':
        this.number(attribute.value);
        return;
      case 'floats':
        this.number(attribute.value.length);
        for (const value of attribute.value) this.number(value);
        return;
      case 'int':
      case 'string':
      case 'reference':
        this.text(String(attribute.value));
        return;
      case 'ints':
      case 'strings':
        this.number(attribute.value.length);
        for (const value of attribute.value) this.text(String(value));
        return;
      case 'tensor':
        this.tensor(attribute.value);
        return;
      case 'tensors':
        this.number(attribute.value.length);
        for (const value of attribute.value) this.tensor(value);
        return;
      case 'graph':
      case 'graphs': {
        const graphs = graphsOf(attribute);
        this.number(graphs.length);
        for (const graph of graphs) this.graph(graph);
        return;
      }
      case 'other':
        this.number(attribute.type);
        return;
    }
  }

  tensor(tensor: Tensor): void {
    this.text(tensor.elem);
    this.number(tensor.dims.length);
    for (const dim of tensor.dims) this.number(dim);
    const { external } = tensor;
    this.number(external === undefined ? 0 : 1);
    if (external !== undefined) {
      this.text(external.location);
      this.number(external.offset);
      this.number(external.length ?? -1);
      this.text(external.checksum ?? '');
    } else this.elements(tensor);
  }

  elements(tensor: Tensor): void {
    const origin = originOf(tensor);
    const span = origin && (isSparse(tensor) ? origin : rawData(origin));
    if (span !== undefined) {
      const { source, start, end } = span;
      this.ends(end - start, (from, to) => source.copy(start + from, start + to));
    } else if (origin !== undefined && tensor.elem === 'string') {
      for (const string of stringsOf(origin)) this.bytes(string);
    } else {
      const bytes = tensor.bytes() ?? new Uint8Array();
      this.ends(bytes.length, (from, to) => bytes.subarray(from, to));
    }
  }

  ends(length: number, read: (from: number, to: number) => Uint8Array): void {
    this.number(length);
    if (length <= 2 * END) this.bytes(read(0, length));
    else {
      this.bytes(read(0, END));
      this.bytes(read(length - END, length));
    }
  }
}

function functionKey({ domain, name, overload }: FunctionDef): string {
  return `${domain}::${name}::${overload}`;
}

/** By code unit: the same order on every machine. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
