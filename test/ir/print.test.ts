import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { structurallyEqual } from '../../src/ir/equal.js';
import { attr, Graph, Model, Node, Tensor, tensorType, Value } from '../../src/ir/index.js';
import { parse } from '../../src/ir/parse.js';
import { print, printGraph } from '../../src/ir/print.js';
import { verify } from '../../src/ir/verify.js';
import { models } from './arbitrary.js';

const RUNS = { numRuns: 300 };

describe('print', () => {
  it('is a fixed point of print and parse', () => {
    fc.assert(
      fc.property(models(false), fc.nat(40), fc.boolean(), (model, elideAbove, types) => {
        const text = print(model, { elideAbove, types });
        expect(print(parse(text), { elideAbove, types })).toBe(text);
      }),
      RUNS,
    );
  });

  it('keeps what structural equality sees', () => {
    fc.assert(
      fc.property(models(false), fc.nat(40), (model, elideAbove) => {
        expect(structurallyEqual(model, parse(print(model, { elideAbove })))).toEqual([]);
      }),
      RUNS,
    );
  });

  it('keeps valid models valid', () => {
    fc.assert(
      fc.property(models(false), model => {
        expect(verify(model)).toEqual([]);
        expect(verify(parse(print(model)))).toEqual([]);
      }),
      RUNS,
    );
  });

  it('elides large tensors by type, dimensions and hash', () => {
    const model = new Model();
    const weight = new Value('w');
    model.graph.addInitializer(weight, Tensor.float32([1, 2, 3, 4], [2, 2]));
    model.graph.addInitializer(new Value('scale'), Tensor.float32([0.1], []));
    expect(print(model, { elideAbove: 3 })).toBe(`<
   ir_version: 8,
   opset_import: ["" : 17]
>
main () => () <
   float[2,2] w = ["elided": "ad73b9acd6e4a74b"],
   float scale = {0.1}
> {
}
`);
  });

  it('leaves types of inner values out unless asked', () => {
    const graph = new Graph('g');
    const [x, h, y] = ['x', 'h', 'y'].map(name => new Value(name, tensorType('float16', ['n', 8])));
    if (!x || !h || !y) return;
    graph.addInput(x);
    graph.append(new Node({ opType: 'Relu', inputs: [x], outputs: [h] }));
    graph.append(new Node({ opType: 'Cast', inputs: [h], outputs: [y], attributes: [attr.int('to', 10)] }));
    graph.addOutput(y);
    const body = `{
   h = Relu (x)
   y = Cast <to: int = 10> (h)
}
`;
    expect(printGraph(graph)).toBe(`g (float16[n,8] x) => (float16[n,8] y) ${body}`);
    expect(printGraph(graph, { types: true })).toBe(`g (float16[n,8] x) => (float16[n,8] y) <
   float16[n,8] h
> ${body}`);
  });

  it('prints floats as short as they read back', () => {
    const texts = [0.1, 1, -0, 3e38, 1.17549435e-38, 16777216, Number.NaN, Number.NEGATIVE_INFINITY];
    const node = new Node({ opType: 'A', inputs: [], outputs: [], attributes: [attr.float('f', 0)] });
    node.setAttribute({ name: 'f', kind: 'floats', value: texts });
    const graph = new Graph('g');
    graph.append(node);
    expect(printGraph(graph)).toContain('[0.1, 1, -0, 3e+38, 1.1754944e-38, 16777216, nan, -inf]');
  });
});
