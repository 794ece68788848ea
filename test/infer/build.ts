import * as ort from 'onnxruntime-node';
import {
  type Attribute,
  type DataType,
  type Dim,
  Graph,
  Model,
  Node,
  type Shape,
  Tensor,
  tensorType,
  Value,
  type ValueType,
} from '../../src/ir/index.js';
import { evaluate } from '../../src/ir/infer/index.js';
import { toBytes } from '../../src/onnx/index.js';

/** An input of a single-node model: fed at run time, or constant. */
export type Operand =
  | { readonly kind: 'fed'; readonly type: ValueType; readonly fill: number }
  | { readonly kind: 'constant'; readonly tensor: Tensor };

export function fed(elem: DataType, shape: Shape, fill = 1): Operand {
  return { kind: 'fed', type: tensorType(elem, shape), fill };
}

export const floats = (...shape: Dim[]): Operand => fed('float32', shape);
export const bools = (...shape: Dim[]): Operand => fed('bool', shape);
/** int64 zeros: valid indices everywhere. */
export const indices = (...shape: Dim[]): Operand => fed('int64', shape, 0);
export const constant = (tensor: Tensor): Operand => ({ kind: 'constant', tensor });
export const list = (...values: number[]): Operand => constant(Tensor.int64(values));
export const scalar = (value: number): Operand => constant(Tensor.int64([value], []));
export const weights = (...dims: number[]): Operand =>
  constant(
    Tensor.float32(
      Array.from({ length: dims.reduce((a, b) => a * b, 1) }, () => 0.5),
      dims,
    ),
  );

export interface NodeInit {
  readonly op: string;
  readonly inputs: readonly (Operand | undefined)[];
  readonly attributes?: readonly Attribute[];
  readonly outputs?: number;
  readonly opset?: number;
}

/** A model of one node whose outputs have no declared type. */
export function single(init: NodeInit): { readonly model: Model; readonly outputs: readonly Value[] } {
  const graph = new Graph('main');
  const [domain, opType] = init.op.includes('::') ? init.op.split('::') : ['', init.op];
  const inputs = init.inputs.map((operand, i) => operand && place(graph, operand, `in${i}`));
  const outputs = Array.from({ length: init.outputs ?? 1 }, (_, i) => new Value(`out${i}`));
  const node = { opType: opType ?? '', domain: domain ?? '', name: 'node', inputs, outputs };
  graph.append(new Node({ ...node, attributes: init.attributes ?? [] }));
  for (const output of outputs) graph.addOutput(output);
  const opsets: [string, number][] = [['', init.opset ?? 17]];
  if (domain) opsets.push([domain, 1]);
  return { model: new Model({ graph, opsets, irVersion: 8 }), outputs };
}

function place(graph: Graph, operand: Operand, name: string): Value {
  if (operand.kind === 'fed') {
    const value = new Value(name, operand.type);
    graph.addInput(value);
    return value;
  }
  const value = new Value(name);
  graph.addInitializer(value, operand.tensor);
  return value;
}

const ARRAYS = {
  float32: Float32Array,
  int64: BigInt64Array,
  int32: Int32Array,
  uint8: Uint8Array,
  int8: Int8Array,
  bool: Uint8Array,
} as const;

/** Tensors for all inputs at the sizes that `binding` gives. */
export function feedsFor(
  model: Model,
  binding: ReadonlyMap<string, number>,
  fill: (name: string) => number,
): Record<string, ort.Tensor> {
  const feeds: Record<string, ort.Tensor> = {};
  for (const input of model.graph.inputs) {
    if (input.type?.kind !== 'tensor') throw new Error(`${input.name} is no tensor`);
    const { elem, shape = [] } = input.type;
    const dims = shape.map(dim => evaluate(dim, binding) ?? 1);
    const size = dims.reduce((a, b) => a * b, 1);
    const fillWith = fill(input.name);
    if (elem === 'int64') {
      const data = new BigInt64Array(size).fill(BigInt(Math.trunc(fillWith)));
      feeds[input.name] = new ort.Tensor('int64', data, dims);
    } else {
      const array = ARRAYS[elem as keyof typeof ARRAYS] as typeof Float32Array;
      feeds[input.name] = new ort.Tensor(elem as 'float32', new array(size).fill(fillWith), dims);
    }
  }
  return feeds;
}

/** Element types and sizes that ONNX Runtime gives the model's outputs. */
export async function runtimeTypes(
  model: Model,
  feeds: Record<string, ort.Tensor>,
): Promise<Map<string, { readonly elem: string; readonly dims: readonly number[] }>> {
  const options = { graphOptimizationLevel: 'disabled', logSeverityLevel: 3 } as const;
  const session = await ort.InferenceSession.create(toBytes(model), options);
  const results = await session.run(feeds);
  const types = new Map<string, { elem: string; dims: readonly number[] }>();
  for (const [name, result] of Object.entries(results))
    types.set(name, { elem: result.type, dims: result.dims });
  await session.release();
  return types;
}
