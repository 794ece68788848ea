import { describe, expect, it } from 'vitest';
import { allNodes, attr, captures, Graph, Node, tensorType, Value } from '../../src/ir/index.js';
import { readModelFrom, toBytes } from '../../src/onnx/index.js';
import {
  type Bytes,
  entry,
  field,
  floats,
  graph,
  int,
  join,
  model,
  node,
  tensor,
  unknown,
  valueInfo,
} from './build.js';
import { decode, includes } from './helpers.js';

const branch = (op: string, ...more: readonly Bytes[]): Bytes =>
  graph({
    name: op,
    nodes: [
      node({ op, inputs: ['a'], outputs: ['t'], name: op, more }),
      node({ op: 'Mul', inputs: ['t', 'c'], outputs: ['r'] }),
    ],
    initializers: [tensor('c', [1], floats(2))],
    outputs: [valueInfo('r')],
    infos: [valueInfo('t')],
  });

const graphAttribute = (name: string, ...parts: readonly Bytes[]): Bytes =>
  join(field(1, name), ...parts.map(part => field(6, part)), int(20, 5));

/** a = Relu(x); y = If(cond) { Abs(a) * 2 } else { Neg(a) * 2 }: both branches use the names t, c and r. */
const conditional = (): Bytes =>
  model(
    graph({
      nodes: [
        node({ op: 'Relu', inputs: ['x'], outputs: ['a'], name: 'relu' }),
        node({
          op: 'If',
          inputs: ['cond'],
          outputs: ['y'],
          name: 'if',
          attributes: [
            graphAttribute('then_branch', branch('Abs', field(9, entry('k', 'then')))),
            graphAttribute('else_branch', branch('Neg', unknown())),
          ],
        }),
      ],
      inputs: [valueInfo('x'), valueInfo('cond', [], 9)],
      outputs: [valueInfo('y')],
    }),
  );

function load(): { m: ReturnType<typeof readModelFrom>; relu: Node; choice: Node } {
  const m = readModelFrom(conditional());
  const [relu, choice] = m.graph.nodes;
  if (!relu || !choice) throw new Error('nodes are missing');
  return { m, relu, choice };
}

