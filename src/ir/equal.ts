import type { Attribute } from './attribute.js';
import type { Graph } from './graph.js';
import type { FunctionDef, Model } from './model.js';
import type { Node } from './node.js';
import type { Origin } from './origin.js';
import type { Tensor } from './tensor.js';
import { float32Text } from './text/numbers.js';
import { digestOf, stringsOf } from './text/tensors.js';
import { typeText, type ValueType } from './types.js';
import type { Value } from './value.js';

export interface Difference {
  /** Place in the models: `graph › node › branch`. */
  readonly path: string;
  readonly message: string;
}

type Entries = ReadonlyMap<string, string | number>;

const MOST = 20;

/**
 * How two models differ, at most 20 differences; empty when they are the same up to the execution order of nodes
 * and the order of initializers, attributes and metadata. Nodes are matched by the names of their outputs. Types of
 * inner values are not compared, nor are names and documentation of tensors in attributes.
 */
export function structurallyEqual(a: Model, b: Model): Difference[] {
  const compare = new Comparison();
  compare.models(a, b);
  return compare.differences.slice(0, MOST);
}

class Comparison {
  readonly differences: Difference[] = [];

  get #full(): boolean {
    return this.differences.length >= MOST;
  }

  models(a: Model, b: Model): void {
    const path = 'model';
    this.#same(path, 'ir version', a.irVersion, b.irVersion);
    this.#same(
      path,
      'producer',
      `${a.producerName} ${a.producerVersion}`,
      `${b.producerName} ${b.producerVersion}`,
    );
    this.#same(path, 'domain', a.domain, b.domain);
    this.#same(path, 'version', String(a.modelVersion), String(b.modelVersion));
    this.#same(path, 'documentation', a.docString, b.docString);
    this.#maps(path, 'opset of', a.opsets, b.opsets);
    this.#maps(path, 'metadata', a.metadata, b.metadata);
    this.#graphs(a.graph, b.graph, a.graph.name);
    const functions = (model: Model): Map<string, FunctionDef> =>
      new Map(model.functions.map(f => [[f.domain, f.name, f.overload].join('::'), f]));
    this.#keyed(path, 'function', functions(a), functions(b), (x, y, key) => {
      this.#functions(x, y, key);
    });
  }

  #functions(a: FunctionDef, b: FunctionDef, path: string): void {
    this.#maps(path, 'opset of', a.opsets, b.opsets);
    this.#attributes(a.defaults, b.defaults, path);
    this.#graphs(a.body(), b.body(), path);
  }

  #graphs(a: Graph, b: Graph, path: string): void {
    if (this.#full) return;
    this.#same(path, 'graph name', a.name, b.name);
    this.#same(path, 'documentation', a.docString, b.docString);
    this.#maps(path, 'metadata', a.metadata, b.metadata);
    this.#ports(path, 'input', a.inputs, b.inputs);
    this.#ports(path, 'output', a.outputs, b.outputs);
    const initializers = (graph: Graph): Map<string, Tensor> => {
      const tensors = new Map<string, Tensor>();
      for (const { name, initializer } of graph.initializers) if (initializer) tensors.set(name, initializer);
      return tensors;
    };
    this.#keyed(path, 'initializer', initializers(a), initializers(b), (x, y, name) => {
      this.#tensors(x, y, `${path} › ${name}`);
    });
    this.#keyed(path, 'node', nodesByOutputs(a), nodesByOutputs(b), (x, y) => {
      this.#nodes(x, y, `${path} › ${labelOf(x)}`);
    });
  }

  #ports(path: string, what: string, a: readonly Value[], b: readonly Value[]): void {
    this.#same(path, `number of ${what}s`, a.length, b.length);
    a.forEach((x, i) => {
      const y = b[i];
      if (y === undefined) return;
      this.#same(path, `${what} ${i}`, x.name, y.name);
      this.#same(path, `type of ${what} ${x.name}`, knownType(x.type), knownType(y.type));
      this.#same(path, `documentation of ${what} ${x.name}`, x.docString, y.docString);
      this.#maps(path, `metadata of ${what} ${x.name}:`, x.metadata, y.metadata);
    });
  }

  #nodes(a: Node, b: Node, path: string): void {
    if (this.#full) return;
    this.#same(path, 'operator', operatorOf(a), operatorOf(b));
    this.#same(path, 'node name', a.name, b.name);
    this.#same(path, 'documentation', a.docString, b.docString);
    this.#same(path, 'inputs', namesOf(a.inputs), namesOf(b.inputs));
    this.#maps(path, 'metadata', a.metadata, b.metadata);
    this.#attributes(a.attributes, b.attributes, path);
  }

  #attributes(a: ReadonlyMap<string, Attribute>, b: ReadonlyMap<string, Attribute>, path: string): void {
    this.#keyed(path, 'attribute', a, b, (x, y, name) => {
      this.#attribute(x, y, `${path} › ${name}`);
    });
  }

  #attribute(a: Attribute, b: Attribute, path: string): void {
    this.#same(path, 'documentation', a.docString ?? '', b.docString ?? '');
    if (a.kind === 'graph' && b.kind === 'graph') this.#graphs(a.value, b.value, path);
    else if (a.kind === 'graphs' && b.kind === 'graphs') {
      this.#lists(path, a.value, b.value, (x, y, at) => {
        this.#graphs(x, y, at);
      });
    } else if (a.kind === 'tensor' && b.kind === 'tensor') this.#tensors(a.value, b.value, path);
    else if (a.kind === 'tensors' && b.kind === 'tensors') {
      this.#lists(path, a.value, b.value, (x, y, at) => {
        this.#tensors(x, y, at);
      });
    } else {
      this.#same(path, 'value', plainText(a), plainText(b));
      if (a.kind === 'other' && !sameRecords(a.origin, b.origin)) this.#add(path, 'contents differ');
    }
  }

  #tensors(a: Tensor, b: Tensor, path: string): void {
    if (a === b) return;
    this.#same(path, 'element type', a.elem, b.elem);
    this.#same(path, 'dimensions', `[${a.dims.join(',')}]`, `[${b.dims.join(',')}]`);
    if (a.external || b.external) {
      const place = ({ external: e }: Tensor): string =>
        e
          ? `${e.location} at ${e.offset}, ${e.length ?? 'all'} bytes, checksum ${e.checksum ?? 'none'}`
          : 'the model';
      this.#same(path, 'place of the data', place(a), place(b));
      return;
    }
    if (!sameContents(a, b)) this.#add(path, 'contents differ');
  }

  #lists<T>(
    path: string,
    a: readonly T[],
    b: readonly T[],
    compare: (x: T, y: T, path: string) => void,
  ): void {
    this.#same(path, 'length', a.length, b.length);
    a.forEach((x, i) => {
      const y = b[i];
      if (y !== undefined) compare(x, y, `${path} › ${i}`);
    });
  }

  #maps(path: string, what: string, a: Entries, b: Entries): void {
    this.#keyed(path, what, a, b, (x, y, key) => {
      this.#same(path, `${what} ${key}`, x, y);
    });
  }

  #keyed<T>(
    path: string,
    what: string,
    a: ReadonlyMap<string, T>,
    b: ReadonlyMap<string, T>,
    compare: (x: T, y: T, key: string) => void,
  ): void {
    for (const [key, x] of a) {
      if (this.#full) return;
      const y = b.get(key);
      if (y === undefined) this.#add(path, `${what} ${key} is only in the first`);
      else compare(x, y, key);
    }
    for (const key of b.keys()) if (!a.has(key)) this.#add(path, `${what} ${key} is only in the second`);
  }

  #same(path: string, what: string, a: string | number, b: string | number): void {
    if (a !== b) this.#add(path, `${what}: ${a} and ${b}`);
  }

  #add(path: string, message: string): void {
    this.differences.push({ path, message });
  }
}

