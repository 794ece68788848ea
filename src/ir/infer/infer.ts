import type { Graph } from '../graph.js';
import type { Model } from '../model.js';
import type { Node } from '../node.js';
import type { Tensor } from '../tensor.js';
import { type Dim, isFloat, staticShape, tensorType, type ValueType } from '../types.js';
import type { Value } from '../value.js';
import { dataRules, MAX_ELEMENTS, MAX_FLOATS, sizeOf } from './data/index.js';
import { symbolsOf } from './dims.js';
import { Inferred } from './inferred.js';
import { rules } from './rules/index.js';
import { refine } from './shapes.js';
import { type Facts, Site } from './site.js';

/**
 * Types, shapes and small constants of all values, subgraphs included, from the types of the model's inputs
 * and initializers. Operators without a rule keep what the file declares. The model is not changed.
 */
export function inferTypes(model: Model): Inferred {
  const inference = new Inference(model);
  inference.enter(model.graph, []);
  return new Inferred(inference.types, value => inference.dataOf(value), inference.unruled);
}

class Inference implements Facts {
  readonly types = new Map<Value, ValueType>();
  readonly unruled = new Set<Node>();
  readonly #data = new Map<Value, readonly Dim[] | undefined>();
  readonly #elements = new Map<Value, readonly (ValueType | undefined)[]>();
  readonly #opsets: ReadonlyMap<string, number>;
  readonly #opset: number;
  readonly #symbols = new Set<string>();
  readonly #groundedTexts = new Map<string, boolean>();
  /** Before IR version 4 every initializer had to be listed as an input, too. */
  readonly #inputsOverride: boolean;

  constructor(model: Model) {
    this.#opsets = model.opsets;
    this.#opset = model.opset;
    this.#inputsOverride = model.irVersion >= 4;
    for (const input of model.graph.inputs) {
      if (input.type?.kind !== 'tensor') continue;
      for (const dim of input.type.shape ?? [])
        for (const symbol of symbolsOf(dim)) this.#symbols.add(symbol);
    }
  }

  typeOf(value: Value): ValueType | undefined {
    return this.types.get(value);
  }

  dataOf(value: Value): readonly Dim[] | undefined {
    if (this.#data.has(value) || value.initializer === undefined) return this.#data.get(value);
    const data = this.#inputsOverride && value.isGraphInput ? undefined : readTensor(value.initializer);
    this.#data.set(value, data);
    return data;
  }

  elementsOf(value: Value): readonly (ValueType | undefined)[] | undefined {
    return this.#elements.get(value);
  }

  setElements(value: Value, types: readonly (ValueType | undefined)[]): void {
    this.#elements.set(value, types);
  }

  enter(graph: Graph, inputs: readonly (ValueType | undefined)[]): void {
    for (const value of graph.initializers) {
      const constant = value.initializer;
      if (constant !== undefined) this.types.set(value, tensorType(constant.elem, constant.dims));
    }
    graph.inputs.forEach((value, i) => {
      this.#learn(value, inputs[i]);
    });
    for (const node of graph.nodes) this.#visit(node);
  }

  #visit(node: Node): void {
    const rule = rules.get(node.op);
    if (rule === undefined) this.unruled.add(node);
    const domain = node.domain === 'ai.onnx' ? '' : node.domain;
    const opset = this.#opsets.get(domain) ?? (domain === '' ? this.#opset : 1);
    const site = new Site(node, opset, this);
    for (const value of node.outputs) if (value) this.#elements.delete(value);
    const outputs = rule?.(site) ?? [];
    const dataRule = dataRules.get(node.op);
    node.outputs.forEach((value, i) => {
      if (value === undefined) return;
      this.#learn(value, outputs[i]);
      const shape = dataRule && this.#smallShape(value);
      if (shape !== undefined) this.#keep(value, dataRule?.(site, shape, i), shape);
    });
  }

  #learn(value: Value, inferred: ValueType | undefined): void {
    const type = refine(value.type, inferred, dim => this.#grounded(dim));
    if (type === undefined) this.types.delete(value);
    else this.types.set(value, type);
    this.#data.delete(value);
  }

  /** Remembers elements that fit the type that the value has. */
  #keep(value: Value, data: readonly Dim[] | undefined, shape: readonly number[]): void {
    const size = sizeOf(shape);
    if (data?.length === size && (size === 0 || data.some(d => d !== undefined))) this.#data.set(value, data);
  }

  /** The shape of a tensor small enough to know the elements of. */
  #smallShape(value: Value): readonly number[] | undefined {
    const type = this.types.get(value);
    const shape = staticShape(type);
    if (type?.kind !== 'tensor' || shape === undefined) return undefined;
    return sizeOf(shape) <= (isFloat(type.elem) ? MAX_FLOATS : MAX_ELEMENTS) ? shape : undefined;
  }

  #grounded(dim: Dim): boolean {
    if (typeof dim !== 'string') return true;
    let grounded = this.#groundedTexts.get(dim);
    if (grounded === undefined) {
      grounded = [...symbolsOf(dim)].every(symbol => this.#symbols.has(symbol));
      this.#groundedTexts.set(dim, grounded);
    }
    return grounded;
  }
}

function readTensor(constant: Tensor): readonly Dim[] | undefined {
  const limit = isFloat(constant.elem) ? MAX_FLOATS : MAX_ELEMENTS;
  return constant.size <= limit ? constant.numbers() : undefined;
}
