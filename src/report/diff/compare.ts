import { type Attribute, compatible, type Graph, type Node, typeText, type Value } from '../../ir/index.js';
import type { Pairs } from './pairs.js';
import { attributeText, weightText } from './render.js';
import { constantOf, heldOf, isDefaultOn, isWeight, type Side, usesOf } from './side.js';
import { attributeKey, operatorOf, type Signatures } from './signature.js';

/** One thing before and after; null where it was not, or is no more. */
export interface Change {
  readonly what: string;
  readonly before: string | null;
  readonly after: string | null;
}

/** A node that is not what it was, or not where it was. */
export interface NodeChange {
  readonly kind: 'added' | 'removed' | 'changed' | 'moved';
  readonly a: Node | undefined;
  readonly b: Node | undefined;
  /** True when it is in another graph than before. */
  readonly moved: boolean;
  /** Attributes, inputs and outputs that differ. Empty for nodes that were only moved, added or removed. */
  readonly changes: readonly Change[];
}

export interface WeightChange {
  readonly kind: 'added' | 'removed' | 'changed' | 'moved';
  readonly a: Value | undefined;
  readonly b: Value | undefined;
  readonly changes: readonly Change[];
}

/** A difference of a graph itself, or of a port of it. */
export interface GraphChange {
  readonly graph: Graph;
  readonly change: Change;
}

/** How two graphs differ, with everything nested in them. Names make no difference. */
export interface GraphDiff {
  readonly a: Side;
  readonly b: Side;
  readonly pairs: Pairs;
  readonly nodes: readonly NodeChange[];
  readonly weights: readonly WeightChange[];
  readonly graphs: readonly GraphChange[];
  /** Documentation and metadata of nodes, and declared types of inner values: they change no result. */
  readonly remarks: readonly GraphChange[];
  /** Inputs that read the same through an added `If` or `Identity`, or an equal copy of a constant. */
  readonly rewired: number;
  /** Nodes and values of which nothing but the name differs. */
  readonly renamed: number;
  /** Weights that are stored elsewhere (in the file, or another one) and otherwise the same. */
  readonly stored: number;
  /** Attributes that one writes at their default and the other leaves out. */
  readonly defaults: number;
}

/** Compares what `match` has paired. */
export function compareGraphs(a: Side, b: Side, pairs: Pairs, signatures: Signatures): GraphDiff {
  const compare = new Comparison(a, b, pairs, signatures);
  compare.run();
  return compare.result();
}

class Comparison {
  readonly #a: Side;
  readonly #b: Side;
  readonly #pairs: Pairs;
  readonly #signatures: Signatures;
  readonly #nodes: NodeChange[] = [];
  readonly #weights: WeightChange[] = [];
  readonly #graphs: GraphChange[] = [];
  readonly #remarks: GraphChange[] = [];
  #rewired = 0;
  #renamed = 0;
  #stored = 0;
  #defaults = 0;

  constructor(a: Side, b: Side, pairs: Pairs, signatures: Signatures) {
    this.#a = a;
    this.#b = b;
    this.#pairs = pairs;
    this.#signatures = signatures;
  }

  result(): GraphDiff {
    return {
      a: this.#a,
      b: this.#b,
      pairs: this.#pairs,
      nodes: this.#nodes,
      weights: this.#weights,
      graphs: this.#graphs,
      remarks: this.#remarks,
      rewired: this.#rewired,
      renamed: this.#renamed,
      stored: this.#stored,
      defaults: this.#defaults,
    };
  }

