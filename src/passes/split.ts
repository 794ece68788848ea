import {
  ancestors,
  type Builder,
  captures,
  type Graph,
  isWithin,
  type Model,
  type Node,
  Tensor,
  type Value,
} from '../ir/index.js';
import { statesOf } from '../plan/index.js';
import { builder, type Context, need, type Pass, stateInput, stateOutput } from './pass.js';
import { UNDO_KEY, undoSchema } from './undo.js';

/** The two models of a split. */
export type Half = 'compute' | 'reuse';

/**
 * Makes of a copy of the compiled model one of the two that together do what it does, without an `If` of ours: each gate
 * gives way to one of its branches. The reuse model goes on deciding, and tells by its signal where its step should
 * have been computed; the compute model takes for granted that its step is.
 */
export const splitPass = (half: Half): Pass => ({
  name: `split-${half}`,
  run(context) {
    const { model } = context;
    const { graph } = model;
    if (half === 'compute') assumeComputed(context);
    const b = builder(context, graph, 'split', `split-${half}`);
    const { gates, narrowing } = context.emitted;
    for (const { name } of [...gates.map(gate => gate.node), ...(narrowing ? [narrowing] : [])]) {
      const node = graph.nodes.find(n => n.name === name);
      if (node === undefined) throw new Error(`the copy has no ${name}`);
      takeBranch(graph, node, half === 'compute' ? 'else_branch' : 'then_branch', b);
    }
    for (const node of graph.nodes.filter(isOurIf)) {
      if (half === 'compute') fitStates(context, node, b);
      chooseBetween(graph, node, b);
    }
    prune(graph);
    if (half === 'reuse') model.metadata.delete(UNDO_KEY);
    else forgetGates(model);
  },
});

/** The computing model can be stripped: it holds all of the original. */
function forgetGates({ metadata }: Model): void {
  const undo = undoSchema.parse(JSON.parse(metadata.get(UNDO_KEY) ?? 'null'));
  metadata.set(UNDO_KEY, JSON.stringify({ ...undo, gates: [], renamed: {} }));
}

/** True for an `If` that stands in the graph itself and that bwc put there. */
function isOurIf(node: Node): boolean {
  return node.op === 'If' && node.name.startsWith('bwc/');
}

function branch(node: Node, name: 'then_branch' | 'else_branch'): Graph {
  const graph = node.subgraph(name);
  if (graph === undefined) throw new Error(`${node} has no ${name}`);
  return graph;
}

/** Puts constants in the place of what the decision said. */
function assumeComputed(context: Context): void {
  const { model, plan } = context;
  const { computed, reused } = need(context, 'decided');
  const b = builder(context, model.graph, 'split', 'split-compute');
  const yes = Tensor.of('bool', Array<number>(plan.channels).fill(1), [plan.channels]);
  const made = new Map(model.graph.nodes.flatMap(n => n.outputs.map(v => [v?.name, v] as const)));
  const answer = made.get(computed.name);
  if (answer) stand(model.graph, b.given(yes), answer);
  made.get(reused.name)?.replaceUses(b.f32(0));
  b.place(model.graph.nodes[0]);
}

/** Puts a branch's nodes and constants in front of its `If`. */
function unfold(graph: Graph, node: Node, inner: Graph): readonly Value[] {
  const outputs = [...inner.outputs];
  for (const value of outputs) inner.removeOutput(value);
  for (const value of [...inner.initializers]) {
    const { initializer } = value;
    inner.removeInitializer(value);
    if (initializer) graph.addInitializer(value, initializer);
  }
  const nodes = inner.nodes;
  inner.detach(new Set(nodes));
  graph.insertBefore(node, nodes);
  return outputs;
}

function takeBranch(graph: Graph, node: Node, name: 'then_branch' | 'else_branch', b: Builder): void {
  const values = unfold(graph, node, branch(node, name));
  node.outputs.forEach((output, i) => {
    const value = values[i];
    if (output === undefined || value === undefined) return;
    // A value of the original keeps its name; where it is the state, a copy takes that.
    const isOriginal = value.producer !== undefined && !value.producer.name.startsWith('bwc/');
    const isState = isOriginal && output.name.startsWith('bwc.');
    stand(graph, isState ? b.op('Identity', [value]) : value, output);
  });
  b.place(node);
  graph.delete(new Set([node]));
}

/** Runs both branches and takes the one's values or the other's. */
function chooseBetween(graph: Graph, node: Node, b: Builder): void {
  const yes = unfold(graph, node, branch(node, 'then_branch'));
  const no = unfold(graph, node, branch(node, 'else_branch'));
  const chosen = node.outputs.map((output, i) =>
    b.op('Where', [node.inputs[0], yes[i], no[i]], {
      name: 'chosen',
      ...(output?.type && { type: output.type }),
    }),
  );
  b.place(node);
  node.outputs.forEach((output, i) => {
    const value = chosen[i];
    if (output && value) stand(graph, value, output);
  });
  graph.delete(new Set([node]));
}

/** Lets `value` stand where `output` did; an output of the graph keeps its name and type. */
function stand(graph: Graph, value: Value, output: Value): void {
  if (graph.outputs.includes(output)) {
    value.name = output.name;
    value.type = output.type;
  }
  output.replaceUses(value);
}

/**
 * A fresh state may have dimensions of 0, and then what is taken of it is not used; but it is read now, where a branch
 * was not run. Filled up or cut to the shape of what the step keeps in its place, it can be.
 */
function fitStates(context: Context, node: Node, b: Builder): void {
  const { graph } = context.model;
  const read = new Set(node.subgraphs.flatMap(inner => [...captures(inner)]));
  for (const { name, type } of statesOf(context.plan)) {
    const state = graph.inputs.find(v => v.name === stateInput(name));
    const next = graph.outputs.find(v => v.name === stateOutput(name));
    const { shape = [] } = type;
    if (state === undefined || next === undefined || !read.has(state)) continue;
    if (shape.every(dim => typeof dim === 'number')) continue;
    // Flat, so that ONNX Runtime does not take what has no elements for another tensor of the declared shape.
    const source = sourceOf(next);
    const [have, want] = [state, source].map(value => b.op('Reshape', [value, b.i64(-1)], { name: 'flat' }));
    const missing = b.op('Sub', [b.op('Shape', [want]), b.op('Shape', [have])], { name: 'missing' });
    const full = b.op('Pad', [have, b.concat([b.i64(0), missing], 0)], { name: 'full' });
    const fitted = b.op('Reshape', [full, b.op('Shape', [source])], { type, name: 'fitted' });
    state.replaceUses(fitted, user => node.subgraphs.some(inner => isWithin(inner, user)));
  }
  b.place(node);
}

/** What a computed step keeps, behind copies of it and where there is nothing to choose. */
function sourceOf(next: Value): Value {
  let at = next;
  for (;;) {
    const { producer } = at;
    if (producer === undefined || !producer.name.startsWith('bwc/')) return at;
    const from: Value | undefined =
      producer.op === 'Identity'
        ? producer.inputs[0]
        : isOurIf(producer)
          ? branch(producer, 'else_branch').outputs[producer.outputs.indexOf(at)]
          : undefined;
    if (from === undefined) return at;
    at = from;
  }
}

/** Removes what no output needs. */
function prune(graph: Graph): void {
  const needed = ancestors(graph, graph.outputs);
  graph.delete(new Set(graph.nodes.filter(n => !needed.has(n))));
  for (const value of [...graph.initializers]) {
    if (!value.isUsed && !value.isGraphInput) graph.removeInitializer(value);
  }
}
