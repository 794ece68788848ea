import fc from 'fast-check';
import { it } from 'vitest';
import { type Attribute, attr, type Dim, Graph, Tensor, tensorType } from '../../src/ir/index.js';
import { flopsOf, inferTypes } from '../../src/ir/infer/index.js';
import { rules } from '../../src/ir/infer/rules/index.js';
import { type Operand, single } from './build.js';

const dim: fc.Arbitrary<Dim> = fc.oneof(
  fc.integer({ min: -2, max: 9 }),
  fc.constantFrom('a', 'a//2', '?', undefined, 2 ** 53),
);
const number = fc.oneof(fc.integer({ min: -4, max: 9 }), fc.constantFrom(2 ** 40, -(2 ** 40)));

const operand: fc.Arbitrary<Operand | undefined> = fc.oneof(
  fc.constant(undefined),
  fc
    .tuple(
      fc.constantFrom('float32', 'int64', 'bool', 'undefined'),
      fc.option(fc.array(dim, { maxLength: 5 }), { nil: undefined }),
    )
    .map(([elem, shape]): Operand => ({ kind: 'fed', type: tensorType(elem, shape), fill: 0 })),
  fc
    .array(number, { maxLength: 6 })
    .map((values): Operand => ({ kind: 'constant', tensor: Tensor.int64(values) })),
  number.map((value): Operand => ({ kind: 'constant', tensor: Tensor.int64([value], []) })),
  fc.constant<Operand>({
    kind: 'fed',
    type: { kind: 'sequence', of: tensorType('float32', ['a', 3]) },
    fill: 0,
  }),
  fc.constant<Operand>({ kind: 'fed', type: { kind: 'other' }, fill: 0 }),
);

const NAMES = (
  'axis axes perm to keepdims kernel_shape strides pads dilations group split num_outputs starts ends shape blocksize ' +
  'equation auto_pad num_heads q_num_heads kv_num_heads batch_dims N K scales output_shape num_scan_inputs transA ' +
  'transBatchA qkv_hidden_sizes start end dtype'
).split(' ');

const attribute: fc.Arbitrary<Attribute> = fc
  .tuple(fc.constantFrom(...NAMES), fc.array(number, { maxLength: 5 }), fc.nat(3))
  .map(([name, values, kind]): Attribute => {
    if (kind === 0) return attr.int(name, values[0] ?? 0);
    if (kind === 1) return attr.ints(name, values);
    return kind === 2
      ? attr.string(name, values.join('->,...').slice(0, 12))
      : { name, kind: 'floats', value: values };
  });

const bodies: readonly Attribute[] = ['then_branch', 'else_branch', 'body'].map(name =>
  attr.graph(name, new Graph(name)),
);

it('never throws, whatever a node looks like', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...rules.keys(), 'Unknown'),
      fc.array(operand, { maxLength: 6 }),
      fc.array(attribute, { maxLength: 5 }),
      fc.integer({ min: 1, max: 25 }),
      fc.boolean(),
      (op, inputs, attributes, opset, nested) => {
        const all = nested ? [...attributes, ...bodies] : attributes;
        const { model, outputs } = single({ op, inputs, attributes: all, outputs: 3, opset });
        const inferred = inferTypes(model);
        for (const output of outputs) inferred.constantOf(output);
        for (const node of model.graph.nodes) flopsOf(node, inferred);
      },
    ),
    { numRuns: 20_000 },
  );
});