  run(): void {
    for (const node of this.#a.nodes) {
      const partner = this.#pairs.node(node, 0);
      if (partner === undefined)
        this.#nodes.push({ kind: 'removed', a: node, b: undefined, moved: false, changes: [] });
    }
    for (const node of this.#b.nodes) {
      const partner = this.#pairs.node(node, 1);
      if (partner === undefined)
        this.#nodes.push({ kind: 'added', a: undefined, b: node, moved: false, changes: [] });
      else this.#node(partner, node);
    }
    for (const graph of this.#a.graphs) {
      for (const value of graph.initializers) {
        if (isWeight(value) && this.#pairs.value(value, 0) === undefined)
          this.#weights.push({ kind: 'removed', a: value, b: undefined, changes: [] });
      }
      const other = this.#pairs.graph(graph, 0);
      if (other !== undefined) this.#graph(graph, other);
    }
    for (const graph of this.#b.graphs) {
      for (const value of graph.initializers) {
        if (!isWeight(value)) continue;
        const partner = this.#pairs.value(value, 1);
        if (partner === undefined) this.#weights.push({ kind: 'added', a: undefined, b: value, changes: [] });
        else this.#weight(partner, value);
      }
    }
  }

  #node(a: Node, b: Node): void {
    const moved = a.graph !== undefined && this.#pairs.graph(a.graph, 0) !== b.graph;
    const changes = [...this.#attributes(a, b), ...this.#inputs(a, b), ...this.#outputs(a, b)];
    if (changes.length > 0) this.#nodes.push({ kind: 'changed', a, b, moved, changes });
    else if (moved) this.#nodes.push({ kind: 'moved', a, b, moved, changes });
    if (a.name !== b.name) this.#renamed++;
    a.outputs.forEach((value, i) => {
      const other = b.outputs[i];
      if (value !== undefined && other !== undefined && value.name !== other.name) this.#renamed++;
    });
    this.#remark(b, 'documentation', a.docString, b.docString);
    // Metadata is decoded only where a file has some to tell.
    for (const change of maps('metadata', a.metadata, b.metadata))
      this.#remarks.push({ graph: home(b), change });
    a.outputs.forEach((value, i) => {
      const other = b.outputs[i];
      if (value?.type === undefined || other?.type === undefined || compatible(value.type, other.type))
        return;
      const change = {
        what: `type of ${other.name}`,
        before: typeText(value.type),
        after: typeText(other.type),
      };
      this.#remarks.push({ graph: home(b), change });
    });
  }

  #remark(b: Node, what: string, before: string, after: string): void {
    if (before === after) return;
    const change = { what: `${what} of ${b.name || b.opType}`, before: before || null, after: after || null };
    this.#remarks.push({ graph: home(b), change });
  }

