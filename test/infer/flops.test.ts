import { describe, expect, it } from 'vitest';
import { attr, type Dim, Graph, Model, Node, tensorType, Value } from '../../src/ir/index.js';
import { evaluate, flopsOf, inferTypes } from '../../src/ir/infer/index.js';
import { floats, list, type NodeInit, single, weights } from './build.js';

function flops(init: NodeInit): Dim {
  const { model } = single(init);
  const [node] = model.graph.nodes;
  return node && flopsOf(node, inferTypes(model));
}

const { int, ints, string } = attr;
const x = floats('b', 'n', 4);

describe('flopsOf', () => {
  it.each<[NodeInit, Dim]>([
    [{ op: 'MatMul', inputs: [x, weights(4, 7)] }, '56*b*n'],
    [
      { op: 'Gemm', inputs: [floats(4, 5), weights(7, 4)], attributes: [int('transA', 1), int('transB', 1)] },
      2 * 5 * 4 * 7,
    ],
    [
      { op: 'Conv', inputs: [floats(1, 4, 8, 8), weights(6, 2, 3, 3)], attributes: [int('group', 2)] },
      2 * 6 * 36 * 2 * 9,
    ],
    [
      {
        op: 'ConvTranspose',
        inputs: [floats(1, 4, 8), weights(4, 6, 2)],
        attributes: [ints('strides', [2])],
      },
      2 * 32 * 6 * 2,
    ],
    [
      { op: 'Einsum', inputs: [x, floats('b', 'm', 4)], attributes: [string('equation', 'bid,bjd->bij')] },
      '8*b*m*n',
    ],
    [
      {
        op: 'com.microsoft::FusedMatMul',
        inputs: [floats(3, 4, 5), floats(3, 4, 6)],
        attributes: [int('transA', 1)],
      },
      2 * 3 * 5 * 6 * 4,
    ],
    [
      { op: 'Attention', opset: 23, inputs: [floats(2, 3, 5, 8), floats(2, 3, 7, 8), floats(2, 3, 7, 4)] },
      2 * 6 * 35 * 8 + 2 * 6 * 35 * 4 + 5 * 6 * 35,
    ],
    [{ op: 'Add', inputs: [x, floats(4)] }, '4*b*n'],
    [{ op: 'Softmax', inputs: [x] }, '20*b*n'],
    [{ op: 'LayerNormalization', inputs: [x, weights(4)] }, '32*b*n'],
    [{ op: 'ReduceSum', inputs: [x, list(1)] }, '4*b*n'],
    [{ op: 'Reshape', inputs: [x, list(-1)] }, 0],
    [{ op: 'acme::Mystery', inputs: [x] }, undefined],
  ])('%# $op', (init, expected) => {
    expect(flops(init)).toBe(expected);
  });

  it('takes sizes from a binding', () => {
    const { model } = single({ op: 'MatMul', inputs: [x, weights(4, 7)] });
    const [node] = model.graph.nodes;
    const inferred = inferTypes(model);
    const binding = new Map([
      ['b', 2],
      ['n', 3],
    ]);
    expect(node && flopsOf(node, inferred, binding)).toBe(56 * 6);
    expect(evaluate(node && flopsOf(node, inferred), binding)).toBe(56 * 6);
    expect(node && flopsOf(node, inferred, new Map([['b', 2]]))).toBeUndefined();
  });

  it('counts the dearer branch of If', () => {
    const input = new Value('x', tensorType('float32', [10]));
    const condition = new Value('c', tensorType('bool', []));
    const branch = (op: string): Graph => {
      const graph = new Graph(op);
      const out = new Value('');
      graph.append(new Node({ opType: op, inputs: [input], outputs: [out] }));
      graph.addOutput(out);
      return graph;
    };
    const node = new Node({
      opType: 'If',
      inputs: [condition],
      outputs: [new Value('y')],
      attributes: [
        attr.graph('then_branch', branch('Softmax')),
        attr.graph('else_branch', branch('Identity')),
      ],
    });
    const graph = new Graph('main');
    graph.addInput(input);
    graph.addInput(condition);
    graph.append(node);
    expect(flopsOf(node, inferTypes(new Model({ graph })))).toBe(50);
  });
});
