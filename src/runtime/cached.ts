import { refuse } from '../diagnostics/index.js';
import type { Manifest } from '../plan/manifest.js';
import {
  type Executor,
  OpenModel,
  type Port,
  type SessionOptions,
  type Signals,
  type StepModel,
  type StepResult,
  type Tensors,
} from './session.js';
import {
  copyOf,
  fromNumbers,
  type HostTensor,
  isRunType,
  numbersOf,
  type RunType,
  zeros,
} from './tensors.js';

export interface CachedOptions extends SessionOptions {
  /** The model's manifest, needed for bytes; a file's is read from its metadata or from the JSON beside it. */
  readonly manifest?: Manifest;
}

/** State between two steps, by input name. */
export type SavedState = Tensors;

/**
 * A compiled model with its state. It knows the manifest and nothing of the method: state starts as zeros, and the
 * state outputs of one step are the state inputs of the next.
 */
export class CachedModel implements StepModel {
  readonly manifest: Manifest;
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  /** With those that the compiler added; inputs with a default are not listed. */
  readonly allInputs: readonly Port[];
  readonly allOutputs: readonly Port[];
  /**
   * False where state inputs have defaults and weights lie in other files: onnxruntime-node then ignores what is fed
   * to them, so that every step runs from the default state and nothing is ever reused.
   */
  readonly threaded: boolean;
  readonly #model: Executor;
  readonly #isStream: boolean;
  /** Outputs that are asked for: signals are read from the state where it has them all. */
  readonly #wanted: readonly string[] | undefined;
  readonly #knobs = new Map<string, HostTensor>();
  #state: Map<string, HostTensor>;

  private constructor(model: Executor, manifest: Manifest, isStream = false) {
    this.#model = model;
    this.#isStream = isStream;
    this.manifest = manifest;
    this.inputs = model.inputs.filter(port => manifest.inputs.includes(port.name));
    this.outputs = model.outputs.filter(port => manifest.outputs.includes(port.name));
    this.allInputs = model.inputs;
    this.allOutputs = model.outputs;
    if (manifest.signals.every(signal => signal.stored))
      this.#wanted = [...manifest.outputs, ...manifest.state.map(pair => pair.output)];
    const declared = new Set(model.inputs.map(port => port.name));
    this.threaded = manifest.state.every(pair => declared.has(pair.input));
    for (const knob of manifest.knobs) this.#knobs.set(knob.input, emptyOf(model.path, knob));
    this.#state = this.#zeroState();
  }

  /**
   * Loads a compiled model. Of two models of a split either, or their manifest, is the path to both.
   * @throws Refusal BWC207 when it has no manifest, BWC431 when one of two models is missing; else as `openModel`
   */
  static async open(source: string | Uint8Array, options: CachedOptions = {}): Promise<CachedModel> {
    const manifest =
      options.manifest ?? (typeof source === 'string' ? await readManifest(source) : undefined);
    if (manifest === undefined) return refuse('BWC207', {});
    if (manifest.split !== undefined && typeof source === 'string') {
      const { SplitSession } = await import('./split.js');
      return new CachedModel(await SplitSession.open(source, manifest, options), manifest);
    }
    const label = typeof source === 'string' ? source : (options.label ?? 'the model in memory');
    const feedable = manifest.stateDefaults ? await withoutDefaults(source, manifest) : source;
    return new CachedModel(await OpenModel.open(feedable, { ...options, label }), manifest);
  }

  get path(): string {
    return this.#model.path;
  }