  #attributes(a: Node, b: Node): Change[] {
    const changes: Change[] = [];
    const { contents } = this.#signatures;
    for (const name of new Set([...a.attributes.keys(), ...b.attributes.keys()])) {
      const [x, y] = [a.attributes.get(name), b.attributes.get(name)];
      const before = x && attributeKey(x, this.#a, contents);
      const after = y && attributeKey(y, this.#b, contents);
      if (before === after) continue;
      if (this.#leftOut(a, b, x, y)) {
        this.#defaults++;
        continue;
      }
      changes.push({
        what: name,
        before: x === undefined ? null : attributeText(x),
        after: y === undefined ? null : attributeText(y),
      });
    }
    return changes;
  }

  /** True when one node leaves out what the other writes although it counts as just that. */
  #leftOut(a: Node, b: Node, x: Attribute | undefined, y: Attribute | undefined): boolean {
    if (x !== undefined && y !== undefined) return false;
    const written = x ?? y;
    const on = (side: Side, node: Node): boolean => written !== undefined && isDefaultOn(side, node, written);
    // The attribute may be younger than the opset of the side that leaves it out.
    return on(this.#a, a) || on(this.#b, b);
  }

  #inputs(a: Node, b: Node): Change[] {
    const changes: Change[] = [];
    for (let i = 0; i < Math.max(a.inputs.length, b.inputs.length); i++) {
      const [x, y] = [a.inputs[i], b.inputs[i]];
      if (this.#same(x, y)) continue;
      if (x !== undefined && y !== undefined && this.#readsThrough(x, y)) this.#rewired++;
      else changes.push({ what: `input ${i}`, ...told(x, y) });
    }
    return changes;
  }

  #same(x: Value | undefined, y: Value | undefined): boolean {
    return x === undefined || y === undefined ? x === y : this.#pairs.value(x, 0) === y;
  }

  /** True when `y` gives what `x` gave: through an added gate, or as an equal constant. */
  #readsThrough(x: Value, y: Value): boolean {
    const partner = this.#pairs.value(x, 0);
    if (partner !== undefined && this.#behind(y, 8).has(partner)) return true;
    const [before, after] = [this.#constant(x, this.#a), this.#constant(y, this.#b)];
    return before !== undefined && before === after;
  }

  /** What an added `If` may return in its place, and what an added `Identity` copies. */
  #behind(value: Value, depth: number): Set<Value> {
    const found = new Set<Value>([value]);
    const { producer } = value;
    if (depth === 0 || producer === undefined || this.#pairs.node(producer, 1) !== undefined) return found;
    const from =
      producer.op === 'Identity'
        ? [producer.inputs[0]]
        : producer.op === 'If'
          ? heldOf(this.#b, producer).map(h => h.graph.outputs[producer.outputs.indexOf(value)])
          : [];
    for (const one of from) if (one) for (const each of this.#behind(one, depth - 1)) found.add(each);
    return found;
  }

  #constant(value: Value, side: Side): string | undefined {
    const tensor = isWeight(value) ? value.initializer : value.producer && constantOf(value.producer);
    return tensor && this.#signatures.contents.key(tensor, side.path);
  }

  /** Outputs that appeared or went, where somebody reads them. */
  #outputs(a: Node, b: Node): Change[] {
    const changes: Change[] = [];
    for (let i = 0; i < Math.max(a.outputs.length, b.outputs.length); i++) {
      const [x, y] = [a.outputs[i], b.outputs[i]];
      if ((x === undefined) === (y === undefined)) continue;
      changes.push({ what: `output ${i}`, before: x?.name ?? null, after: y?.name ?? null });
    }
    return changes;
  }

  #weight(a: Value, b: Value): void {
    const { contents } = this.#signatures;
    const [x, y] = [a.initializer, b.initializer];
    if (x === undefined || y === undefined) return;
    if (a.name !== b.name) this.#renamed++;
    const moved = a.home !== undefined && this.#pairs.graph(a.home, 0) !== b.home;
    if (contents.key(x, this.#a.path) !== contents.key(y, this.#b.path)) {
      const change = { what: 'contents', before: weightText(a), after: weightText(b) };
      this.#weights.push({ kind: 'changed', a, b, changes: [change] });
    } else {
      if (moved) this.#weights.push({ kind: 'moved', a, b, changes: [] });
      if ((x.external === undefined) !== (y.external === undefined)) this.#stored++;
      else if (x.external !== undefined && x.external.location !== y.external?.location) this.#stored++;
    }
  }

  #graph(a: Graph, b: Graph): void {
    const add = (change: Change): void => void this.#graphs.push({ graph: b, change });
    if (a.docString !== b.docString)
      add({ what: 'documentation', before: a.docString || null, after: b.docString || null });
    for (const change of maps('metadata', a.metadata, b.metadata)) add(change);
    if (a.name !== b.name) this.#renamed++;
    this.#ports('input', a.inputs, b.inputs, (x, y) => this.#same(x, y), add);
    const root = a === this.#a.root;
    const returned = (x: Value | undefined, y: Value | undefined): boolean =>
      this.#same(x, y) || (root && x !== undefined && y !== undefined && this.#readsThrough(x, y));
    if (root) this.#rootOutputs(a, b, returned, add);
    else this.#ports('output', a.outputs, b.outputs, returned, add);
  }

  #ports(
    what: 'input' | 'output',
    a: readonly Value[],
    b: readonly Value[],
    same: (x: Value | undefined, y: Value | undefined) => boolean,
    add: (change: Change) => void,
  ): void {
    const rest = new Set(a.keys());
    b.forEach((y, j) => {
      const at =
        what === 'input' ? a.findIndex(v => this.#pairs.value(v, 0) === y) : a[j] === undefined ? -1 : j;
      const x = a[at];
      if (x === undefined) {
        add({ what: `${what} ${j}`, before: null, after: portText(y) });
        return;
      }
      rest.delete(at);
      if (!same(x, y)) add({ what: `${what} ${j}`, before: portText(x), after: portText(y) });
      else this.#port(`${what} ${j}`, x, y, what === 'input' && this.#order(a, b, at, j), add);
    });
    for (const i of rest) {
      const x = a[i];
      if (x !== undefined) add({ what: `${what} ${i}`, before: portText(x), after: null });
    }
  }

  /** True when two inputs are no longer in the order in which they were, added and removed ones not counted. */
  #order(a: readonly Value[], b: readonly Value[], i: number, j: number): boolean {
    const before = a.slice(0, i).filter(v => this.#pairs.value(v, 0) !== undefined).length;
    const earlier = b.slice(0, j).filter(v => this.#pairs.value(v, 1) !== undefined).length;
    return before !== earlier;
  }

  #rootOutputs(
    a: Graph,
    b: Graph,
    same: (x: Value | undefined, y: Value | undefined) => boolean,
    add: (change: Change) => void,
  ): void {
    a.outputs.forEach((x, i) => {
      if (this.#pairs.output(i, 0) === undefined)
        add({ what: `output ${i}`, before: portText(x), after: null });
    });
    let last = -1;
    b.outputs.forEach((y, j) => {
      const i = this.#pairs.output(j, 1);
      const x = i === undefined ? undefined : a.outputs[i];
      if (i === undefined || x === undefined) {
        add({ what: `output ${j}`, before: null, after: portText(y) });
        return;
      }
      if (!same(x, y))
        add({ what: `output ${j}`, before: portText(x), after: `${portText(y)}, another value` });
      else this.#port(`output ${j}`, x, y, i < last, add);
      last = Math.max(last, i);
    });
  }

  #port(what: string, x: Value, y: Value, reordered: boolean, add: (change: Change) => void): void {
    if (x.name !== y.name) this.#renamed++;
    const [before, after] = [typeText(x.type), typeText(y.type)];
    if (before !== after && !(isInner(x) && compatible(x.type, y.type)))
      add({ what, before: portText(x), after: portText(y) });
    else if (reordered) add({ what: `${what}, order`, before: portText(x), after: portText(y) });
    if (x.docString !== y.docString)
      add({ what: `documentation of ${what}`, before: x.docString || null, after: y.docString || null });
    for (const change of maps(`metadata of ${what}`, x.metadata, y.metadata)) add(change);
    const { contents } = this.#signatures;
    const key = (v: Value, side: Side): string | undefined =>
      v.isGraphInput && v.initializer ? contents.key(v.initializer, side.path) : undefined;
    if (key(x, this.#a) !== key(y, this.#b)) {
      const text = (v: Value): string | null => (v.initializer ? weightText(v) : null);
      add({ what: `default of ${what}`, before: text(x), after: text(y) });
    }
  }
}

/** Symbols are compared only where they are part of the model's interface. */
function isInner(value: Value): boolean {
  return value.graph?.owner !== undefined;
}

/** Two values by their names, and where these are the same, by what makes them. */
function told(x: Value | undefined, y: Value | undefined): Pick<Change, 'before' | 'after'> {
  const text = (v: Value | undefined): string | null => {
    if (v === undefined) return null;
    return x?.name === y?.name && v.producer !== undefined
      ? `${v.name} of ${operatorOf(v.producer)}`
      : v.name;
  };
  return { before: text(x), after: text(y) };
}

function portText(value: Value): string {
  return `${value.name} ${typeText(value.type)}`;
}

function home(node: Node): Graph {
  const { graph } = node;
  if (graph === undefined) throw new Error(`${node} is in no graph`);
  return graph;
}

/** Differences of two maps, by key. */
export function maps<T extends string | number>(
  what: string,
  a: ReadonlyMap<string, T>,
  b: ReadonlyMap<string, T>,
): Change[] {
  const changes: Change[] = [];
  for (const key of new Set([...a.keys(), ...b.keys()])) {
    const [before, after] = [a.get(key), b.get(key)];
    if (before === after) continue;
    const text = (x: T | undefined): string | null => (x === undefined ? null : String(x));
    changes.push({ what: `${what} ${key}`, before: text(before), after: text(after) });
  }
  return changes;
}

/** True when anybody reads the value. */
export function isRead(side: Side, value: Value): boolean {
  return usesOf(side, value).length > 0;
}