/** Nodes by the names of their outputs; equal ones are numbered, and those without outputs go by what they read. */
function nodesByOutputs(graph: Graph): Map<string, Node> {
  const nodes = new Map<string, Node>();
  for (const node of graph.nodes) {
    const outputs = namesOf(node.outputs);
    const key = outputs || `${node.op} (${namesOf(node.inputs)})`;
    let unique = key;
    for (let i = 2; nodes.has(unique); i++) unique = `${key} (${i})`;
    nodes.set(unique, node);
  }
  return nodes;
}

function namesOf(values: readonly (Value | undefined)[]): string {
  return values.map(value => value?.name ?? '').join(', ');
}

function operatorOf(node: Node): string {
  return node.overload ? `${node.op}:${node.overload}` : node.op;
}

function labelOf(node: Node): string {
  return node.name || (node.outputs[0]?.name ?? node.opType);
}

/** Types that `bwc` does not look into are like none. */
function knownType(type: ValueType | undefined): string {
  return type === undefined || type.kind === 'other' ? '?' : typeText(type);
}

function plainText(attribute: Attribute): string {
  switch (attribute.kind) {
    case 'float':
      return `float ${float32Text(attribute.value)}`;
    case 'floats':
      return `floats [${attribute.value.map(float32Text).join(', ')}]`;
    case 'int':
      return `int ${attribute.value}`;
    case 'ints':
      return `ints [${attribute.value.join(', ')}]`;
    case 'string':
    case 'strings':
      return `${attribute.kind} ${JSON.stringify(attribute.value)}`;
    case 'reference':
      return `reference to ${attribute.value}, type ${attribute.type}`;
    case 'other':
      return `attribute of type ${attribute.type}`;
    default:
      return attribute.kind;
  }
}

/** Compares bytes where both are at hand, hashes where a text left the bytes out, and else the records read. */
function sameContents(a: Tensor, b: Tensor): boolean {
  const [strings, others] = [stringsOf(a), stringsOf(b)];
  if (strings && others) return strings.length === others.length && strings.every((s, i) => s === others[i]);
  const [bytes, other] = [a.bytes(), b.bytes()];
  if (bytes && other) return Buffer.compare(bytes, other) === 0;
  return digestOf(a) === digestOf(b) && sameRecords(a.origin, b.origin);
}

/** Whether two origins remember the same bytes; those that remember none cannot be told apart. */
function sameRecords(a: Origin | undefined, b: Origin | undefined): boolean {
  if (a === b) return true;
  const [bytes, other] = [recordOf(a), recordOf(b)];
  return bytes === undefined || other === undefined || Buffer.compare(bytes, other) === 0;
}

function recordOf(origin: Origin | undefined): Uint8Array | undefined {
  const { bytes } = (origin ?? {}) as { readonly bytes?: unknown };
  return bytes instanceof Uint8Array ? bytes : undefined;
}
