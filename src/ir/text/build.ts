import type { Attribute } from '../attribute.js';
import { Graph } from '../graph.js';
import { type FunctionDef, Model } from '../model.js';
import type { Names } from '../names.js';
import { Node } from '../node.js';
import { tensorType } from '../types.js';
import { Value } from '../value.js';
import type { AttributeSyntax, FunctionSyntax, GraphSyntax, ModelSyntax, NodeSyntax } from './syntax.js';

/** Makes the objects of a model from its syntax. */
export function buildModel({ header, graph, functions }: ModelSyntax): Model {
  const model = new Model({
    ...(header.irVersion === undefined ? {} : { irVersion: header.irVersion }),
    ...(header.opsets === undefined ? {} : { opsets: header.opsets }),
    graph: buildGraph(graph, new Scope(undefined, graph)),
  });
  model.producerName = header.producerName ?? '';
  model.producerVersion = header.producerVersion ?? '';
  model.domain = header.domain ?? '';
  model.modelVersion = header.modelVersion ?? 0n;
  model.docString = header.docString ?? '';
  for (const [key, value] of header.metadata ?? []) model.metadata.set(key, value);
  model.functions = functions.map(buildFunction);
  reserveNames(graph, model.names);
  return model;
}

/** The values of a graph by name. A name that no graph around defines gets a value without a definition. */
class Scope {
  readonly #outer: Scope | undefined;
  readonly #values = new Map<string, Value>();

  constructor(outer: Scope | undefined, graph: GraphSyntax) {
    this.#outer = outer;
    const names = [...graph.inputs, ...graph.declarations.filter(d => d.initializer)].map(d => d.name);
    for (const name of names) this.define(name);
    for (const node of graph.nodes) for (const name of node.outputs) if (name !== '') this.define(name);
  }

  define(name: string): Value {
    const value = this.#values.get(name) ?? new Value(name);
    this.#values.set(name, value);
    return value;
  }

  own(name: string): Value | undefined {
    return this.#values.get(name);
  }

  resolve(name: string): Value {
    return this.#values.get(name) ?? this.#outer?.resolve(name) ?? this.define(name);
  }
}

function buildGraph(syntax: GraphSyntax, scope: Scope): Graph {
  const graph = new Graph(syntax.name);
  for (const { name, type, initializer } of syntax.inputs) {
    const value = scope.define(name);
    value.type = type;
    graph.addInput(value);
    if (initializer) graph.addInitializer(value, initializer);
  }
  for (const { name, type, initializer } of syntax.declarations) {
    const value = initializer ? scope.define(name) : scope.own(name);
    if (value === undefined) continue;
    value.type ??= type;
    if (initializer) graph.addInitializer(value, initializer);
  }
  graph.append(...syntax.nodes.map(node => buildNode(node, scope)));
  for (const { name, type } of syntax.outputs) {
    const value = scope.resolve(name);
    value.type ??= type;
    graph.addOutput(value);
  }
  for (const value of graph.initializers) {
    if (value.initializer) value.type ??= tensorType(value.initializer.elem, value.initializer.dims);
  }
  return graph;
}

function buildNode(syntax: NodeSyntax, scope: Scope): Node {
  const value = (name: string): Value | undefined => (name === '' ? undefined : scope.resolve(name));
  const { name, domain, opType, overload } = syntax;
  const attributes = syntax.attributes.map(attribute => buildAttribute(attribute, scope));
  const [inputs, outputs] = [syntax.inputs.map(value), syntax.outputs.map(value)];
  return new Node({ name, domain, opType, overload, inputs, outputs, attributes });
}

function buildAttribute(syntax: AttributeSyntax, scope: Scope | undefined): Attribute {
  const build = (graph: GraphSyntax): Graph => buildGraph(graph, new Scope(scope, graph));
  if (syntax.kind === 'graph') return { name: syntax.name, kind: 'graph', value: build(syntax.value) };
  if (syntax.kind === 'graphs') return { name: syntax.name, kind: 'graphs', value: syntax.value.map(build) };
  return syntax;
}

function buildFunction({ header, defaults, body }: FunctionSyntax): FunctionDef {
  return {
    domain: header.domain ?? '',
    name: body.name,
    overload: header.overload ?? '',
    opsets: header.opsets ?? new Map(),
    defaults: new Map(defaults.map(attribute => [attribute.name, buildAttribute(attribute, undefined)])),
    body: () => buildGraph(body, new Scope(undefined, body)),
  };
}

function reserveNames(graph: GraphSyntax, names: Names): void {
  for (const { name } of [...graph.inputs, ...graph.declarations]) names.reserve(name);
  for (const node of graph.nodes) {
    if (node.name !== '') names.reserve(node.name);
    for (const name of node.outputs) if (name !== '') names.reserve(name);
    for (const attribute of node.attributes) {
      if (attribute.kind === 'graph') reserveNames(attribute.value, names);
      if (attribute.kind === 'graphs') for (const sub of attribute.value) reserveNames(sub, names);
    }
  }
}
