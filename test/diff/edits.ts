import fc from 'fast-check';
import {
  allGraphs,
  allNodes,
  attr,
  Graph,
  type Model,
  Node,
  Tensor,
  tensorType,
  Value,
} from '../../src/ir/index.js';
import { readModelFrom, toBytes } from '../../src/onnx/index.js';
import type { GraphDiff } from '../../src/report/diff/compare.js';
import { Pairs } from '../../src/report/diff/pairs.js';
import { isWeight, type Side, sideOf } from '../../src/report/diff/side.js';

/** Every value of a model, once. */
export function valuesOf(model: Model): Set<Value> {
  const values = new Set<Value>();
  for (const graph of allGraphs(model.graph)) {
    for (const value of [...graph.inputs, ...graph.initializers, ...graph.outputs]) values.add(value);
  }
  for (const node of allNodes(model.graph)) {
    for (const value of [...node.inputs, ...node.outputs]) if (value) values.add(value);
  }
  return values;
}

/** Gives every node, value and graph a name of its own that it did not have. */
export function renameAll(model: Model): void {
  let next = 0;
  for (const value of valuesOf(model)) value.name = `renamed/${next++}`;
  for (const node of allNodes(model.graph)) node.name = `renamed/${next++}`;
  for (const graph of allGraphs(model.graph)) graph.name = `renamed/${next++}`;
}

/** A copy that shares nothing with the model. */
export function copyOf(model: Model): Model {
  return readModelFrom(toBytes(model));
}

const KINDS = ['insert', 'remove', 'attribute', 'weight', 'rewire', 'add', 'gate'] as const;

/** One random change of a model: what to do, and numbers to choose the places by. */
export const EDIT = fc.record({ kind: fc.constantFrom(...KINDS), at: fc.nat(10_000), to: fc.nat(10_000) });

export type Edit = typeof EDIT extends fc.Arbitrary<infer E> ? E : never;

const pick = <T>(from: readonly T[], at: number): T | undefined => from[at % Math.max(1, from.length)];

/** Changes a model in place; what does not apply does nothing. */
export function apply(model: Model, { kind, at, to }: Edit, serial: number): void {
  const nodes = [...allNodes(model.graph)].filter(n => n.op !== 'If');
  const node = pick(nodes, at);
  const graph = node?.graph;
  if (node === undefined || graph === undefined) return;
  const fresh = (): Value => new Value(`edit/${serial}`);
  switch (kind) {
    case 'insert': {
      const slots = [...node.inputs.keys()].filter(i => node.inputs[i] !== undefined);
      const slot = pick(slots, to);
      const value = slot === undefined ? undefined : node.inputs[slot];
      if (slot === undefined || value === undefined) return;
      const added = new Node({ opType: 'Inserted', domain: 'test', inputs: [value], outputs: [fresh()] });
      graph.insertBefore(node, [added]);
      node.setInput(slot, added.output);
      return;
    }
    case 'remove': {
      const source = node.inputs.find(v => v !== undefined);
      if (source === undefined || model.graph.nodes.length < 2) return;
      for (const value of node.outputs) {
        if (value === undefined) continue;
        if (source.graph !== graph && [...value.users].includes(graph)) return;
        value.replaceUses(source);
      }
      graph.delete(new Set([node]));
      return;
    }
    case 'attribute':
      node.setAttribute(attr.int('edited', to));
      return;
    case 'weight': {
      const weights = [...allGraphs(model.graph)].flatMap(g => [...g.initializers].map(v => ({ g, v })));
      const weight = pick(weights, to);
      if (weight === undefined) return;
      weight.g.addInitializer(weight.v, Tensor.int64([serial, to], [2]));
      weight.v.type = tensorType('int64', [2]);
      return;
    }
    case 'rewire': {
      const input = pick(model.graph.inputs, to);
      const slot = pick([...node.inputs.keys()], to);
      if (input && slot !== undefined) node.setInput(slot, input);
      return;
    }
    case 'add': {
      const input = pick(model.graph.inputs, to);
      const output = fresh();
      graph.append(new Node({ opType: 'Added', domain: 'test', inputs: [input], outputs: [output] }));
      return;
    }
    case 'gate': {
      const [value, ...others] = node.outputs;
      const condition = model.graph.inputs.at(-1);
      if (value === undefined || others.length > 0 || condition === undefined) return;
      const gated = fresh();
      value.replaceUses(gated);
      const [compute, skip] = [new Graph('compute'), new Graph('skip')];
      const zero = new Node({
        opType: 'Skip',
        domain: 'test',
        inputs: [],
        outputs: [new Value(`edit/${serial}/0`)],
      });
      const gate = new Node({
        opType: 'If',
        inputs: [condition],
        outputs: [gated],
        attributes: [attr.graph('then_branch', skip), attr.graph('else_branch', compute)],
      });
      graph.insertBefore(node, [gate]);
      graph.detach(new Set([node]));
      compute.append(node);
      compute.addOutput(value);
      skip.append(zero);
      skip.addOutput(zero.output);
      return;
    }
  }
}

/** Nodes, changed slots, weights, ports: what a reader would have to look at. */
export function costOf({ nodes, weights, graphs, rewired }: GraphDiff): number {
  const each = nodes.map(n => Math.max(1, n.changes.length));
  return each.reduce((sum, n) => sum + n, 0) + weights.length + graphs.length + rewired;
}

/** The pairs that a copy and its model have by their making, those of things since deleted left out. */
export function truePairs(a: Model, b: Model, edit: () => void): Pairs {
  const pairs = new Pairs();
  const [x, y] = [sideOf(a.graph, undefined), sideOf(b.graph, undefined)];
  const weights = (side: Side): Value[] =>
    side.graphs.flatMap(g => [...g.inputs, ...[...g.initializers].filter(isWeight)]);
  const [left, right] = [weights(x), weights(y)];
  edit();
  const alive = new Set(sideOf(b.graph, undefined).nodes);
  x.nodes.forEach((node, i) => {
    const other = y.nodes[i];
    if (other !== undefined && alive.has(other)) pairs.linkNodes(node, other);
  });
  x.graphs.forEach((graph, i) => {
    const other = y.graphs[i];
    if (other !== undefined) pairs.linkGraphs(graph, other);
  });
  left.forEach((value, i) => {
    const other = right[i];
    if (other !== undefined) pairs.linkValues(value, other);
  });
  a.graph.outputs.forEach((_, i) => {
    pairs.linkOutputs(i, i);
  });
  return pairs;
}
