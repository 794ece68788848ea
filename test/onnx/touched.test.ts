import { describe, expect, it } from 'vitest';
import { type Attribute, attr, Graph, Model, Node, Tensor, tensorType, Value } from '../../src/ir/index.js';
import { readModelFrom, toBytes } from '../../src/onnx/index.js';
import {
  entry,
  f32,
  field,
  floats,
  graph,
  int,
  join,
  model,
  node,
  small,
  tensor,
  unknown,
  valueInfo,
} from './build.js';
import { again, at, decode, defined, includes } from './helpers.js';

const holds = (m: Model, part: Uint8Array): boolean => includes(toBytes(m), part);

/** a = Relu(x), b = Add(a, w), y = Abs(b), with something to lose in each message. */
const chain = (): Uint8Array =>
  model(
    graph({
      nodes: [
        node({
          op: 'Relu',
          inputs: ['x'],
          outputs: ['a'],
          name: 'relu',
          more: [field(9, entry('k', 'relu')), unknown()],
        }),
        node({
          op: 'Add',
          inputs: ['a', 'w'],
          outputs: ['b'],
          name: 'add',
          attributes: [
            join(field(1, 'axes'), int(8, 1), int(8, 2), int(20, 7), unknown()),
            join(field(1, 'f'), f32(2, 0x7f800001), int(20, 1)),
          ],
          more: [field(6, ''), field(9, entry('k', 'add')), unknown()],
        }),
        node({ op: 'Abs', inputs: ['b'], outputs: ['y'], name: 'abs' }),
      ],
      initializers: [tensor('w', [2], floats(1, 2), 1, field(16, entry('t', 'w')), unknown())],
      inputs: [valueInfo('x')],
      outputs: [valueInfo('y', [2], 1, field(3, 'the result'), unknown())],
      infos: [valueInfo('b', [2], 1, field(4, entry('v', 'b')), unknown()), valueInfo('a')],
      more: [field(14, field(1, 'a'))],
    }),
  );

