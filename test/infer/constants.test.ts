import { describe, expect, it } from 'vitest';
import {
  type Attribute,
  attr,
  type Dim,
  Graph,
  Model,
  Node,
  type Shape,
  Tensor,
  tensorType,
  Value,
} from '../../src/ir/index.js';
import { inferTypes } from '../../src/ir/infer/index.js';

/** A graph built node by node; values have no declared types but the inputs. */
class Sketch {
  readonly graph = new Graph('main');
  #count = 0;

  input(name: string, elem: 'float32' | 'int64' | 'bool', ...shape: Dim[]): Value {
    const value = new Value(name, tensorType(elem, shape));
    this.graph.addInput(value);
    return value;
  }

  int64(values: readonly number[], dims?: readonly number[]): Value {
    const value = new Value(`c${this.#count++}`);
    this.graph.addInitializer(value, Tensor.int64(values, dims));
    return value;
  }

  float(...values: number[]): Value {
    const value = new Value(`c${this.#count++}`);
    this.graph.addInitializer(value, Tensor.float32(values));
    return value;
  }

  node(opType: string, inputs: readonly (Value | undefined)[], ...attributes: Attribute[]): Value {
    const output = new Value(`v${this.#count++}`);
    this.graph.append(new Node({ opType, inputs, outputs: [output], attributes }));
    return output;
  }

  constantOf(value: Value): readonly Dim[] | undefined {
    return this.infer().constantOf(value);
  }

  shapeOf(value: Value): Shape | undefined {
    return this.infer().shapeOf(value);
  }

  infer(): ReturnType<typeof inferTypes> {
    return inferTypes(new Model({ graph: this.graph }));
  }
}

const { int } = attr;