describe('subgraphs', () => {
  it('are read with their node and linked through scopes', () => {
    const { m, relu, choice } = load();
    expect(choice.attributesRead).toBe(true);
    expect(choice.subgraphs.map(g => [g.name, g.parent, g.owner])).toEqual([
      ['Abs', m.graph, choice],
      ['Neg', m.graph, choice],
    ]);
    for (const g of choice.subgraphs) {
      expect([...captures(g)].map(v => v.name)).toEqual(['a']);
      expect(g.nodes[0]?.inputs[0]).toBe(relu.outputs[0]);
    }
    expect(relu.outputs[0]?.useCount).toBe(2);
    expect(choice.subgraphs[0]?.outputs[0]).not.toBe(choice.subgraphs[1]?.outputs[0]);
    expect(['a', 't', 'r', 'c', 'Abs', 'if'].every(name => m.names.has(name))).toBe(true);
    expect(toBytes(m)).toEqual(conditional());
  });

  it('are written anew where a captured value was renamed, and keep the rest', () => {
    const { m, relu } = load();
    if (relu.outputs[0]) relu.outputs[0].name = 'renamed';
    const bytes = toBytes(m);
    expect(
      includes(bytes, join(field(1, 'renamed'), field(2, 't'), field(3, 'Neg'), field(4, 'Neg'), unknown())),
    ).toBe(true);
    expect(includes(bytes, field(9, entry('k', 'then')))).toBe(true);
    const read = readModelFrom(bytes);
    expect([...allNodes(read.graph)].map(n => n.opType)).toEqual(['Relu', 'If', 'Abs', 'Mul', 'Neg', 'Mul']);
    if (relu.outputs[0]) relu.outputs[0].name = 'a';
    expect(toBytes(m)).toEqual(conditional());
  });

  it('keep an untouched branch raw beside a touched one', () => {
    const { m, choice } = load();
    const then = choice.subgraph('then_branch');
    const abs = then?.nodes[0];
    if (abs) abs.opType = 'Exp';
    const bytes = toBytes(m);
    expect(includes(bytes, field(5, graphAttribute('else_branch', branch('Neg', unknown()))))).toBe(true);
    expect(readModelFrom(bytes).graph.nodes[1]?.subgraphs[0]?.nodes[0]?.opType).toBe('Exp');
  });

  it('merge when the graph of an attribute is split', () => {
    const [first, second] = [
      graph({ nodes: [node({ op: 'Abs', inputs: ['x'], outputs: ['r'] })], name: 'one' }),
      field(12, valueInfo('r')),
    ];
    const other = graphAttribute(
      'else_branch',
      graph({ nodes: [node({ op: 'Neg', inputs: ['x'], outputs: ['r'] })], outputs: [valueInfo('r')] }),
    );
    const bytes = model(
      graph({
        nodes: [
          node({
            op: 'If',
            inputs: ['cond'],
            outputs: ['y'],
            attributes: [graphAttribute('then_branch', first, second), other],
          }),
        ],
        inputs: [valueInfo('x'), valueInfo('cond', [], 9)],
        outputs: [valueInfo('y')],
      }),
    );
    const m = readModelFrom(bytes);
    expect(toBytes(m)).toEqual(bytes);
    const then = m.graph.nodes[0]?.subgraphs[0];
    expect(then?.outputs.map(v => v.name)).toEqual(['r']);
    if (then?.nodes[0]) then.nodes[0].name = 'named';
    const read = readModelFrom(toBytes(m)).graph.nodes[0]?.subgraphs;
    expect(read?.map(g => [g.nodes[0]?.name, g.outputs[0]?.name])).toEqual([
      ['named', 'r'],
      ['', 'r'],
    ]);
  });

  it('take over nodes, raw, with their value_info', () => {
    const inner = node({
      op: 'Exp',
      inputs: ['a'],
      outputs: ['b'],
      name: 'exp',
      more: [field(9, entry('k', 'exp')), unknown()],
    });
    const last = node({ op: 'Sqrt', inputs: ['b'], outputs: ['y'], name: 'sqrt', more: [unknown()] });
    const info = valueInfo('b', ['n'], 1, unknown());
    const m = readModelFrom(
      model(
        graph({
          nodes: [node({ op: 'Relu', inputs: ['x'], outputs: ['a'], name: 'relu' }), inner, last],
          inputs: [valueInfo('x'), valueInfo('cond', [], 9)],
          outputs: [valueInfo('y', ['n'])],
          infos: [info, valueInfo('a')],
        }),
      ),
    );
    const [, exp, sqrt] = m.graph.nodes;
    const [x, cond] = m.graph.inputs;
    const old = m.graph.outputs[0];
    if (!exp || !sqrt || !x || !cond || !old) throw new Error('parts are missing');
    m.graph.detach(new Set([exp, sqrt]));
    old.name = 'y.inner';
    const then = new Graph('then');
    then.append(exp, sqrt);
    then.addOutput(old);
    const other = new Graph('else');
    const same = new Value('y.else', tensorType('float32', ['n']));
    other.append(new Node({ opType: 'Identity', inputs: [x], outputs: [same] }));
    other.addOutput(same);
    const y = new Value('y', tensorType('float32', ['n']));
    m.graph.append(
      new Node({
        opType: 'If',
        inputs: [cond],
        outputs: [y],
        attributes: [attr.graph('then_branch', then), attr.graph('else_branch', other)],
      }),
    );
    m.graph.replaceInput(old, y);
    const bytes = toBytes(m);
    expect(includes(bytes, field(1, inner))).toBe(true);
    expect(includes(bytes, field(13, info))).toBe(true);
    const read = readModelFrom(bytes);
    const holder = read.graph.nodes[1];
    expect(holder?.subgraph('then_branch')?.nodes.map(n => n.name)).toEqual(['exp', 'sqrt']);
    expect(holder?.subgraph('then_branch')?.nodes[0]?.outputs[0]?.type).toEqual(tensorType('float32', ['n']));
    expect(decode(bytes).graph?.valueInfo?.map(v => v.name)).toEqual(['a']);
  });
});
