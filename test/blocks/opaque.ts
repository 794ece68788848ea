import { allGraphs, type Model, tensorType, type Value } from '../../src/ir/index.js';

/**
 * Takes from a model everything that a person or an exporter wrote for readers: names of values, nodes, graphs and
 * symbolic dimensions, doc strings, metadata.
 * @returns the names that the values had
 */
export function makeOpaque(model: Model): ReadonlyMap<Value, string> {
  const before = new Map<Value, string>();
  const symbols = new Map<string, string>();
  const rename = (value: Value | undefined): void => {
    if (value === undefined || before.has(value)) return;
    before.set(value, value.name);
    value.name = `v${before.size}`;
    value.docString = '';
    value.metadata.clear();
    const { type } = value;
    if (type?.kind !== 'tensor' || type.shape === undefined) return;
    value.type = tensorType(
      type.elem,
      type.shape.map(d => (typeof d === 'string' ? opaqueSymbols(d, symbols) : d)),
    );
  };
  model.producerName = '';
  model.producerVersion = '';
  model.docString = '';
  model.metadata.clear();
  let nodes = 0;
  for (const graph of allGraphs(model.graph)) {
    graph.name = 'g';
    graph.docString = '';
    graph.metadata.clear();
    graph.inputs.forEach(rename);
    graph.initializers.forEach(rename);
    for (const node of graph.nodes) {
      node.name = `n${nodes++}`;
      node.docString = '';
      node.metadata.clear();
      node.outputs.forEach(rename);
    }
  }
  return before;
}

/** Renames the symbols of a dimension, which may be an expression such as `4*batch` or `floor(h/2)`. */
function opaqueSymbols(dim: string, symbols: Map<string, string>): string {
  return dim.replaceAll(/[A-Za-z_]\w*(?!\w*\()/g, symbol => {
    const known = symbols.get(symbol) ?? `s${symbols.size}`;
    symbols.set(symbol, known);
    return known;
  });
}