  /**
   * A model of its own over the same loaded session: fresh state, knobs as compiled. Classifier-free guidance takes
   * one for each of its two streams, a server one for each generation. Closing the model that was opened ends them all;
   * closing a stream does nothing.
   */
  stream(): CachedModel {
    return new CachedModel(this.#model, this.manifest, true);
  }

  /** True when the model has a knob field of that name. */
  hasKnob(name: string): boolean {
    return this.manifest.knobs.some(knob => knob.fields.some(field => field.name === name));
  }

  /**
   * Sets knob fields by name for the steps to come; fields that are left out keep their value, zero at first.
   * @throws Refusal BWC303 for a field the model does not have
   */
  setKnobs(values: Readonly<Record<string, number>>): void {
    for (const [name, value] of Object.entries(values)) {
      const knob = this.manifest.knobs.find(k => k.fields.some(field => field.name === name));
      const tensor = knob && this.#knobs.get(knob.input);
      if (knob === undefined || tensor === undefined) {
        const known =
          this.manifest.knobs.flatMap(k => k.fields.map(field => field.name)).join(', ') || 'none';
        refuse('BWC303', {
          name,
          value: String(value),
          reason: `not a knob of this model (${known})`,
        });
      }
      const fields = numbersOf(tensor).slice();
      fields[knob.fields.findIndex(field => field.name === name)] = value;
      this.#knobs.set(knob.input, fromNumbers(tensor.type, tensor.dims, fields));
    }
  }

  async run(feeds: Tensors): Promise<StepResult> {
    const whole = new Map(feeds);
    for (const added of [this.#state, this.#knobs])
      for (const [name, tensor] of added) whole.set(name, tensor);
    const results = await this.#model.execute(whole, this.#wanted);
    for (const pair of this.manifest.state) {
      const next = results.get(pair.output);
      if (next !== undefined) this.#state.set(pair.input, next);
    }
    const outputs = new Map<string, HostTensor>();
    for (const { name } of this.outputs) {
      const output = results.get(name);
      if (output !== undefined) outputs.set(name, output);
    }
    return { outputs, signals: this.#signals(results) };
  }

  /** Starts from zeros again. */
  reset(): void {
    this.#state = this.#zeroState();
  }

  /** A copy of the state, which stays as it is while the model goes on. */
  save(): SavedState {
    return new Map([...this.#state].map(([name, tensor]) => [name, copyOf(tensor)]));
  }

  /** Goes on from a saved state, or from one made elsewhere for the same model. */
  restore(state: SavedState): void {
    this.#state = new Map([...state].map(([name, tensor]) => [name, copyOf(tensor)]));
  }

  /** Bytes that the state takes now. */
  get stateBytes(): number {
    return [...this.#state.values()].reduce((sum, tensor) => sum + tensor.data.byteLength, 0);
  }

  async close(): Promise<void> {
    if (!this.#isStream) await this.#model.close();
  }

  #zeroState(): Map<string, HostTensor> {
    return new Map(this.manifest.state.map(pair => [pair.input, emptyOf(this.path, pair)]));
  }

  #signals(results: Tensors): Signals {
    const found: Record<Manifest['signals'][number]['name'], number[]> = {
      computed: [],
      value: [],
      count: [],
      next: [],
    };
    for (const { name, output, stored } of this.manifest.signals) {
      const tensor = results.get(output);
      const number = stored && results.get(stored.output)?.data[stored.at];
      if (tensor !== undefined) found[name].push(...numbersOf(tensor));
      else if (number !== undefined)
        found[name].push(name === 'computed' ? Number(number === 0) : Number(number));
    }
    const { computed, value, count } = found;
    const full = computed.every(x => x !== 0);
    return {
      computed: full,
      partial: !full && computed.some(x => x !== 0),
      work: workOf(this.manifest, computed),
      ...(value.length > 0 && { value: Math.max(...value) }),
      ...(count.length > 0 && { count: Math.max(...count) }),
    };
  }
}

/** Files are read in Node alone, and what reads them is loaded then. */
async function readManifest(path: string): Promise<Manifest | undefined> {
  const { manifestOf } = await import('./manifest.js');
  return manifestOf(path);
}

/** Share of the regions' operations that was computed, a number a channel; of their number where operations are unknown. */
function workOf({ regions }: Manifest, computed: readonly number[]): number {
  const known = regions.every(r => r.flops !== null);
  let all = 0;
  let done = 0;
  for (const { channel, flops } of regions) {
    const size = known ? (flops ?? 0) : 1;
    all += size;
    if (computed[channel] !== 0) done += size;
  }
  if (all > 0) return done / all;
  return computed.length === 0 ? 1 : computed.filter(x => x !== 0).length / computed.length;
}

/**
 * The model with its added inputs required, since onnxruntime-node ignores what is fed to an input with a default;
 * the source as it is where weights lie in other files, which bytes in memory cannot refer to.
 */
async function withoutDefaults(
  source: string | Uint8Array,
  manifest: Manifest,
): Promise<string | Uint8Array> {
  const { externalLocations, readModel, readModelFrom, toBytes } = await import('../onnx/index.js');
  const model = typeof source === 'string' ? readModel(source) : readModelFrom(source);
  if (externalLocations(model).size > 0) return source;
  const added = new Set([...manifest.state, ...manifest.knobs].map(tensor => tensor.input));
  for (const value of model.graph.inputs) {
    if (!added.has(value.name) || value.initializer === undefined) continue;
    model.graph.removeInitializer(value);
    value.initializer = undefined;
  }
  return toBytes(model);
}

/** Zeros of a manifest's tensor, a symbolic dimension being 0. */
function emptyOf(
  path: string,
  tensor: { type: string; shape: readonly (number | string)[]; input: string },
): HostTensor {
  const type = runType(path, tensor);
  return zeros(
    type,
    tensor.shape.map(d => (typeof d === 'number' ? d : 0)),
  );
}

function runType(path: string, tensor: { type: string; input: string }): RunType {
  if (isRunType(tensor.type)) return tensor.type;
  return refuse('BWC403', {
    path,
    reason: `the type ${tensor.type} of ${tensor.input} cannot be fed from JavaScript`,
  });
}
