import { type Attribute, int, ints, tensor as tensorAttribute } from './attribute.js';
import type { Graph } from './graph.js';
import type { Model } from './model.js';
import { Node } from './node.js';
import { applyPatch } from './patch.js';
import { Tensor } from './tensor.js';
import { type TensorType, tensorType, type ValueType } from './types.js';
import { Value } from './value.js';

export interface OpOptions {
  readonly attributes?: readonly Attribute[];
  /** Type of the first output, where the file should say it. */
  readonly type?: ValueType;
  /** Last part of the first output's name; the operator's name by default. */
  readonly name?: string;
  /** Number of outputs. */
  readonly outputs?: number;
}

/** Plain numbers of a graph by key: of equal ones ONNX Runtime would make one, and then check the whole model anew. */
const NUMBERS = new WeakMap<Graph, Map<string, Value>>();

/**
 * Builds nodes for one graph under one name scope (`bwc/clock/...`). Small constants become initializers of that
 * graph. Nodes are collected and put in place at once by `place`.
 */
export class Builder {
  readonly model: Model;
  readonly graph: Graph;
  readonly scope: string;
  readonly #doc: string;
  readonly #constants = new Map<string, Value>();
  /** Shared with all builders of the graph. */
  readonly #numbers: Map<string, Value>;
  #nodes: Node[] = [];

  /** `doc` becomes every node's doc string: which pass made it. */
  constructor(model: Model, graph: Graph, scope: string, doc: string) {
    this.model = model;
    this.graph = graph;
    this.scope = scope;
    this.#doc = doc;
    this.#numbers = NUMBERS.get(graph) ?? new Map<string, Value>();
    NUMBERS.set(graph, this.#numbers);
  }

  /** One operation; returns its first output. */
  op(opType: string, inputs: readonly (Value | undefined)[], options: OpOptions = {}): Value {
    const [output] = this.ops(opType, inputs, options);
    if (output === undefined) throw new Error(`${opType} was built without outputs`);
    return output;
  }

  /** One operation; returns all its outputs. */
  ops(opType: string, inputs: readonly (Value | undefined)[], options: OpOptions = {}): readonly Value[] {
    const base = `${this.scope}/${options.name ?? opType}`;
    const outputs = Array.from({ length: options.outputs ?? 1 }, (_, i) => {
      return new Value(this.model.names.fresh(base), i === 0 ? options.type : undefined);
    });
    const node = new Node({
      opType,
      name: this.model.names.fresh(`${base}.node`),
      inputs,
      outputs,
      attributes: options.attributes ?? [],
      docString: this.#doc,
    });
    node.graph = this.graph;
    this.#nodes.push(node);
    return outputs;
  }

  /** A copy of a node over other inputs, named after it; returns its outputs, whose types are left open. */
  copy(node: Node, inputs: readonly (Value | undefined)[]): readonly (Value | undefined)[] {
    const name = (of: string): string => this.model.names.fresh(`bwc/copy/${of}`);
    const outputs = node.outputs.map(value => value && new Value(name(value.name)));
    const { opType, domain, overload } = node;
    const copy = new Node({
      opType,
      domain,
      overload,
      name: name(node.name),
      inputs,
      outputs,
      attributes: [...node.attributes.values()],
      docString: this.#doc,
    });
    copy.graph = this.graph;
    this.#nodes.push(copy);
    return outputs;
  }

  f32(...values: readonly number[]): Value {
    return this.#once(
      this.#numbers,
      Tensor.float32(values),
      `f32 ${values.join(' ')}`,
      String(values[0] ?? 'empty'),
    );
  }

  i64(...values: readonly (number | bigint)[]): Value {
    return this.#once(this.#numbers, Tensor.int64(values), `i64 ${values.join(' ')}`, `i${values[0] ?? ''}`);
  }

  /** An int64 of no dimensions. */
  scalar(value: number): Value {
    return this.#once(this.#numbers, Tensor.int64([value], []), `scalar ${value}`, `s${value}`);
  }

  /** A constant that a node gives, as a branch must return it: ONNX Runtime need not fold it, and then check all anew. */
  given(value: Tensor): Value {
    return this.op('Constant', [], {
      type: tensorType(value.elem, value.dims),
      attributes: [tensorAttribute('value', value)],
    });
  }

  /** A constant of this graph; equal keys of this builder share one. */
  constant(tensor: Tensor, key: string, name: string): Value {
    return this.#once(this.#constants, tensor, key, name);
  }

  #once(known: Map<string, Value>, tensor: Tensor, key: string, name: string): Value {
    const before = known.get(key);
    if (before !== undefined && this.graph.initializers.has(before)) return before;
    const value = new Value(
      this.model.names.fresh(`${this.scope}/const/${name}`),
      tensorType(tensor.elem, tensor.dims),
    );
    this.graph.addInitializer(value, tensor);
    known.set(key, value);
    return value;
  }

  cast(value: Value, elem: TensorType['elem'], type?: ValueType): Value {
    const to = DATA_TYPE_NUMBER[elem];
    if (to === undefined) throw new Error(`no cast to ${elem}`);
    return this.op('Cast', [value], { attributes: [int('to', to)], ...(type ? { type } : {}) });
  }

  /** A reduction; `axes` are an attribute before opset 18 (ReduceSum: 13) and an input since. */
  reduce(
    opType: string,
    value: Value,
    axes: readonly number[],
    keep: boolean,
    options: OpOptions = {},
  ): Value {
    const asInput = this.model.opset >= (opType === 'ReduceSum' ? 13 : 18);
    const attributes = [int('keepdims', keep ? 1 : 0)];
    if (!asInput) attributes.push(ints('axes', axes));
    return this.op(opType, asInput ? [value, this.i64(...axes)] : [value], { ...options, attributes });
  }

  concat(values: readonly Value[], axis: number, options: OpOptions = {}): Value {
    const [only] = values;
    if (values.length === 1 && only !== undefined && options.type === undefined) return only;
    return this.op('Concat', values, { ...options, attributes: [int('axis', axis)] });
  }

  /** Splits a vector into pieces of the given lengths. */
  split(value: Value, lengths: readonly number[], name: string): readonly Value[] {
    return this.ops('Split', [value, this.i64(...lengths)], {
      outputs: lengths.length,
      attributes: [int('axis', 0)],
      name,
    });
  }

  /** Puts what was built into the graph, in front of `before` or at the end. */
  place(before?: Node): readonly Node[] {
    const nodes = this.#nodes;
    applyPatch({ graph: this.graph, insert: nodes, before });
    this.#nodes = [];
    return nodes;
  }
}

const DATA_TYPE_NUMBER: Partial<Record<TensorType['elem'], number>> = {
  float32: 1,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  float64: 11,
  bfloat16: 16,
};