describe('a changed message keeps what was not changed', () => {
  it('renames a value in its producer, its readers and its value_info', () => {
    const m = readModelFrom(chain());
    defined(at(m.graph.nodes, 0).outputs[0]).name = 'renamed';
    const read = again(m);
    expect(read.graph.nodes.map(n => [...n.inputs, ...n.outputs].map(v => v?.name))).toEqual([
      ['x', 'renamed'],
      ['renamed', 'w', 'b'],
      ['b', 'y'],
    ]);
    expect(read.graph.nodes.map(n => n.metadata.get('k'))).toEqual(['relu', 'add', undefined]);
    expect(at(read.graph.nodes, 0).outputs[0]?.type).toEqual(tensorType('float32', [2]));
    expect(
      holds(m, join(field(1, 'renamed'), field(1, 'w'), field(2, 'b'), field(3, 'add'), field(4, 'Add'))),
    ).toBe(true);
    expect(holds(m, join(field(6, ''), field(9, entry('k', 'add')), unknown()))).toBe(true);
  });

  it('renames an initializer and keeps its bytes and fields', () => {
    const m = readModelFrom(chain());
    defined([...m.graph.initializers][0]).name = 'weight';
    expect(
      holds(m, join(field(8, 'weight'), field(9, floats(1, 2)), field(16, entry('t', 'w')), unknown())),
    ).toBe(true);
    expect(at(again(m).graph.nodes, 1).inputs[1]?.initializer?.numbers()).toEqual([1, 2]);
  });

  it('replaces a tensor', () => {
    const m = readModelFrom(chain());
    const w = defined([...m.graph.initializers][0]);
    w.initializer = Tensor.float32([5, 6, 7]);
    const tensors = [...again(m).graph.initializers].map(v => [
      v.name,
      v.initializer?.dims,
      v.initializer?.numbers(),
    ]);
    expect(tensors).toEqual([['w', [3], [5, 6, 7]]]);
  });

  it('changes one attribute and keeps the bytes of the others', () => {
    const m = readModelFrom(chain());
    const add = at(m.graph.nodes, 1);
    add.setAttribute(attr.int('added', -5n));
    const axes = defined(add.attributes.get('axes'));
    add.setAttribute({ ...axes, kind: 'ints', value: [7n] } as Attribute);
    const read = at(again(m).graph.nodes, 1);
    expect([...read.attributes.keys()]).toEqual(['axes', 'f', 'added']);
    expect(read.ints('axes')).toEqual([7]);
    expect(read.int('added')).toBe(-5);
    expect(holds(m, join(field(1, 'f'), f32(2, 0x7f800001), int(20, 1)))).toBe(true);
    expect(holds(m, join(field(1, 'axes'), int(8, 7), int(20, 7), unknown()))).toBe(true);
    add.removeAttribute('axes');
    expect([...at(again(m).graph.nodes, 1).attributes.keys()]).toEqual(['f', 'added']);
  });

  it('writes an attribute of every kind, int64 to its ends', () => {
    const kinds: Attribute[] = [
      attr.int('min', -(2n ** 63n)),
      attr.int('max', 2n ** 63n - 1n),
      attr.int('zero', 0),
      attr.float('f', 0.5),
      attr.string('s', 'Straße \udcff'),
      attr.ints('ints', [1, -2, 3]),
      attr.tensor('t', Tensor.int64([1, 2, 3])),
      { name: 'fs', kind: 'floats', value: [1, Number.POSITIVE_INFINITY] },
      { name: 'ss', kind: 'strings', value: ['', 'b'] },
      { name: 'ts', kind: 'tensors', value: [Tensor.of('float16', [1.5], []), Tensor.bool([true], [1])] },
      { name: 'r', kind: 'reference', value: 'outer', type: 2 },
    ];
    const m = readModelFrom(chain());
    for (const attribute of kinds) at(m.graph.nodes, 0).setAttribute(attribute);
    const read = at(again(m).graph.nodes, 0);
    const plain = (a: Attribute | undefined): unknown => {
      if (a?.kind === 'tensor') return [a.value.elem, a.value.dims, a.value.numbers()];
      if (a?.kind === 'tensors') return a.value.map(t => [t.elem, t.dims, t.numbers()]);
      return a?.kind === 'other' ? a.type : a?.value;
    };
    for (const attribute of kinds)
      expect(plain(read.attributes.get(attribute.name))).toEqual(plain(attribute));
    expect(read.attributes.get('r')).toMatchObject({ kind: 'reference', type: 2 });
  });

  it('edits metadata of nodes, graph and model in place', () => {
    const m = readModelFrom(
      small({}, field(14, entry('keep', '1', unknown())), field(14, entry('change', '2', unknown()))),
    );
    m.metadata.set('change', '3');
    m.metadata.set('new', '4');
    m.graph.metadata.set('g', '5');
    at(m.graph.nodes, 0).metadata.set('n', '6');
    const read = again(m);
    expect([...read.metadata]).toEqual([
      ['keep', '1'],
      ['change', '3'],
      ['new', '4'],
    ]);
    expect([...read.graph.metadata]).toEqual([['g', '5']]);
    expect([...at(read.graph.nodes, 0).metadata]).toEqual([['n', '6']]);
    expect(holds(m, field(14, entry('keep', '1', unknown())))).toBe(true);
    m.metadata.delete('keep');
    expect(holds(m, entry('keep', '1'))).toBe(false);
  });

  it('changes fields of the model, and back to identical bytes', () => {
    const bytes = small();
    const m = readModelFrom(bytes);
    const { irVersion, modelVersion } = m;
    m.irVersion = 10;
    m.modelVersion = -1n;
    m.producerVersion = '2';
    m.docString = 'doc';
    m.opsets.set('', 18);
    m.opsets.set('com.test', 1);
    expect(again(m)).toMatchObject({
      irVersion: 10,
      modelVersion: -1n,
      producerVersion: '2',
      docString: 'doc',
    });
    expect([...again(m).opsets]).toEqual([
      ['', 18],
      ['com.test', 1],
    ]);
    Object.assign(m, { irVersion, modelVersion, producerVersion: '', docString: '' });
    m.opsets.set('', 17);
    m.opsets.delete('com.test');
    expect(toBytes(m)).toEqual(bytes);
  });
});

