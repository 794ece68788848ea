import type { Model, Value } from '../../src/ir/index.js';
import { toBytes } from '../../src/onnx/index.js';
import {
  type HostTensor,
  numbersOf,
  type OpenModel,
  openModel,
  type SessionOptions,
  type Tensors,
} from '../../src/runtime/index.js';
import { defined, type Fixture, read } from '../blocks/fixtures.js';
import type { Features } from './rules.js';

/** Values of an original model, by position. */
export type Picked = (model: Model) => readonly Value[];

/** The original model, which gives some of its inner values as well. */
export class Recorder {
  readonly #model: OpenModel;
  readonly #names: readonly string[];

  private constructor(model: OpenModel, names: readonly string[]) {
    this.#model = model;
    this.#names = names;
  }

  static async open(fixture: Fixture, picked: Picked, options: SessionOptions = {}): Promise<Recorder> {
    const model = read(fixture);
    const values = picked(model);
    for (const value of values) if (!model.graph.outputs.includes(value)) model.graph.addOutput(value);
    const session = await openModel(toBytes(model), { threads: 1, ...options });
    return new Recorder(
      session,
      values.map(v => v.name),
    );
  }

  async run(feeds: Tensors): Promise<readonly HostTensor[]> {
    const results = await this.#model.execute(feeds);
    return this.#names.map(name => defined(results.get(name), name));
  }

  async features(feeds: Tensors): Promise<Features> {
    return (await this.run(feeds)).map(t => ({ dims: t.dims, data: numbersOf(t) }));
  }

  close(): Promise<void> {
    return this.#model.close();
  }
}

/** What each block returns, of its first stream, as truth.json has it. */
export function blockOutputs({ truth, exporter }: Fixture): Picked {
  return model => {
    const values = valuesByName(model);
    return truth.boundaries[exporter].map(block => defined(values.get(block[0]?.[0] ?? '')));
  };
}

/** What each block's projection to queries, keys and values reads, found by the name of its bias. */
export const attentionInputs: Picked = model => {
  const biases = [...model.graph.initializers].filter(v => /^blocks\.\d+\.attn\.to_qkv\.bias$/.test(v.name));
  const index = (value: Value): number => Number(value.name.split('.')[1]);
  return biases
    .sort((a, b) => index(a) - index(b))
    .map(bias => {
      const [sum] = bias.users;
      if (sum === undefined || !('inputs' in sum) || !('opType' in sum)) throw new Error('a bias is added');
      const product = defined(sum.inputs.find(v => v !== bias)?.producer, 'product');
      if (product.op !== 'MatMul') throw new Error(`${product} is not the projection`);
      return defined(product.inputs[0]);
    });
};

export function valuesByName(model: Model): Map<string, Value> {
  const values = [...model.graph.inputs, ...model.graph.nodes.flatMap(node => node.outputs)];
  return new Map(values.flatMap(v => (v ? [[v.name, v]] : [])));
}
