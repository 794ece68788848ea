import { allNodes, type FunctionDef } from '../ir/index.js';
import { encodeAttribute } from './encode-attribute.js';
import { encodeGraph } from './encode-graph.js';
import { encodeNode } from './encode-node.js';
import { encodeOpset } from './encode-opset.js';
import { encodeValue } from './encode-value.js';
import { FunctionOrigin, ValueOrigin } from './origin.js';
import { Output } from './output.js';
import { repeat } from './patch.js';
import { FUNCTION } from './schema.js';
import { encodeText } from './text.js';

/** Where a function was read, unless it is a changed copy of the one that was. */
export function functionOrigin(definition: FunctionDef): FunctionOrigin | undefined {
  const { origin } = definition;
  return origin instanceof FunctionOrigin && origin.definition === definition ? origin : undefined;
}

/** Writes a `FunctionProto`: as read, or from the definition. */
export function encodeFunction(out: Output, number: number, definition: FunctionDef): void {
  const origin = functionOrigin(definition);
  if (origin === undefined) out.field(number, encodeNew(definition));
  else repeat(out, number, origin);
}

function encodeNew(definition: FunctionDef): Output {
  const out = new Output();
  const graph = definition.body();
  const text = (field: number, value: string): void => {
    if (value !== '') out.field(field, encodeText(value));
  };
  text(FUNCTION.name, definition.name);
  for (const value of graph.inputs) text(FUNCTION.input, value.name);
  for (const value of graph.outputs) text(FUNCTION.output, value.name);
  const parameters = new Set<string>();
  for (const node of allNodes(graph)) {
    for (const attribute of node.attributes.values())
      if (attribute.kind === 'reference') parameters.add(attribute.value);
  }
  for (const name of parameters) if (!definition.defaults.has(name)) text(FUNCTION.attribute, name);
  for (const node of graph.nodes) encodeNode(out, FUNCTION.node, node, encodeGraph);
  for (const [domain, version] of definition.opsets)
    out.field(FUNCTION.opsetImport, encodeOpset(domain, version));
  text(FUNCTION.domain, definition.domain);
  for (const attribute of definition.defaults.values()) {
    encodeAttribute(out, FUNCTION.attributeProto, attribute, encodeGraph);
  }
  for (const node of graph.nodes) {
    for (const value of node.outputs) {
      if (value?.origin instanceof ValueOrigin) encodeValue(out, FUNCTION.valueInfo, value, value.origin);
    }
  }
  text(FUNCTION.overload, definition.overload);
  return out;
}
