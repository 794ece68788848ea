import { refuse } from '../diagnostics/index.js';
import { allGraphs, allNodes, type FunctionDef, type Graph, type Model, Node, Value } from '../ir/index.js';

/** Deepest nesting of calls; functions may not be recursive. */
const MAX_DEPTH = 64;

/**
 * Replaces every call of a model-local function by the function's body, in all graphs, until none is left. Refuses
 * with BWC205 where a body is written against another version of an operator set than the model.
 */
export function inlineFunctions(model: Model): void {
  if (model.functions.length === 0) return;
  const byName = new Map(model.functions.map(f => [key(f.domain, f.name, f.overload), f]));
  for (const definition of model.functions) adoptOpsets(model, definition);
  for (let depth = 0; ; depth++) {
    const calls = [...allNodes(model.graph)].flatMap(node => {
      const definition = byName.get(key(node.domain, node.opType, node.overload));
      return definition ? [{ node, definition }] : [];
    });
    const [first] = calls;
    if (first === undefined) break;
    if (depth === MAX_DEPTH) refuse('BWC205', { name: first.definition.name, reason: 'it calls itself' });
    inlineCalls(model, calls);
  }
  const domains = new Set([...allNodes(model.graph)].map(n => n.domain));
  for (const definition of model.functions)
    if (!domains.has(definition.domain)) model.opsets.delete(definition.domain);
  model.functions = [];
}

interface Call {
  readonly node: Node;
  readonly definition: FunctionDef;
}

function key(domain: string, name: string, overload: string): string {
  return `${domain}\n${name}\n${overload}`;
}

function adoptOpsets(model: Model, definition: FunctionDef): void {
  for (const [domain, version] of definition.opsets) {
    const ours = model.opsets.get(domain);
    if (ours === undefined) model.opsets.set(domain, version);
    else if (ours !== version) {
      const reason = `it is written for opset ${version} of "${domain}", the model for ${ours}`;
      refuse('BWC205', { name: definition.name, reason });
    }
  }
}

/** Inlines calls, each graph's node list rebuilt once. */
function inlineCalls(model: Model, calls: readonly Call[]): void {
  const byGraph = new Map<Graph, Map<Node, FunctionDef>>();
  for (const { node, definition } of calls) {
    const { graph } = node;
    if (graph === undefined) continue;
    const list = byGraph.get(graph) ?? new Map<Node, FunctionDef>();
    byGraph.set(graph, list.set(node, definition));
  }
  for (const [graph, mine] of byGraph) {
    const order = graph.nodes.flatMap(node => {
      const definition = mine.get(node);
      return definition ? expand(model, graph, node, definition) : [node];
    });
    graph.delete(new Set(mine.keys()));
    const rest = new Set(graph.nodes);
    const added = order.filter(n => !rest.has(n));
    graph.append(...added);
    graph.reorder(order);
  }
}

/** The nodes that stand for one call, wired to its inputs and outputs. */
function expand(model: Model, graph: Graph, call: Node, definition: FunctionDef): readonly Node[] {
  const body = definition.body();
  const prefix = call.name || call.outputs[0]?.name || definition.name;
  const rename = (value: Value | undefined): void => {
    if (value) value.name = model.names.fresh(`${prefix}/${value.name}`);
  };
  for (const nested of allGraphs(body)) {
    if (nested !== body) nested.inputs.forEach(rename);
    for (const value of nested.initializers) rename(value);
    for (const node of nested.nodes) {
      node.outputs.forEach(rename);
      if (node.name !== '') node.name = model.names.fresh(`${prefix}/${node.name}`);
      resolveReferences(node, call, definition);
    }
  }
  const nodes = [...body.nodes];
  const results = [...body.outputs];
  body.inputs.forEach((formal, i) => {
    const actual = call.inputs[i];
    for (const user of [...formal.users]) {
      if (actual !== undefined) user.replaceInput(formal, actual);
      else if (user instanceof Node)
        user.inputs.forEach((v, at) => {
          if (v === formal) user.setInput(at, undefined);
        });
    }
    results.forEach((r, at) => {
      if (r === formal && actual !== undefined) results[at] = actual;
    });
  });
  for (const value of [...body.outputs]) body.removeOutput(value);
  body.detach(new Set(nodes));
  for (const value of body.initializers) {
    const tensor = value.initializer;
    if (tensor) graph.addInitializer(value, tensor);
  }
  const taken = new Set<Value>();
  call.outputs.forEach((output, i) => {
    const result = results[i];
    if (output === undefined || result === undefined) return;
    const own = result.producer !== undefined && nodes.includes(result.producer) && !taken.has(result);
    const target = own ? result : copyOf(model, result, prefix, nodes);
    taken.add(target);
    output.replaceUses(target);
    target.name = output.name;
    target.type = output.type ?? target.type;
    target.origin = output.origin;
  });
  for (const node of nodes) node.graph = graph;
  return nodes;
}

function copyOf(model: Model, value: Value, prefix: string, nodes: Node[]): Value {
  const node = new Node({
    opType: 'Identity',
    name: model.names.fresh(`${prefix}/Identity`),
    inputs: [value],
    outputs: [new Value('')],
  });
  nodes.push(node);
  return node.output;
}

/** Puts the caller's attributes where the body refers to them. */
function resolveReferences(node: Node, call: Node, definition: FunctionDef): void {
  for (const attribute of [...node.attributes.values()]) {
    if (attribute.kind !== 'reference') continue;
    const given = call.attributes.get(attribute.value) ?? definition.defaults.get(attribute.value);
    if (given === undefined) node.removeAttribute(attribute.name);
    else node.setAttribute({ ...given, name: attribute.name });
  }
}
