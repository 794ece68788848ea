import type { Attribute } from '../attribute.js';
import type { Graph } from '../graph.js';
import type { Node } from '../node.js';
import {
  type DataType,
  type Dim,
  type Shape,
  type TensorType,
  tensorType,
  type ValueType,
} from '../types.js';
import type { Value } from '../value.js';

/** Facts known so far about values, as rules read them. */
export interface Facts {
  typeOf(value: Value): ValueType | undefined;
  /** Elements in row-major order, for small tensors. */
  dataOf(value: Value): readonly Dim[] | undefined;
  /** Types of the elements of a sequence, when each is known. */
  elementsOf(value: Value): readonly (ValueType | undefined)[] | undefined;
  setElements(value: Value, types: readonly (ValueType | undefined)[]): void;
  /** Infers a subgraph whose inputs have the given types. */
  enter(graph: Graph, inputs: readonly (ValueType | undefined)[]): void;
}

/** What is known of one output. */
export type Output = ValueType | undefined;

/** Types of a node's outputs, in order; missing ones are unknown. */
export type Rule = (at: Site) => readonly Output[];

export type Rules = Readonly<Record<string, Rule>>;

/** A node in the place where it is being inferred. */
export class Site {
  readonly node: Node;
  /** Version of the operator set that the node belongs to. */
  readonly opset: number;
  readonly facts: Facts;

  constructor(node: Node, opset: number, facts: Facts) {
    this.node = node;
    this.opset = opset;
    this.facts = facts;
  }

  get count(): number {
    return this.node.inputs.length;
  }

  has(index: number): boolean {
    return this.node.inputs[index] !== undefined;
  }

  type(index: number): ValueType | undefined {
    const value = this.node.inputs[index];
    return value && this.facts.typeOf(value);
  }

  tensor(index: number): TensorType | undefined {
    const type = this.type(index);
    return type?.kind === 'tensor' ? type : undefined;
  }

  shape(index: number): Shape | undefined {
    return this.tensor(index)?.shape;
  }

  shapes(): (Shape | undefined)[] {
    return this.node.inputs.map((_, i) => this.shape(i));
  }

  rank(index: number): number | undefined {
    return this.shape(index)?.length;
  }

  elem(index: number): DataType | undefined {
    const elem = this.tensor(index)?.elem;
    return elem === 'undefined' ? undefined : elem;
  }

  data(index: number): readonly Dim[] | undefined {
    const value = this.node.inputs[index];
    return value && this.facts.dataOf(value);
  }

  /** Elements when all are known numbers. */
  numbers(index: number): readonly number[] | undefined {
    const data = this.data(index);
    return data?.every(d => typeof d === 'number') ? (data as readonly number[]) : undefined;
  }

  /** Elements of an input, or of the attribute that held them in older operator sets. */
  list(index: number, attribute: string): readonly number[] | undefined {
    return this.has(index) ? this.numbers(index) : this.node.ints(attribute);
  }

  attribute(name: string): Attribute | undefined {
    return this.node.attributes.get(name);
  }
}

/** A tensor type; the element type of the first known of `elems`. */
export function tensor(elem: DataType | undefined, shape: Shape | undefined): TensorType | undefined {
  if (elem === undefined && shape === undefined) return undefined;
  return tensorType(elem ?? 'undefined', shape);
}

/** An axis counted from the front; undefined when it is out of range. */
export function axisOf(axis: number, rank: number): number | undefined {
  const at = axis < 0 ? axis + rank : axis;
  return at >= 0 && at < rank ? at : undefined;
}

/** Axes counted from the front; undefined when one is out of range. */
export function axesOf(axes: readonly number[], rank: number): ReadonlySet<number> | undefined {
  const found = new Set<number>();
  for (const axis of axes) {
    const at = axisOf(axis, rank);
    if (at === undefined) return undefined;
    found.add(at);
  }
  return found;
}

/** The shape with one dimension replaced. */
export function withDim(shape: Shape, axis: number, dim: Dim): Shape {
  return shape.map((d, i) => (i === axis ? dim : d));
}

/** `count` times the same item. */
export function filled<T>(count: number, item: T): T[] {
  return Array.from({ length: count }, () => item);
}

/** A shape of a known rank and nothing else. */
export function unknownShape(rank: number): Shape {
  return filled<Dim>(rank, undefined);
}

/** More dimensions than any tensor has; a guard against reading nonsense as a rank. */
export const MAX_RANK = 64;

/** A rank read from a model, when it can be one. */
export function rankFrom(dim: Dim): number | undefined {
  return typeof dim === 'number' && dim >= 0 && dim <= MAX_RANK ? dim : undefined;
}
