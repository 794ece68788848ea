import { refuse } from '../diagnostics/index.js';
import { Graph, type Names, Node, type Tensor, tensorType, Value } from '../ir/index.js';
import { type Entries, GraphOrigin, type NodeOrigin, ValueOrigin } from './origin.js';
import { readAttributes } from './read-attribute.js';
import { readEntry } from './read-entry.js';
import { readMetadata, readNodeHeader } from './read-node.js';
import { readSparse, readTensor } from './read-tensor.js';
import { declare, readDeclaration, settle } from './read-value.js';
import { GRAPH, WIRE } from './schema.js';
import { Scope } from './scope.js';
import { type Cursor, cursors, type Message } from './wire.js';

const DEEPEST = 30;

/** What reading a graph needs to know beside its bytes. */
export interface Reading {
  /** For messages. */
  readonly path: string;
  /** Collects the names of values and nodes; absent for function bodies, whose names are their own. */
  readonly names?: Pick<Names, 'reserve'>;
}

/** What a graph consists of, before names are resolved. */
export interface Parts {
  readonly nodes: NodeOrigin[];
  readonly tensors: Tensor[];
  readonly inputs: ValueOrigin[];
  readonly outputs: ValueOrigin[];
  readonly infos: ValueOrigin[];
}

/** A `GraphProto`. */
export function readGraph(reading: Reading, message: Message, outer?: Scope): Graph {
  const origin = new GraphOrigin(message);
  const parts: Parts = { nodes: [], tensors: [], inputs: origin.inputs, outputs: origin.outputs, infos: [] };
  const metadata: (readonly [string, string])[] = [];
  for (const cursor of cursors(message)) {
    while (cursor.next()) if (cursor.wire === WIRE.bytes) collect(cursor, origin, parts, metadata);
  }
  const graph = new Graph(origin.name, origin);
  graph.docString = origin.docString;
  for (const [key, value] of metadata) graph.metadata.set(key, value);
  origin.metadata = [...graph.metadata] satisfies Entries;
  const scope = new Scope(outer);
  if (scope.depth > DEEPEST) malformed(reading, graph, 'graphs are nested too deeply');
  for (const declaration of parts.inputs) addInput(reading, graph, scope, declaration);
  link(reading, graph, scope, parts, origin.strays);
  for (const declaration of parts.outputs) addOutput(reading, graph, scope, declaration);
  for (const declarations of [parts.inputs, parts.outputs, parts.infos]) declarations.forEach(settle);
  return graph;
}

/** Adds initializers and nodes, and hands out the types of `value_info`. */
export function link(reading: Reading, graph: Graph, scope: Scope, parts: Parts, strays: Set<number>): void {
  for (const tensor of parts.tensors) addInitializer(reading, graph, scope, tensor);
  const outputs = parts.nodes.map(node =>
    node.outputs.map(name => defineOutput(reading, graph, scope, node, name)),
  );
  for (const declaration of parts.infos) {
    const value = scope.own(declaration.name);
    if (value === undefined || (value.origin instanceof ValueOrigin && value.origin.role === 'info')) {
      strays.add(declaration.start);
      reading.names?.reserve(declaration.name);
    } else declare(value, declaration);
  }
  parts.nodes.forEach((node, i) => {
    addNode(reading, graph, scope, node, outputs[i] ?? []);
  });
}

function collect(
  cursor: Cursor,
  origin: GraphOrigin,
  parts: Parts,
  metadata: (readonly [string, string])[],
): void {
  switch (cursor.number) {
    case GRAPH.node:
      parts.nodes.push(readNodeHeader(cursor));
      return;
    case GRAPH.name:
      origin.name = cursor.text();
      return;
    case GRAPH.docString:
      origin.docString = cursor.text();
      return;
    case GRAPH.initializer:
      parts.tensors.push(readTensor(cursor));
      return;
    case GRAPH.sparseInitializer:
      parts.tensors.push(readSparse(cursor));
      return;
    case GRAPH.input:
      parts.inputs.push(readDeclaration(cursor, 'input'));
      return;
    case GRAPH.output:
      parts.outputs.push(readDeclaration(cursor, 'output'));
      return;
    case GRAPH.valueInfo:
      parts.infos.push(readDeclaration(cursor, 'info'));
      return;
    case GRAPH.metadataProps:
      metadata.push(readEntry(cursor.span));
      return;
  }
}

function addInput(reading: Reading, graph: Graph, scope: Scope, declaration: ValueOrigin): void {
  const value = define(reading, graph, scope, declaration.name, 'an input');
  declare(value, declaration);
  graph.addInput(value);
}

function addInitializer(reading: Reading, graph: Graph, scope: Scope, tensor: Tensor): void {
  const existing = scope.own(tensor.name);
  if (existing?.initializer !== undefined)
    malformed(reading, graph, `two initializers are named ${tensor.name}`);
  const value = existing ?? define(reading, graph, scope, tensor.name, 'an initializer');
  if (tensor.elem !== 'undefined') value.type ??= tensorType(tensor.elem, tensor.dims);
  graph.addInitializer(value, tensor);
}

function addOutput(reading: Reading, graph: Graph, scope: Scope, declaration: ValueOrigin): void {
  const value = scope.find(declaration.name);
  if (value === undefined) malformed(reading, graph, `it returns ${declaration.name}, which nothing defines`);
  if (scope.own(declaration.name) === value) declare(value, declaration);
  graph.addOutput(value);
}

function defineOutput(
  reading: Reading,
  graph: Graph,
  scope: Scope,
  node: NodeOrigin,
  name: string,
): Value | undefined {
  return name === ''
    ? undefined
    : define(reading, graph, scope, name, `an output of ${node.opType} ${node.name}`);
}

function define(reading: Reading, graph: Graph, scope: Scope, name: string, what: string): Value {
  if (name === '') malformed(reading, graph, `${what} has no name`);
  if (scope.own(name) !== undefined) malformed(reading, graph, `${name} is defined twice, once as ${what}`);
  reading.names?.reserve(name);
  return scope.define(new Value(name));
}

function addNode(
  reading: Reading,
  graph: Graph,
  scope: Scope,
  origin: NodeOrigin,
  outputs: readonly (Value | undefined)[],
): void {
  const inputs = origin.inputs.map((name, i) => {
    if (name === '') return undefined;
    const value = scope.find(name);
    if (value === undefined) {
      return malformed(
        reading,
        graph,
        `${origin.opType} ${origin.name} reads ${name}, which nothing defines`,
      );
    }
    // One string for all mentions of a name: less memory, and comparing is quick.
    origin.inputs[i] = value.name;
    return value;
  });
  if (origin.name !== '') reading.names?.reserve(origin.name);
  const { opType, domain, overload, name, docString } = origin;
  const attributes = origin.hasGraphs
    ? readAttributes(origin, message => readGraph(reading, message, scope))
    : () => readAttributes(origin);
  const metadata = (): Map<string, string> => readMetadata(origin);
  const init = { opType, domain, overload, name, docString, inputs, outputs, attributes, metadata, origin };
  graph.append(new Node(init));
}

function malformed(reading: Reading, graph: Graph, reason: string): never {
  return refuse('BWC108', { path: reading.path, reason: `graph ${graph.name}: ${reason}` });
}
