import { Builder, type Model, Node, tensorType, Value } from '../../src/ir/index.js';
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
import type { Place, Placed } from './places.js';
import type { Picked } from './record.js';
import type { Feature } from './rules.js';

/** What an original did, the places told of standing in for what they gave. */
export interface Ran {
  readonly prediction: Feature;
  /** By place and exit: what the place itself computed, and what entered it. */
  readonly places: readonly (readonly { readonly exit: Feature; readonly enters?: Feature }[])[];
  readonly looked: readonly Feature[];
}

/** What stands in at a place, an exit each: for a residual what is added to what enters. */
export type Stands = readonly (readonly Feature[] | undefined)[];

/** The original model with a switch at each place: everything is computed, and then what was cached taken instead. */
export class Spliced {
  readonly #model: OpenModel;
  readonly #prediction: string;
  readonly #places: readonly (readonly Named[])[];
  readonly #looked: readonly string[];

  private constructor(
    model: OpenModel,
    prediction: string,
    places: readonly (readonly Named[])[],
    looked: readonly string[],
  ) {
    this.#model = model;
    this.#prediction = prediction;
    this.#places = places;
    this.#looked = looked;
  }

  static async open(
    fixture: Fixture,
    placed: Placed,
    picked: Picked = () => [],
    options: SessionOptions = {},
  ): Promise<Spliced> {
    const model = read(fixture);
    const looked = picked(model).map(v => v.name);
    for (const value of picked(model)) shown(model, value);
    const at = placed(model);
    const prediction = model.graph.outputs.findIndex(v => v.name === fixture.truth.prediction);
    const switched = new Map<Value, Value>();
    const named = at.map((place, i) => splice(model, place, `place.${i}`, switched));
    const output = defined(model.graph.outputs[prediction]).name;
    return new Spliced(await openModel(toBytes(model), { threads: 1, ...options }), output, named, looked);
  }

  async run(feeds: Tensors, stands: Stands = []): Promise<Ran> {
    const added = this.#places.flatMap((place, i) =>
      place.flatMap(({ use, stand }, exit): [string, HostTensor][] => {
        const given = stands[i]?.[exit];
        const flag = { type: 'bool', dims: [1], data: Uint8Array.of(given ? 1 : 0) } as const;
        const data = Float32Array.from(given?.data ?? [0]);
        return [
          [use, flag],
          [stand, { type: 'float32', dims: given?.dims ?? [1], data }],
        ];
      }),
    );
    const results = await this.#model.execute(new Map([...feeds, ...added]));
    const at = (name: string): Feature => {
      const tensor = results.get(name) ?? feeds.get(name);
      return { dims: defined(tensor, name).dims, data: numbersOf(defined(tensor, name)) };
    };
    return {
      prediction: at(this.#prediction),
      places: this.#places.map(place =>
        place.map(({ exit, enters }) => ({
          exit: at(exit),
          ...(enters !== undefined && { enters: at(enters) }),
        })),
      ),
      looked: this.#looked.map(at),
    };
  }

  close(): Promise<void> {
    return this.#model.close();
  }
}

/** Names of a switch's tensors. */
interface Named {
  readonly use: string;
  readonly stand: string;
  readonly exit: string;
  readonly enters: string | undefined;
}

/** What enters a place may have left another: then what stands there enters. */
function splice(
  model: Model,
  { exits, enters }: Place,
  name: string,
  switched: Map<Value, Value>,
): readonly Named[] {
  return exits.map((exit, i): Named => {
    const before = enters?.[i];
    const entering = before && (switched.get(before) ?? before);
    const use = input(model, `test.${name}.${i}.use`, 'bool');
    const stand = input(model, `test.${name}.${i}.stand`, 'float32');
    const b = new Builder(model, model.graph, `test/${name}`, 'test');
    const given = entering === undefined ? stand : b.op('Add', [entering, stand]);
    const taken = b.op('Where', [use, given, exit], { type: tensorType('float32') });
    const { nodes } = model.graph;
    b.place(
      nodes[1 + Math.max(...[exit, entering].map(v => (v?.producer ? nodes.indexOf(v.producer) : -1)))],
    );
    exit.replaceUses(taken, user => !(user instanceof Node && user.output === taken));
    switched.set(exit, taken);
    shown(model, exit);
    if (entering !== undefined) shown(model, entering);
    return { use: use.name, stand: stand.name, exit: exit.name, enters: entering?.name };
  });
}

function input(model: Model, name: string, elem: 'bool' | 'float32'): Value {
  const value = new Value(name, tensorType(elem));
  model.names.reserve(name);
  model.graph.addInput(value);
  return value;
}

/** A graph input is known from the feeds. */
function shown({ graph }: Model, value: Value): void {
  if (!graph.outputs.includes(value) && !graph.inputs.includes(value)) graph.addOutput(value);
}
