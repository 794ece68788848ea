import {
  type Attribute,
  Graph,
  type Model,
  type Node,
  type Tensor,
  typeText,
  type Value,
} from '../../ir/index.js';
import { digestOf } from '../../ir/text/tensors.js';
import type { GraphDiff } from './compare.js';
import { stringElements } from './contents.js';
import { functionKey, type ModelDiff } from './diff.js';
import {
  type Delta,
  type EncodedAttribute,
  type EncodedGraph,
  type EncodedNode,
  type EncodedPort,
  type EncodedRemark,
  type EncodedTensor,
  encodeType,
} from './encoded.js';
import { Pairs } from './pairs.js';
import { isWeight, type Side, sideOf } from './side.js';

/** Bytes of weights that a delta carries; what goes beyond is named by its hash, and such a delta cannot be applied. */
const MOST_BYTES = 64 * 1024 * 1024;

/** What `bwc patch` needs: the model after, in terms of the one before wherever they agree. */
export function deltaOf(diff: ModelDiff): Delta {
  const { a, b, main } = diff;
  const changed = main.weights.flatMap(w => (w.kind === 'changed' && w.b ? [w.b] : []));
  const encoder = new Encoder(main.a, main.b, main.pairs, new Budget(), new Set(changed));
  const encoded = encoder.run(main);
  const before = new Set(a.model.functions.map(functionKey));
  const different = new Set(diff.functions.map(f => f.name));
  return {
    model: header(b.model),
    ...encoded,
    functions: b.model.functions.map(f => {
      const identity = { domain: f.domain, name: f.name, overload: f.overload };
      const key = functionKey(f);
      if (before.has(key) && !different.has(key)) return { ...identity, kept: true as const };
      const body = sideOf(f.body(), b.path);
      const whole = new Encoder(sideOf(new Graph(''), a.path), body, new Pairs(), encoder.budget, new Set());
      const inner = whole.run();
      return {
        ...identity,
        opsets: [...f.opsets],
        defaults: [...f.defaults.values()].map(d => whole.attribute(d, undefined)),
        graphs: inner.graphs,
        nodes: inner.nodes,
        remarks: inner.remarks,
      };
    }),
  };
}

function header(model: Model): Delta['model'] {
  return {
    irVersion: model.irVersion,
    opsets: [...model.opsets],
    producerName: model.producerName,
    producerVersion: model.producerVersion,
    domain: model.domain,
    modelVersion: String(model.modelVersion),
    doc: model.docString,
    metadata: [...model.metadata],
  };
}

class Budget {
  left = MOST_BYTES;
}

type Encoded = Pick<Delta, 'graphs' | 'nodes' | 'names' | 'types' | 'remarks'>;

class Encoder {
  readonly budget: Budget;
  readonly #a: Side;
  readonly #b: Side;
  readonly #pairs: Pairs;
  /** Constants that are paired and differ. */
  readonly #changed: ReadonlySet<Value>;
  readonly #nodes: EncodedNode[] = [];
  readonly #names: [string, string][] = [];
  readonly #types: Delta['types'] = [];
  readonly #slots: readonly [Map<Value, string>, Map<Value, string>] = [new Map(), new Map()];

  constructor(a: Side, b: Side, pairs: Pairs, budget: Budget, changed: ReadonlySet<Value>) {
    this.#changed = changed;
    this.#a = a;
    this.#b = b;
    this.#pairs = pairs;
    this.budget = budget;
    for (const [which, side] of [a, b].entries()) {
      const slots = this.#slots[which as 0 | 1];
      side.graphs.forEach((graph, g) => {
        graph.inputs.forEach((value, i) => {
          slots.set(value, `i${g}:${i}`);
        });
        [...graph.initializers].filter(isWeight).forEach((value, i) => {
          slots.set(value, `w${g}:${i}`);
        });
      });
    }
  }