describe('known elements of small tensors', () => {
  const sketch = new Sketch();
  const x = sketch.input('x', 'float32', 'batch', 4, 'height', 'width');
  const shape = sketch.node('Shape', [x]);
  const dim = (i: number): Value => sketch.node('Gather', [shape, sketch.int64([i], [])], int('axis', 0));
  const vector = (...values: Value[]): Value =>
    sketch.node(
      'Concat',
      values.map(v => sketch.node('Unsqueeze', [v, sketch.int64([0])])),
      int('axis', 0),
    );
  const two = sketch.int64([2], []);
  const half = sketch.node('Div', [dim(2), two]);

  it.each<[string, Value, readonly Dim[]]>([
    ['Shape', shape, ['batch', 4, 'height', 'width']],
    ['Shape with bounds', sketch.node('Shape', [x], int('start', -2)), ['height', 'width']],
    ['Size', sketch.node('Size', [x]), ['4*batch*height*width']],
    ['Gather', dim(-1), ['width']],
    ['Div', half, ['height//2']],
    ['Mul', sketch.node('Mul', [half, dim(0)]), ['batch*(height//2)']],
    ['Mod', sketch.node('Mod', [dim(2), two]), ['height - 2*(height//2)']],
    ['Neg', sketch.node('Neg', [half]), ['-(height//2)']],
    ['Concat', vector(dim(0), half, two), ['batch', 'height//2', 2]],
    ['Slice', sketch.node('Slice', [shape, sketch.int64([2]), sketch.int64([2 ** 40])]), ['height', 'width']],
    [
      'Slice backwards',
      sketch.node('Slice', [
        shape,
        sketch.int64([-1]),
        sketch.int64([0]),
        sketch.int64([0]),
        sketch.int64([-2]),
      ]),
      ['width', 4],
    ],
    [
      'Cast through float',
      sketch.node('Cast', [sketch.node('Floor', [sketch.node('Cast', [half], int('to', 1))])], int('to', 7)),
      ['height//2'],
    ],
    ['ReduceProd', sketch.node('ReduceProd', [shape], int('keepdims', 0)), ['4*batch*height*width']],
    [
      'ConstantOfShape',
      sketch.node('ConstantOfShape', [sketch.int64([3])], attr.tensor('value', Tensor.int64([-1]))),
      [-1, -1, -1],
    ],
    ['Range', sketch.node('Range', [sketch.int64([1], []), sketch.int64([7], []), two]), [1, 3, 5]],
    ['Min', sketch.node('Min', [dim(0), two]), ['min(2, batch)']],
    ['Max of what is known', sketch.node('Max', [dim(0), sketch.int64([0], [])]), ['batch']],
    ['Expand', sketch.node('Expand', [half, sketch.int64([2])]), ['height//2', 'height//2']],
    ['Less', sketch.node('Less', [half, sketch.int64([0], [])]), [0]],
    ['CumSum', sketch.node('CumSum', [sketch.int64([1, 2, 3]), sketch.int64([0], [])]), [1, 3, 6]],
    [
      'ScatterND',
      sketch.node('ScatterND', [shape, sketch.int64([1], [1, 1]), sketch.int64([9])]),
      ['batch', 9, 'height', 'width'],
    ],
    ['NonZero', sketch.node('NonZero', [sketch.int64([0, 5, 0, 7])]), [1, 3]],
  ])('%s', (_, value, elements) => {
    expect(sketch.constantOf(value)).toEqual(elements);
  });

  it('finds the target of Expand as the TorchScript exporter writes it', () => {
    const target = vector(dim(0), sketch.int64([-1], []), half);
    const ones = sketch.node(
      'ConstantOfShape',
      [sketch.node('Shape', [target])],
      attr.tensor('value', Tensor.int64([1])),
    );
    const negative = sketch.node('Mul', [ones, sketch.int64([-1], [])]);
    const chosen = sketch.node('Where', [sketch.node('Equal', [target, negative]), ones, target]);
    const row = sketch.input('row', 'float32', 1, 7, 1);
    expect(sketch.constantOf(chosen)).toEqual(['batch', 1, 'height//2']);
    expect(sketch.shapeOf(sketch.node('Expand', [row, chosen]))).toEqual(['batch', 7, 'height//2']);
  });

  it('finds the floor division of integers as the TorchScript exporter writes it', () => {
    const zero = sketch.int64([0], []);
    const quotient = sketch.node('Div', [dim(3), two]);
    const negative = sketch.node('Xor', [
      sketch.node('Less', [dim(3), zero]),
      sketch.node('Less', [two, zero]),
    ]);
    const rest = sketch.node('Sub', [dim(3), sketch.node('Mul', [quotient, two])]);
    const inexact = sketch.node('Not', [sketch.node('Equal', [rest, zero])]);
    const fix = sketch.node('Cast', [sketch.node('And', [negative, inexact])], int('to', 7));
    expect(sketch.constantOf(sketch.node('Sub', [quotient, fix]))).toEqual(['width//2']);
  });

  it('does not take default values of inputs for constants', () => {
    const own = new Sketch();
    const input = own.input('x', 'int64', 2);
    own.graph.addInitializer(input, Tensor.int64([1, 2]));
    expect(own.constantOf(input)).toBeUndefined();
    expect(own.shapeOf(own.node('ConstantOfShape', [input]))).toEqual([undefined, undefined]);
  });

  it('follows scales of Resize through float arithmetic', () => {
    const own = new Sketch();
    const image = own.input('x', 'float32', 'b', 4, 10, 10);
    const scales = own.node(
      'Concat',
      [own.float(1, 1), own.node('Div', [own.float(3, 3), own.float(2, 2)])],
      int('axis', 0),
    );
    expect(own.shapeOf(own.node('Resize', [image, undefined, scales]))).toEqual(['b', 4, 15, 15]);
  });

  it('has nothing to say of large or float tensors', () => {
    const own = new Sketch();
    expect(own.constantOf(own.int64(Array.from({ length: 1025 }, (_, i) => i)))).toBeUndefined();
    expect(own.constantOf(own.float(1, 2))).toBeUndefined();
  });
});

describe('declared types', () => {
  function declared(type: Shape, inferredInput: Shape): Shape | undefined {
    const graph = new Graph('main');
    const input = new Value('x', tensorType('float32', inferredInput));
    const other = new Value('y', tensorType('float32', ['seq']));
    const output = new Value('z', tensorType('float32', type));
    graph.addInput(input);
    graph.addInput(other);
    graph.append(new Node({ opType: 'Relu', inputs: [input], outputs: [output] }));
    return inferTypes(new Model({ graph })).shapeOf(output);
  }

  it.each<[string, Shape, Shape, Shape | undefined]>([
    ['a number where the file has a symbol', ['Relu_dim_0'], [4], [4]],
    ['a number where inference has a symbol', [4], ['batch'], [4]],
    ['the file where both are symbols of the inputs', ['seq'], ['batch'], ['seq']],
    ['the inputs’ symbol where the file has one of its own', ['unk__25'], ['batch'], ['batch']],
    ['what either knows', [undefined, 3], ['batch', undefined], ['batch', 3]],
    ['nothing where they contradict each other', [4], [5], [undefined]],
    ['no shape where the ranks contradict each other', [4], [4, 1], undefined],
    ['one spelling', ['((seq))*2'], [undefined], ['2*seq']],
  ])('take %s', (_, file, input, result) => {
    expect(declared(file, input)).toEqual(result);
  });
});
