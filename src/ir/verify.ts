/**
 * The invariants of a model between two passes. A violation carries the number.
 *
 *  1. A value has one producer: a node's output, or else a graph input and/or an initializer.
 *  2. Links agree both ways: a value with its producer or home, its users with the actual uses (graph outputs
 *     included), a node with its graph, a nested graph with its node.
 *  3. In each graph a value is defined before it is used.
 *  4. A nested graph reads only its own values and those that an enclosing graph defines before its node.
 *  5. Names are unique and not empty: in a graph, and against what is visible from outside. Sibling branches may
 *     share names, and names of nodes are free (ONNX, docs/IR.md, "Names Within a Graph").
 *  6. `If` has a boolean condition of one element, and branches without inputs whose outputs agree with its own in
 *     number, element type, rank and known dimensions.
 *  7. No nested graph returns an outer value directly, which ONNX Runtime refuses, or one value twice, of which it
 *     loses the second.
 *  8. Operators and their attributes exist at the imported opset, with the numbers of inputs and outputs it allows.
 *  9. The original inputs and outputs are kept, by name, type and order; new ones follow.
 * 10. Each state input `bwc.state.x` has its output `bwc.state.x.next` of a compatible type, and the other way round.
 */

import { Graph } from './graph.js';
import type { Model } from './model.js';
import type { Node } from './node.js';
import { opProblems } from './opset.js';
import { compatible, typeText, type ValueType } from './types.js';
import type { Met, User, Value } from './value.js';

export interface Violation {
  /** Number in the list above. */
  readonly invariant: number;
  readonly message: string;
  /** Place in the model: `graph › node › branch`. */
  readonly path: string;
}

/** Names and types of a model's inputs and outputs at one moment. */
export interface Interface {
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
}

export interface Port {
  readonly name: string;
  readonly type: ValueType | undefined;
}

export function snapshotInterface(model: Model): Interface {
  const port = ({ name, type }: Value): Port => ({ name, type });
  return { inputs: model.graph.inputs.map(port), outputs: model.graph.outputs.map(port) };
}

/** Everything that breaks an invariant; `kept` is the interface that number 9 holds the model to. */
export function verify(model: Model, kept?: Interface): readonly Violation[] {
  return new Verifier(model).verify(kept);
}

/** Verifications so far; each knows its own notes by the number. */
let runs = 0;

/** Verifies one model, as often as asked. */
export class Verifier {
  readonly #model: Model;
  #violations: Violation[] = [];
  #run = 0;
  /** Every value that the walk has met; what it knows of each is with the value, since there are many. */
  #met: Value[] = [];
  /** The value that had a name last, in this run or one before; it counts where it is visible and still has it. */
  readonly #names = new Map<string, Value>();
  #functions: ReadonlySet<string> = new Set();

  constructor(model: Model) {
    this.#model = model;
  }

  /** As the function `verify`. */
  verify(kept?: Interface): readonly Violation[] {
    this.#run = ++runs;
    this.#violations = [];
    this.#met = [];
    this.#functions = new Set(this.#model.functions.map(f => `${f.domain}::${f.name}`));
    this.#wholeModel();
    if (kept) this.#kept(kept);
    this.#statePairs();
    return this.#violations;
  }

