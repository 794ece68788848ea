import type { Attribute } from '../attribute.js';
import type { Tensor } from '../tensor.js';
import type { ValueType } from '../types.js';

/** What the text says, before names are resolved to values. */
export interface ModelSyntax {
  readonly header: HeaderSyntax;
  readonly graph: GraphSyntax;
  readonly functions: readonly FunctionSyntax[];
}

export interface HeaderSyntax {
  irVersion?: number;
  modelVersion?: bigint;
  producerName?: string;
  producerVersion?: string;
  domain?: string;
  docString?: string;
  overload?: string;
  opsets?: ReadonlyMap<string, number>;
  metadata?: ReadonlyMap<string, string>;
}

export interface FunctionSyntax {
  readonly header: HeaderSyntax;
  readonly defaults: readonly AttributeSyntax[];
  /** Its name is the function's. */
  readonly body: GraphSyntax;
}

export interface GraphSyntax {
  readonly name: string;
  readonly inputs: readonly DeclarationSyntax[];
  readonly outputs: readonly DeclarationSyntax[];
  /** Initializers and types of inner values. */
  readonly declarations: readonly DeclarationSyntax[];
  readonly nodes: readonly NodeSyntax[];
}

export interface DeclarationSyntax {
  readonly name: string;
  readonly type: ValueType | undefined;
  readonly initializer?: Tensor;
}

export interface NodeSyntax {
  readonly name: string;
  readonly domain: string;
  readonly opType: string;
  readonly overload: string;
  readonly attributes: readonly AttributeSyntax[];
  /** Empty names stand for omitted ones. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

/** An attribute whose graphs, if it holds any, are not built yet. */
export type AttributeSyntax =
  | Exclude<Attribute, { kind: 'graph' | 'graphs' }>
  | { readonly name: string; readonly kind: 'graph'; readonly value: GraphSyntax }
  | { readonly name: string; readonly kind: 'graphs'; readonly value: readonly GraphSyntax[] };
