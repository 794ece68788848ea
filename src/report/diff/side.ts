import {
  type Attribute,
  type Graph,
  graphsOf,
  type Model,
  type Node,
  type Tensor,
  type Value,
} from '../../ir/index.js';
import { isDefault } from '../../ir/opset.js';
import type { ModelPath } from './contents.js';

/** One input of a node, or one output of a graph, that reads a value. */
export interface Use {
  readonly user: Node | Graph;
  readonly slot: number;
}

/** A graph held by a node's attribute: which one it is. */
export interface Held {
  readonly graph: Graph;
  /** `then_branch`, or `bodies.1` in a list. */
  readonly key: string;
}

/** One of the two graphs of a comparison, with everything nested in it, in the order of the file. */
export interface Side {
  readonly root: Graph;
  readonly path: ModelPath;
  /** Of the standard domain; undefined where it makes no difference. */
  readonly opset: number | undefined;
  readonly graphs: readonly Graph[];
  readonly nodes: readonly Node[];
  readonly nodeIndex: ReadonlyMap<Node, number>;
  readonly graphIndex: ReadonlyMap<Graph, number>;
  readonly uses: ReadonlyMap<Value, readonly Use[]>;
  readonly held: ReadonlyMap<Node, readonly Held[]>;
}

const NONE: readonly Use[] = [];

export function sideOf(root: Graph, path: ModelPath, opset?: number): Side {
  const graphs: Graph[] = [];
  const nodes: Node[] = [];
  const uses = new Map<Value, Use[]>();
  const held = new Map<Node, readonly Held[]>();
  const use = (value: Value | undefined, user: Node | Graph, slot: number): void => {
    if (value === undefined) return;
    const list = uses.get(value);
    if (list) list.push({ user, slot });
    else uses.set(value, [{ user, slot }]);
  };
  const visit = (graph: Graph): void => {
    graphs.push(graph);
    for (const node of graph.nodes) {
      nodes.push(node);
      node.inputs.forEach((value, slot) => {
        use(value, node, slot);
      });
      const subs = heldBy(node);
      if (subs.length > 0) held.set(node, subs);
      for (const sub of subs) visit(sub.graph);
    }
    graph.outputs.forEach((value, slot) => {
      use(value, graph, slot);
    });
  };
  visit(root);
  return {
    root,
    path,
    opset,
    graphs,
    nodes,
    nodeIndex: new Map(nodes.map((node, i) => [node, i])),
    graphIndex: new Map(graphs.map((graph, i) => [graph, i])),
    uses,
    held,
  };
}

function heldBy(node: Node): Held[] {
  const held: Held[] = [];
  for (const attribute of node.attributes.values()) {
    graphsOf(attribute).forEach((graph, i) => {
      held.push({ graph, key: attribute.kind === 'graph' ? attribute.name : `${attribute.name}.${i}` });
    });
  }
  return held;
}

/** Whether the node would mean the same without the attribute. */
export function isDefaultOn({ opset }: Side, node: Node, attribute: Attribute): boolean {
  return opset !== undefined && node.domain === '' && isDefault(node.opType, attribute, opset);
}

export function usesOf(side: Side, value: Value): readonly Use[] {
  return side.uses.get(value) ?? NONE;
}

export function heldOf(side: Side, node: Node): readonly Held[] {
  return side.held.get(node) ?? [];
}

/** True for a value that is a constant of the file: an initializer that no caller can replace. */
export function isWeight(value: Value): boolean {
  return value.initializer !== undefined && value.producer === undefined && !value.isGraphInput;
}

/** The constant that a `Constant` node holds as a tensor. */
export function constantOf(node: Node): Tensor | undefined {
  if (node.op !== 'Constant') return undefined;
  const value = node.attributes.get('value');
  return value?.kind === 'tensor' ? value.value : undefined;
}

/** All tensors of a model's initializers, its functions' left out. */
export function weightsOf(model: Model): Tensor[] {
  const tensors: Tensor[] = [];
  const visit = (graph: Graph): void => {
    for (const { initializer } of graph.initializers) if (initializer) tensors.push(initializer);
    for (const node of graph.nodes) for (const sub of node.subgraphs) visit(sub);
  };
  visit(model.graph);
  return tensors;
}
