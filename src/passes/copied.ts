import type { Builder, Node, Value } from '../ir/index.js';

/**
 * Builds copies of the nodes, which read what `at` says in the place of what they read. Says for each value what
 * stands for it behind them.
 */
export function copied(
  b: Builder,
  nodes: readonly Node[],
  at: ReadonlyMap<Value, Value>,
): (value: Value) => Value {
  const stands = new Map(at);
  for (const node of nodes) {
    const outputs = b.copy(
      node,
      node.inputs.map(value => value && (stands.get(value) ?? value)),
    );
    node.outputs.forEach((output, i) => {
      const copy = outputs[i];
      if (output && copy) stands.set(output, copy);
    });
  }
  return value => stands.get(value) ?? value;
}
