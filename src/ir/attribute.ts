import type { Graph } from './graph.js';
import type { Origin } from './origin.js';
import type { Tensor } from './tensor.js';

/**
 * A node's attribute. Integers are bigint, since int64 has values a double has not. `other` is any kind that
 * `bwc` carries through unread; its bytes live in `origin`.
 */
export type Attribute = { readonly name: string; readonly docString?: string; readonly origin?: Origin } & (
  | { readonly kind: 'float'; readonly value: number }
  | { readonly kind: 'int'; readonly value: bigint }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'tensor'; readonly value: Tensor }
  | { readonly kind: 'graph'; readonly value: Graph }
  | { readonly kind: 'floats'; readonly value: readonly number[] }
  | { readonly kind: 'ints'; readonly value: readonly bigint[] }
  | { readonly kind: 'strings'; readonly value: readonly string[] }
  | { readonly kind: 'tensors'; readonly value: readonly Tensor[] }
  | { readonly kind: 'graphs'; readonly value: readonly Graph[] }
  | { readonly kind: 'reference'; readonly value: string; readonly type: number }
  | { readonly kind: 'other'; readonly type: number }
);

export type AttributeKind = Attribute['kind'];

/** Graphs that an attribute holds. */
export function graphsOf(attribute: Attribute): readonly Graph[] {
  if (attribute.kind === 'graph') return [attribute.value];
  return attribute.kind === 'graphs' ? attribute.value : [];
}

export const int = (name: string, value: number | bigint): Attribute => ({
  name,
  kind: 'int',
  value: BigInt(value),
});
export const ints = (name: string, value: readonly number[]): Attribute => ({
  name,
  kind: 'ints',
  value: value.map(BigInt),
});
export const float = (name: string, value: number): Attribute => ({ name, kind: 'float', value });
export const string = (name: string, value: string): Attribute => ({ name, kind: 'string', value });
export const tensor = (name: string, value: Tensor): Attribute => ({ name, kind: 'tensor', value });
export const graph = (name: string, value: Graph): Attribute => ({ name, kind: 'graph', value });