describe('structure', () => {
  it('inserts nodes between, and gives value_info to new values with a type', () => {
    const m = readModelFrom(chain());
    const abs = at(m.graph.nodes, 2);
    const b = defined(abs.inputs[0]);
    const [typed, untyped] = [new Value('typed', tensorType('float32', [2])), new Value('untyped')];
    const neg = new Node({ opType: 'Neg', inputs: [b], outputs: [typed] });
    const neg2 = new Node({ opType: 'Neg', inputs: [typed], outputs: [untyped] });
    m.graph.insertBefore(abs, [neg, neg2]);
    abs.setInput(0, untyped);
    const read = again(m);
    expect(read.graph.nodes.map(n => n.opType)).toEqual(['Relu', 'Add', 'Neg', 'Neg', 'Abs']);
    expect(decode(toBytes(m)).graph?.valueInfo?.map(v => v.name)).toEqual(['b', 'a', 'typed']);
  });

  it('deletes nodes with their value_info and keeps the order of a reordered graph', () => {
    const m = readModelFrom(chain());
    const [relu, add, abs] = [at(m.graph.nodes, 0), at(m.graph.nodes, 1), at(m.graph.nodes, 2)];
    abs.setInput(0, relu.outputs[0]);
    m.graph.delete(new Set([add]));
    m.graph.reorder([abs, relu]);
    const read = again(m);
    expect(read.graph.nodes.map(n => n.opType)).toEqual(['Abs', 'Relu']);
    expect(decode(toBytes(m)).graph?.valueInfo?.map(v => v.name)).toEqual(['a']);
  });

  it('lets a new value take the place and documentation of an output', () => {
    const m = readModelFrom(chain());
    const old = at(m.graph.outputs, 0);
    old.name = 'inner';
    const y = new Value('y', tensorType('float32', [2]));
    m.graph.append(new Node({ opType: 'Identity', inputs: [old], outputs: [y] }));
    m.graph.removeOutput(old);
    m.graph.addOutput(y);
    expect(holds(m, field(12, valueInfo('y', [2], 1, field(3, 'the result'), unknown())))).toBe(true);
    const inner = at(again(m).graph.nodes, 2).outputs[0];
    expect([inner?.name, inner?.type]).toEqual(['inner', tensorType('float32', [2])]);
  });

  it('adds inputs, outputs and initializers after those that were there', () => {
    const m = readModelFrom(chain());
    const state = new Value('state', tensorType('float16', ['batch', 2]));
    m.graph.addInput(state);
    m.graph.addOutput(at(m.graph.nodes, 0).outputs[0] ?? state);
    m.graph.addInitializer(state, Tensor.of('float16', [1, 2], [1, 2]));
    const { inputs, outputs, initializers } = again(m).graph;
    expect(inputs.map(v => v.name)).toEqual(['x', 'state']);
    expect(outputs.map(v => v.name)).toEqual(['y', 'a']);
    expect([...initializers].map(v => v.name)).toEqual(['w', 'state']);
    expect([...initializers][1]).toBe(inputs[1]);
    expect(inputs[1]?.type).toEqual(tensorType('float16', ['batch', 2]));
  });

  it('writes a model made from nothing', () => {
    const g = new Graph('made');
    const x = new Value('x', tensorType('float32', ['n', undefined, 3]));
    const y = new Value('y', { kind: 'sequence', of: tensorType('int64') });
    g.addInput(x);
    g.append(new Node({ opType: 'SplitToSequence', inputs: [x, undefined], outputs: [y] }));
    g.addOutput(y);
    const read = again(new Model({ graph: g, irVersion: 9 }));
    expect(read.irVersion).toBe(9);
    expect([...read.opsets]).toEqual([['', 17]]);
    expect(read.graph.inputs[0]?.type).toEqual(x.type);
    expect(read.graph.outputs[0]?.type).toEqual(y.type);
    expect(read.graph.nodes[0]?.inputs.map(v => v?.name)).toEqual(['x', undefined]);
  });

  it('repeats types it does not describe for values that share them', () => {
    const map = field(5, join(int(1, 7), field(2, field(1, int(1, 1)))));
    const m = readModelFrom(small({ inputs: [valueInfo('x'), join(field(1, 'm'), field(2, map))] }));
    m.graph.addInput(new Value('m2', m.graph.inputs[1]?.type));
    expect(holds(m, field(11, join(field(1, 'm2'), field(2, map))))).toBe(true);
  });
});