  #wholeModel(): void {
    const { graph } = this.#model;
    if (graph.owner !== undefined) this.#report(2, graph, `graph ${graph.name} has an owner, ${graph.owner}`);
    this.#graph(graph);
    for (const value of this.#met) {
      const { uses } = this.#meet(value);
      if (value.useCount !== uses) {
        this.#report(
          2,
          value.graph ?? graph,
          `${value} counts ${value.useCount} uses, the model has ${uses}`,
        );
      }
    }
  }

  #kept(kept: Interface): void {
    const { graph } = this.#model;
    this.#keptPorts('input', kept.inputs, graph.inputs);
    this.#keptPorts('output', kept.outputs, graph.outputs);
  }

  #statePairs(): void {
    const { graph } = this.#model;
    const inputs = new Map(graph.inputs.map(value => [value.name, value]));
    const outputs = new Map(graph.outputs.map(value => [value.name, value]));
    for (const [name, input] of inputs) {
      if (!name.startsWith(STATE)) continue;
      const output = outputs.get(name + NEXT);
      if (output === undefined) this.#report(10, graph, `state input ${name} has no output ${name}${NEXT}`);
      else if (!compatible(input.type, output.type)) {
        const types = `${typeText(input.type)} but its output is ${typeText(output.type)}`;
        this.#report(10, graph, `state input ${name} is ${types}`);
      }
    }
    for (const name of outputs.keys()) {
      if (!name.startsWith(STATE)) continue;
      if (!name.endsWith(NEXT)) this.#report(10, graph, `state output ${name} does not end in ${NEXT}`);
      else if (!inputs.has(name.slice(0, -NEXT.length))) {
        this.#report(10, graph, `state output ${name} has no input ${name.slice(0, -NEXT.length)}`);
      }
    }
  }

  /** Walks a graph in execution order; what it defines is visible to nested graphs and gone afterwards. */
  #graph(graph: Graph): void {
    const defined: Value[] = [];
    const define = (value: Value, at: Graph | Node): void => {
      this.#define(value, at);
      defined.push(value);
    };
    for (const value of graph.inputs) {
      if (value.home !== graph)
        this.#report(2, graph, `input ${value} has another home: ${value.home ?? 'none'}`);
      define(value, graph);
    }
    for (const value of graph.initializers) {
      if (value.home !== graph)
        this.#report(2, graph, `initializer ${value} has another home: ${value.home ?? 'none'}`);
      if (value.initializer === undefined) this.#report(2, graph, `initializer ${value} has no tensor`);
      if (!this.#isVisible(value)) define(value, graph);
    }
    for (const value of defined) {
      if (value.producer)
        this.#report(1, graph, `${value} is declared by the graph and output by ${value.producer}`);
    }
    for (const node of graph.nodes) {
      this.#node(node, graph);
      for (const value of node.outputs) if (value) define(value, node);
    }
    this.#outputs(graph);
    if (graph === this.#model.graph) return;
    for (const value of defined) this.#meet(value).visible = false;
  }

  #define(value: Value, at: Graph | Node): void {
    if (value.name === '') this.#report(5, at, 'a value has an empty name');
    const other = this.#names.get(value.name);
    if (other === value) {
      if (at instanceof Graph && this.#isVisible(value))
        this.#report(1, at, `${value} is listed twice among the inputs`);
    } else if (other?.name === value.name && this.#isVisible(other))
      this.#report(5, at, `name ${value.name} is taken in ${other.graph ?? 'another graph'}`);
    else this.#names.set(value.name, value);
    this.#meet(value).visible = true;
  }

  #node(node: Node, graph: Graph): void {
    if (node.graph !== graph)
      this.#report(2, graph, `${node} is listed here but belongs to ${node.graph ?? 'no graph'}`);
    this.#reads(node.inputs, graph, node);
    for (const value of node.outputs) {
      if (value === undefined) continue;
      const met = this.#meet(value);
      if (met.produced) this.#report(1, node, `${value} is output by more than one node`);
      else if (value.producer !== node) {
        this.#report(2, node, `output ${value} names ${value.producer ?? 'nothing'} as its producer`);
      }
      met.produced = true;
    }
    this.#operator(node);
    const { subgraphs } = node;
    for (const sub of subgraphs) {
      if (sub.owner !== node)
        this.#report(2, node, `nested graph ${sub.name} belongs to ${sub.owner ?? 'no node'}`);
      this.#graph(sub);
    }
    if (subgraphs.length > 0 && node.op === 'If') this.#branches(node);
  }

  #outputs(graph: Graph): void {
    for (const value of graph.outputs) {
      if (graph.owner !== undefined && value.graph !== graph && this.#isVisible(value)) {
        this.#report(7, graph, `returns the outer value ${value} directly`);
      }
    }
    if (graph.owner !== undefined && new Set(graph.outputs).size < graph.outputs.length) {
      this.#report(7, graph, 'returns one value twice');
    }
    this.#reads(graph.outputs, graph, graph);
  }

  #undefined(value: Value, graph: Graph, at: Graph | Node): void {
    const defining = value.graph;
    if (defining === undefined) this.#report(3, at, `${value} is read but nothing defines it`);
    else if (defining === graph) this.#report(3, at, `${value} is read before it is defined`);
    else if (encloses(defining, graph)) this.#report(4, at, `${value} is read before ${defining} defines it`);
    else this.#report(4, at, `${value} is read outside ${defining}, where it is defined`);
  }

  /**
   * Looks whether each value that a reader reads is visible, compares what the values say of the reader with how
   * often it reads them, and adds to the model's total.
   */
  #reads(values: readonly (Value | undefined)[], graph: Graph, user: User): void {
    for (let i = 0; i < values.length; i++) {
      const value = values[i];
      if (value === undefined) continue;
      const met = this.#meet(value);
      met.uses++;
      if (!met.visible) this.#undefined(value, graph, user);
      if (values.indexOf(value) < i) continue;
      const count = countOf(value, values, i);
      const said = value.usesBy(user);
      if (said !== count) this.#report(2, user, `${value} counts ${said} uses here, there are ${count}`);
    }
  }

  /** Notes are written over: a model is verified after every pass, and new ones each time would keep the collector busy. */
  #meet(value: Value): Met {
    value.met ??= { run: 0, visible: false, produced: false, uses: 0 };
    const { met } = value;
    if (met.run === this.#run) return met;
    met.run = this.#run;
    met.visible = false;
    met.produced = false;
    met.uses = 0;
    this.#met.push(value);
    return met;
  }

  #isVisible(value: Value): boolean {
    return value.met?.run === this.#run && value.met.visible;
  }

  #operator(node: Node): void {
    const { opType, domain } = node;
    if (this.#functions.size > 0 && this.#functions.has(`${domain}::${opType}`)) return;
    const standard = domain === '' || domain === 'ai.onnx';
    const opset = standard
      ? (this.#model.opsets.get('') ?? this.#model.opsets.get('ai.onnx'))
      : this.#model.opsets.get(domain);
    if (opset === undefined) {
      this.#report(8, node, `domain ${JSON.stringify(domain)} of ${opType} is not imported`);
      return;
    }
    if (!standard) return;
    const use = {
      op: opType,
      inputs: node.inputs.length,
      outputs: node.outputs.length,
      attributes: node.attributes,
    };
    for (const problem of opProblems(use, opset)) this.#report(8, node, problem);
  }

  #branches(node: Node): void {
    const condition = node.inputs[0];
    if (condition === undefined) this.#report(6, node, 'If has no condition');
    else if (!isCondition(condition.type)) {
      this.#report(
        6,
        node,
        `If has a condition of type ${typeText(condition.type)}, not a boolean of one element`,
      );
    }
    const then = node.subgraph('then_branch');
    const otherwise = node.subgraph('else_branch');
    for (const branch of [then, otherwise]) {
      if (branch === undefined) continue;
      if (branch.inputs.length > 0) this.#report(6, branch, `branch has ${branch.inputs.length} inputs`);
      if (branch.outputs.length !== node.outputs.length) {
        this.#report(
          6,
          branch,
          `branch returns ${branch.outputs.length} values, If has ${node.outputs.length} outputs`,
        );
        continue;
      }
      node.outputs.forEach((output, i) => {
        const type = branch.outputs[i]?.type;
        if (output === undefined || compatible(output.type, type)) return;
        this.#report(
          6,
          branch,
          `branch returns ${typeText(type)} for ${output}, If declares ${typeText(output.type)}`,
        );
      });
    }
    then?.outputs.forEach((value, i) => {
      const other = otherwise?.outputs[i];
      if (other === undefined || compatible(withoutShape(value.type), withoutShape(other.type))) return;
      this.#report(
        6,
        node,
        `branches return ${typeText(value.type)} and ${typeText(other.type)} for output ${i}`,
      );
    });
  }

  #keptPorts(what: string, kept: readonly Port[], now: readonly Value[]): void {
    kept.forEach((port, i) => {
      const value = now[i];
      const { graph } = this.#model;
      if (value === undefined) this.#report(9, graph, `${what} ${i}, ${port.name}, is gone`);
      else if (value.name !== port.name)
        this.#report(9, graph, `${what} ${i} was ${port.name} and is ${value.name}`);
      else if (typeText(value.type) !== typeText(port.type)) {
        this.#report(
          9,
          graph,
          `${what} ${port.name} was ${typeText(port.type)} and is ${typeText(value.type)}`,
        );
      }
    });
  }

  #report(invariant: number, at: Graph | Node, message: string): void {
    this.#violations.push({ invariant, message, path: pathOf(at) });
  }
}

