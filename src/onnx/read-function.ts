import { refuse } from '../diagnostics/index.js';
import { type Attribute, type FunctionDef, Graph, Value } from '../ir/index.js';
import { FunctionOrigin } from './origin.js';
import { readAttribute } from './read-attribute.js';
import { link, type Parts } from './read-graph.js';
import { readNodeHeader } from './read-node.js';
import { readDeclaration, settle } from './read-value.js';
import { FUNCTION, OPSET, WIRE } from './schema.js';
import { Scope } from './scope.js';
import { Cursor, type Span } from './wire.js';

/** A `FunctionProto`. The body is read anew each time it is asked for. */
export function readFunction(record: Cursor): FunctionDef {
  const origin = new FunctionOrigin(record);
  const opsets = new Map<string, number>();
  const defaults = new Map<string, Attribute>();
  let name = '';
  let domain = '';
  let overload = '';
  for (const cursor = new Cursor(origin); cursor.next(); ) {
    if (cursor.wire !== WIRE.bytes) continue;
    if (cursor.number === FUNCTION.name) name = cursor.text();
    else if (cursor.number === FUNCTION.domain) domain = cursor.text();
    else if (cursor.number === FUNCTION.overload) overload = cursor.text();
    else if (cursor.number === FUNCTION.opsetImport) opsets.set(...readOpset(cursor.span));
    else if (cursor.number === FUNCTION.attributeProto) {
      const attribute = readAttribute(cursor);
      defaults.set(attribute.name, attribute);
    }
  }
  const body = (): Graph => readBody(origin, name);
  const definition: FunctionDef = { domain, name, overload, opsets, defaults, body, origin };
  origin.definition = definition;
  return definition;
}

/** An `OperatorSetIdProto`. */
export function readOpset(span: Span): [string, number] {
  let domain = '';
  let version = 0;
  for (const cursor = new Cursor(span); cursor.next(); ) {
    if (cursor.is(OPSET.domain, WIRE.bytes)) domain = cursor.text();
    else if (cursor.is(OPSET.version, WIRE.varint)) version = cursor.integer();
  }
  return [domain, version];
}

function readBody(origin: FunctionOrigin, name: string): Graph {
  const parts: Parts = { nodes: [], tensors: [], inputs: [], outputs: [], infos: [] };
  const graph = new Graph(name);
  const scope = new Scope();
  const returned: string[] = [];
  for (const cursor = new Cursor(origin); cursor.next(); ) {
    if (cursor.wire !== WIRE.bytes) continue;
    if (cursor.number === FUNCTION.input) graph.addInput(scope.define(new Value(cursor.text())));
    else if (cursor.number === FUNCTION.output) returned.push(cursor.text());
    else if (cursor.number === FUNCTION.node) parts.nodes.push(readNodeHeader(cursor));
    else if (cursor.number === FUNCTION.valueInfo) parts.infos.push(readDeclaration(cursor, 'info'));
  }
  const { path } = origin.source;
  link({ path }, graph, scope, parts, new Set());
  parts.infos.forEach(settle);
  for (const output of returned) {
    const value = scope.own(output);
    if (value === undefined)
      refuse('BWC108', { path, reason: `function ${name} returns ${output}, which nothing defines` });
    graph.addOutput(value);
  }
  return graph;
}
