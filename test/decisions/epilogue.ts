import { ancestors, Value } from '../../src/ir/index.js';
import { toBytes } from '../../src/onnx/index.js';
import {
  type HostTensor,
  type OpenModel,
  openModel,
  type SessionOptions,
  type Tensors,
} from '../../src/runtime/index.js';
import { defined, type Fixture, read } from '../blocks/fixtures.js';
import type { Picked } from './record.js';

const CUT = 'test.cut';

/** What is left of an original model when one of its values comes from outside. */
export class Epilogue {
  readonly #model: OpenModel;
  readonly #output: string;

  private constructor(model: OpenModel, output: string) {
    this.#model = model;
    this.#output = output;
  }

  static async open(fixture: Fixture, picked: Picked, options: SessionOptions = {}): Promise<Epilogue> {
    const model = read(fixture);
    const { graph } = model;
    const value = defined(picked(model)[0]);
    const from = new Value(
      CUT,
      value.type?.kind === 'tensor' ? { kind: 'tensor', elem: value.type.elem } : undefined,
    );
    from.type ??= { kind: 'tensor', elem: 'float32' };
    model.names.reserve(CUT);
    graph.addInput(from);
    value.replaceUses(from);
    const needed = ancestors(graph, graph.outputs);
    expectFewer(needed.size, graph.nodes.length);
    for (const node of graph.nodes.filter(n => !needed.has(n)).reverse()) graph.delete(new Set([node]));
    return new Epilogue(
      await openModel(toBytes(model), { threads: 1, ...options }),
      fixture.truth.prediction,
    );
  }

  /** The prediction with `stand` in the place of the value. */
  async run(feeds: Tensors, stand: HostTensor): Promise<HostTensor> {
    const results = await this.#model.execute(new Map([...feeds, [CUT, stand]]));
    return defined(results.get(this.#output), this.#output);
  }

  close(): Promise<void> {
    return this.#model.close();
  }
}

function expectFewer(left: number, all: number): void {
  if (left > all / 2) throw new Error(`${left} of ${all} nodes are left: the blocks were not cut off`);
}