const STATE = 'bwc.state.';
const NEXT = '.next';

/** Path of a graph or node from the model's graph down: `graph › node › branch`. */
export function pathOf(at: Graph | Node): string {
  if (at instanceof Graph) return at.toString();
  const label = at.name || at.outputs.find(value => value?.name)?.name || at.opType;
  return `${at.graph ?? '?'} › ${label}`;
}

/** How often a list, from a place on, holds a value. */
function countOf(value: Value, values: readonly (Value | undefined)[], from: number): number {
  let count = 0;
  for (let i = from; i < values.length; i++) if (values[i] === value) count++;
  return count;
}

function encloses(outer: Graph, graph: Graph): boolean {
  for (let around = graph.parent; around !== undefined; around = around.parent)
    if (around === outer) return true;
  return false;
}

function isCondition(type: ValueType | undefined): boolean {
  if (type === undefined || type.kind === 'other') return true;
  return (
    type.kind === 'tensor' &&
    type.elem === 'bool' &&
    (type.shape ?? []).every(d => typeof d !== 'number' || d === 1)
  );
}

function withoutShape(type: ValueType | undefined): ValueType | undefined {
  return type?.kind === 'tensor' || type?.kind === 'sparse' ? { kind: type.kind, elem: type.elem } : type;
}
