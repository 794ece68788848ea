import { describe, expect, it } from 'vitest';
import {
  type Attribute,
  attr,
  Graph,
  Model,
  Node,
  Tensor,
  tensorType,
  typeText,
  Value,
  type ValueType,
} from '../../src/ir/index.js';
import { inferTypes } from '../../src/ir/infer/index.js';

const x = (): Value => new Value('x', tensorType('float32', ['batch', 4]));

function node(
  opType: string,
  inputs: readonly Value[],
  ...attributes: Attribute[]
): { node: Node; out: Value } {
  const out = new Value('');
  return { node: new Node({ opType, inputs, outputs: [out], attributes }), out };
}

function body(inputs: readonly Value[], nodes: readonly Node[], outputs: readonly Value[]): Graph {
  const graph = new Graph('body');
  for (const input of inputs) graph.addInput(input);
  graph.append(...nodes);
  for (const output of outputs) graph.addOutput(output);
  return graph;
}

function main(
  inputs: readonly Value[],
  constants: readonly (readonly [Value, Tensor])[],
  ...nodes: Node[]
): Model {
  const graph = new Graph('main');
  for (const input of inputs) graph.addInput(input);
  for (const [value, tensor] of constants) graph.addInitializer(value, tensor);
  graph.append(...nodes);
  return new Model({ graph });
}

const text = (model: Model, value: Value): string => typeText(inferTypes(model).typeOf(value));

describe('If', () => {
  function branches(condition: Value): {
    readonly node: Node;
    readonly out: Value;
    readonly inner: Value;
    input: Value;
  } {
    const input = x();
    const yes = node('Concat', [input, input], attr.int('axis', 1));
    const no = node('Relu', [input]);
    const both = node(
      'If',
      [condition],
      attr.graph('then_branch', body([], [yes.node], [yes.out])),
      attr.graph('else_branch', body([], [no.node], [no.out])),
    );
    return { node: both.node, out: both.out, inner: yes.out, input };
  }

  it('has what both branches have', () => {
    const condition = new Value('c', tensorType('bool', []));
    const { node: both, out, inner, input } = branches(condition);
    const model = main([input, condition], [], both);
    expect(text(model, out)).toBe('float[batch,?]');
    expect(text(model, inner)).toBe('float[batch,8]');
  });

  it('is the branch that a known condition takes', () => {
    const condition = new Value('c');
    const { node: both, out, input } = branches(condition);
    expect(text(main([input], [[condition, Tensor.bool([true], [])]], both), out)).toBe('float[batch,8]');
  });
});

describe('Loop', () => {
  function loop(
    grow: boolean,
    initial: ValueType | undefined,
  ): { model: Model; carried: Value; scanned: Value; inside: Value } {
    const [iteration, condition, state] = [new Value('i'), new Value('c'), new Value('s')];
    const again = node('Identity', [condition]);
    const step = grow ? node('Concat', [state, state], attr.int('axis', 1)) : node('Relu', [state]);
    const row = node('ReduceSum', [state]);
    const input = new Value('x', initial);
    const [count, start] = [new Value('count'), new Value('start')];
    const inner = body(
      [iteration, condition, state],
      [again.node, step.node, row.node],
      [condition, step.out, row.out],
    );
    const [carried, scanned] = [new Value('carried'), new Value('scanned')];
    const outer = new Node({
      opType: 'Loop',
      inputs: [count, start, input],
      outputs: [carried, scanned],
      attributes: [attr.graph('body', inner)],
    });
    const constants = [
      [count, Tensor.int64([5], [])],
      [start, Tensor.bool([true], [])],
    ] as const;
    return { model: main([input], constants, outer), carried, scanned, inside: step.out };
  }

  it('keeps types that do not change and counts the rounds', () => {
    const { model, carried, scanned } = loop(false, tensorType('float32', ['batch', 4]));
    expect(text(model, carried)).toBe('float[batch,4]');
    expect(text(model, scanned)).toBe('float[5,1,1]');
  });

  it('forgets the dimensions that change', () => {
    const { model, carried, inside } = loop(true, tensorType('float32', ['batch', 4]));
    expect(text(model, carried)).toBe('float[batch,?]');
    expect(text(model, inside)).toBe('float[batch,?]');
  });

  it('knows nothing of what is unknown at the start', () => {
    const { model, carried } = loop(false, undefined);
    expect(text(model, carried)).toBe('?');
  });
});

describe('Scan', () => {
  it('takes an axis from scanned inputs and gives one to scanned outputs', () => {
    const [state, slice] = [new Value('s'), new Value('e')];
    const sum = node('Add', [state, slice]);
    const inner = body([state, slice], [sum.node], [sum.out, slice]);
    const input = new Value('x', tensorType('float32', ['batch', 7, 'seq']));
    const initial = new Value('init', tensorType('float32', ['batch', 7]));
    const [last, all] = [new Value('last'), new Value('all')];
    const scan = new Node({
      opType: 'Scan',
      inputs: [initial, input],
      outputs: [last, all],
      attributes: [
        attr.graph('body', inner),
        attr.int('num_scan_inputs', 1),
        attr.ints('scan_input_axes', [-1]),
        attr.ints('scan_output_axes', [1]),
      ],
    });
    const model = main([initial, input], [], scan);
    expect(text(model, last)).toBe('float[batch,7]');
    expect(text(model, all)).toBe('float[batch,seq,7]');
  });
});

describe('sequences', () => {
  it('follow each element where its place is known', () => {
    const input = x();
    const sizes = new Value('sizes');
    const second = new Value('second');
    const split = node('SplitToSequence', [input, sizes], attr.int('axis', 1));
    const part = node('SequenceAt', [split.out, second]);
    const joined = node('ConcatFromSequence', [split.out], attr.int('axis', 1));
    const constants = [
      [sizes, Tensor.int64([1, 3])],
      [second, Tensor.int64([1], [])],
    ] as const;
    const model = main([input], constants, split.node, part.node, joined.node);
    expect(text(model, part.out)).toBe('float[batch,3]');
    expect(text(model, joined.out)).toBe('float[batch,4]');
  });
});
