import type { Attribute } from './attribute.js';
import { Graph } from './graph.js';
import { Model } from './model.js';
import { Node } from './node.js';
import { Value } from './value.js';

/**
 * A copy that can be changed by itself. Tensors, which nobody changes, and what was never decoded are shared; a writer
 * still knows where each part was read.
 */
export function cloneModel(model: Model): Model {
  const { irVersion, opsets, origin } = model;
  const values = new Map<Value, Value>();
  const copy = new Model({
    irVersion,
    opsets,
    graph: cloneGraph(model.graph, values),
    ...(origin && { origin }),
  });
  const { producerName, producerVersion, domain, modelVersion, docString, functions } = model;
  Object.assign(copy, { producerName, producerVersion, domain, modelVersion, docString, functions });
  for (const [key, value] of model.metadata) copy.metadata.set(key, value);
  copy.names.reserveAll(model.names);
  return copy;
}

/** `values` holds the copies of all values met so far: those of the graphs around this one. */
function cloneGraph(graph: Graph, values: Map<Value, Value>): Graph {
  const copy = new Graph(graph.name, graph.origin);
  copy.docString = graph.docString;
  for (const [key, value] of graph.metadata) copy.metadata.set(key, value);
  for (const value of graph.inputs) copy.addInput(cloneValue(value, values));
  for (const value of graph.initializers) {
    if (value.initializer) copy.addInitializer(cloneValue(value, values), value.initializer);
  }
  copy.append(...graph.nodes.map(node => cloneWithGraphs(node, values)));
  for (const value of graph.outputs) copy.addOutput(cloneValue(value, values));
  return copy;
}

function cloneWithGraphs(node: Node, values: Map<Value, Value>): Node {
  const { opType, domain, overload, name, docString, origin } = node;
  const own = (value: Value | undefined): Value | undefined => value && cloneValue(value, values);
  const attributes = (): IterableIterator<Attribute> => node.attributes.values();
  return new Node({
    opType,
    domain,
    overload,
    name,
    docString,
    inputs: node.inputs.map(own),
    outputs: node.outputs.map(own),
    attributes:
      node.subgraphs.length > 0 ? [...attributes()].map(each => cloneAttribute(each, values)) : attributes,
    metadata: () => new Map(node.metadata),
    // What it was read from does not have its edited attributes.
    ...(origin && !node.attributesEdited && { origin }),
  });
}

function cloneAttribute(attribute: Attribute, values: Map<Value, Value>): Attribute {
  if (attribute.kind === 'graph') return { ...attribute, value: cloneGraph(attribute.value, values) };
  if (attribute.kind === 'graphs')
    return { ...attribute, value: attribute.value.map(graph => cloneGraph(graph, values)) };
  return attribute;
}

function cloneValue(value: Value, values: Map<Value, Value>): Value {
  const known = values.get(value);
  if (known !== undefined) return known;
  const copy = new Value(value.name, value.type);
  copy.docString = value.docString;
  copy.origin = value.origin;
  if (value.hasMetadata) for (const [key, text] of value.metadata) copy.metadata.set(key, text);
  values.set(value, copy);
  return copy;
}