  run(diff?: GraphDiff): Encoded {
    const rebuilt = new Set<Node>();
    for (const { kind, b } of diff?.nodes ?? []) if (kind === 'changed' && b) rebuilt.add(b);
    const graphs = this.#b.graphs.map(graph => this.#graph(graph, rebuilt));
    return { graphs, nodes: this.#nodes, names: this.#names, types: this.#types, remarks: this.#remarks() };
  }

  #graph(graph: Graph, rebuilt: ReadonlySet<Node>): EncodedGraph {
    const partner = this.#pairs.graph(graph, 1);
    return {
      ...(partner === undefined ? {} : { from: this.#a.graphIndex.get(partner) ?? 0 }),
      name: graph.name,
      ...(graph.docString === '' ? {} : { doc: graph.docString }),
      ...(graph.metadata.size === 0 ? {} : { metadata: [...graph.metadata] }),
      inputs: graph.inputs.map(value => this.#port(value, true)),
      weights: [...graph.initializers].filter(isWeight).map(value => this.#port(value, false)),
      nodes: this.#order(graph, rebuilt),
      outputs: graph.outputs.map(value => this.#ref(value)),
    };
  }

  #remarks(): EncodedRemark[] {
    const text = (value: Value | undefined): string =>
      JSON.stringify([value?.docString ?? '', ...(value?.metadata ?? [])]);
    const found: EncodedRemark[] = [];
    for (const node of this.#b.nodes) {
      for (const value of node.outputs) {
        if (value === undefined || text(value) === text(this.#pairs.value(value, 1))) continue;
        found.push({ value: this.#ref(value), doc: value.docString, metadata: [...value.metadata] });
      }
    }
    return found;
  }

  #order(graph: Graph, rebuilt: ReadonlySet<Node>): string {
    const runs: { from: number; to: number }[] = [];
    const texts: string[] = [];
    const flush = (): void => {
      const run = runs.pop();
      if (run) texts.push(run.from === run.to ? `a${run.from}` : `a${run.from}-${run.to}`);
    };
    for (const node of graph.nodes) {
      const partner = this.#pairs.node(node, 1);
      const from = partner === undefined ? undefined : this.#a.nodeIndex.get(partner);
      if (partner !== undefined && from !== undefined && !rebuilt.has(node) && this.#keeps(partner, node)) {
        const run = runs[0];
        if (run?.to === from - 1) run.to = from;
        else {
          flush();
          runs.push({ from, to: from });
        }
        this.#kept(partner, node, from);
      } else {
        flush();
        this.#nodes.push(this.#node(node, partner, from));
        texts.push(`b${this.#b.nodeIndex.get(node)}`);
      }
    }
    flush();
    return texts.join(' ');
  }

  /** Inputs that a gate or a copy gives anew are written anew, and so are remarks and attributes at their default. */
  #keeps(a: Node, b: Node): boolean {
    const inputs = b.inputs.every((value, i) => {
      const before = a.inputs[i];
      return before === undefined || value === undefined
        ? before === value
        : this.#pairs.value(before, 0) === value;
    });
    const metadata = [...a.metadata].map(String).join('\n') === [...b.metadata].map(String).join('\n');
    const attributes =
      a.attributes.size === b.attributes.size && [...a.attributes.keys()].every(n => b.attributes.has(n));
    return inputs && metadata && attributes && a.docString === b.docString;
  }

  #kept(a: Node, b: Node, index: number): void {
    if (a.name !== b.name) this.#names.push([`an${index}`, b.name]);
    a.outputs.forEach((value, i) => {
      const other = b.outputs[i];
      if (value === undefined || other === undefined) return;
      if (value.name !== other.name) this.#names.push([`an${index}:${i}`, other.name]);
      if (typeText(value.type) !== typeText(other.type))
        this.#types.push([`an${index}:${i}`, encodeType(other.type)]);
    });
  }

  #ref(value: Value | undefined): string {
    if (value === undefined) return '-';
    return this.#before(value) ?? this.#place(value, 1);
  }

  /** The value before, in the words of a delta; undefined for a new one. */
  #before(value: Value): string | undefined {
    const partner = this.#pairs.value(value, 1);
    return partner === undefined ? undefined : this.#place(partner, 0);
  }

  #place(value: Value, which: 0 | 1): string {
    const side = which === 0 ? this.#a : this.#b;
    const name = which === 0 ? 'a' : 'b';
    const { producer } = value;
    if (producer !== undefined)
      return `${name}n${side.nodeIndex.get(producer)}:${producer.outputs.indexOf(value)}`;
    return name + (this.#slots[which].get(value) ?? 'i0:0');
  }

  #port(value: Value, isInput: boolean): EncodedPort {
    const partner = this.#pairs.value(value, 1);
    const tensor = value.initializer;
    const carried = tensor !== undefined && (isInput || partner === undefined || this.#changed.has(value));
    const typed = partner === undefined || typeText(partner.type) !== typeText(value.type);
    return {
      ...(partner === undefined ? {} : { from: this.#place(partner, 0) }),
      name: value.name,
      ...(typed ? { type: encodeType(value.type) } : {}),
      ...(value.docString === '' ? {} : { doc: value.docString }),
      ...(value.metadata.size === 0 ? {} : { metadata: [...value.metadata] }),
      ...(carried ? { tensor: this.#tensor(tensor) } : {}),
    };
  }

  #node(node: Node, partner: Node | undefined, from: number | undefined): EncodedNode {
    const types = node.outputs.map(v => encodeType(v?.type));
    return {
      node: this.#b.nodeIndex.get(node) ?? 0,
      ...(from === undefined ? {} : { from }),
      op: node.opType,
      ...(node.domain === '' ? {} : { domain: node.domain }),
      ...(node.overload === '' ? {} : { overload: node.overload }),
      ...(node.name === '' ? {} : { name: node.name }),
      ...(node.docString === '' ? {} : { doc: node.docString }),
      ...(node.metadata.size === 0 ? {} : { metadata: [...node.metadata] }),
      inputs: node.inputs.map(value => this.#ref(value)),
      outputs: node.outputs.map(value => value?.name ?? null),
      ...(types.every(t => t === null) ? {} : { types }),
      attributes: [...node.attributes.values()].map(a => this.attribute(a, partner)),
    };
  }

  attribute(attribute: Attribute, before: Node | undefined): EncodedAttribute {
    const { name, kind } = attribute;
    const head = { name, kind, ...(attribute.docString ? { doc: attribute.docString } : {}) };
    if (kind === 'other') {
      const kept = before?.attributes.get(name)?.kind === 'other';
      return { ...head, type: attribute.type, ...(kept ? { kept: true as const } : {}) };
    }
    switch (attribute.kind) {
      case 'float':
        return { ...head, numbers: [jsonNumber(attribute.value)] };
      case 'floats':
        return { ...head, numbers: attribute.value.map(jsonNumber) };
      case 'int':
        return { ...head, integers: [String(attribute.value)] };
      case 'ints':
        return { ...head, integers: attribute.value.map(String) };
      case 'string':
        return { ...head, strings: [attribute.value] };
      case 'strings':
        return { ...head, strings: [...attribute.value] };
      case 'reference':
        return { ...head, strings: [attribute.value], type: attribute.type };
      case 'tensor':
        return { ...head, tensors: [this.#tensor(attribute.value)] };
      case 'tensors':
        return { ...head, tensors: attribute.value.map(t => this.#tensor(t)) };
      case 'graph':
        return { ...head, graphs: [this.#b.graphIndex.get(attribute.value) ?? 0] };
      case 'graphs':
        return { ...head, graphs: attribute.value.map(g => this.#b.graphIndex.get(g) ?? 0) };
    }
  }

  #tensor(tensor: Tensor): EncodedTensor {
    const head: EncodedTensor = {
      elem: tensor.elem,
      dims: [...tensor.dims],
      ...(tensor.name === '' ? {} : { name: tensor.name }),
      ...(tensor.docString === '' ? {} : { doc: tensor.docString }),
      ...(tensor.metadata.size === 0 ? {} : { metadata: [...tensor.metadata] }),
    };
    if (tensor.external) return { ...head, external: { ...tensor.external } };
    const strings = stringElements(tensor);
    if (strings !== undefined) return { ...head, strings: [...strings] };
    const bytes = tensor.byteLength <= this.budget.left ? tensor.bytes() : undefined;
    if (bytes === undefined) return { ...head, elided: digestOf(tensor) ?? '' };
    this.budget.left -= bytes.length;
    return { ...head, data: Buffer.from(bytes).toString('base64') };
  }
}

function jsonNumber(x: number): number | string {
  if (Number.isNaN(x)) return 'nan';
  if (!Number.isFinite(x)) return x > 0 ? 'inf' : '-inf';
  return Object.is(x, -0) ? '-0' : x;
}
