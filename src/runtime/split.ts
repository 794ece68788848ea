import { Refusal } from '../diagnostics/index.js';
import type { Manifest } from '../plan/manifest.js';
import { modelFiles } from './manifest.js';
import { type Executor, OpenModel, type Port, type SessionOptions, type Tensors } from './session.js';
import { type HostTensor, numbersOf } from './tensors.js';

/** What a step said of the one behind it. */
interface Forecast {
  readonly mayReuse: boolean;
  /** With which knobs it was said. */
  readonly knobs: readonly (HostTensor | undefined)[];
}

/**
 * Two models that a host chooses between at each step. It runs the reuse model where that may do, and the compute model
 * on the same feeds and the same state where it said that the step should have been computed. What is known of a state
 * is kept with the very tensors that a step gave; of others the reuse model tells.
 */
export class SplitSession implements Executor {
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  readonly #compute: OpenModel;
  readonly #reuse: OpenModel;
  readonly #manifest: Manifest;
  readonly #forecasts = new WeakMap<HostTensor, Forecast>();
  /** Runs of each model so far. */
  readonly runs = { compute: 0, reuse: 0 };

  private constructor(compute: OpenModel, reuse: OpenModel, manifest: Manifest) {
    this.#compute = compute;
    this.#reuse = reuse;
    this.#manifest = manifest;
    this.inputs = compute.inputs;
    this.outputs = compute.outputs;
  }

  /**
   * Loads both models.
   * @param path of the manifest or of either model
   * @throws Refusal BWC431 when one of them is missing; else as `openModel`
   */
  static async open(path: string, manifest: Manifest, options: SessionOptions = {}): Promise<SplitSession> {
    const [compute, reuse = compute] = await modelFiles(path);
    const first = await OpenModel.open(compute, options);
    try {
      return new SplitSession(first, await OpenModel.open(reuse, options), manifest);
    } catch (error) {
      await first.close();
      throw error;
    }
  }

  get path(): string {
    return this.#compute.path;
  }

  async execute(feeds: Tensors): Promise<Map<string, HostTensor>> {
    const results = (await this.#reused(feeds)) ?? (await this.#computed(feeds));
    const { state } = this.#manifest;
    const mayReuse = this.#flag(results, 'next');
    const knobs = this.#knobsOf(feeds);
    for (const { output } of state) {
      const tensor = results.get(output);
      if (tensor !== undefined) this.#forecasts.set(tensor, { mayReuse, knobs });
    }
    return results;
  }

  async close(): Promise<void> {
    await this.#compute.close();
    await this.#reuse.close();
  }

  async #computed(feeds: Tensors): Promise<Map<string, HostTensor>> {
    this.runs.compute++;
    return await this.#compute.execute(feeds);
  }

  /** What the reuse model gives, where the step is one to reuse. */
  async #reused(feeds: Tensors): Promise<Map<string, HostTensor> | undefined> {
    if (!this.#mayReuse(feeds)) return undefined;
    this.runs.reuse++;
    try {
      const results = await this.#reuse.execute(feeds);
      return this.#flag(results, 'computed') ? undefined : results;
    } catch (error) {
      // A state of another shape than the feeds want. Of feeds that are wrong by themselves the compute model tells.
      if (error instanceof Refusal) return undefined;
      throw error;
    }
  }

  #mayReuse(feeds: Tensors): boolean {
    if (this.#isForced(feeds)) return false;
    const state = this.#manifest.state.map(pair => feeds.get(pair.input));
    const knobs = this.#knobsOf(feeds);
    const known = state.map(tensor => tensor && this.#forecasts.get(tensor));
    const [first] = known;
    const isKnown = first !== undefined && known.every(each => each?.mayReuse === first.mayReuse);
    if (isKnown && first.knobs.every((tensor, i) => tensor === knobs[i])) return first.mayReuse;
    return state.some(tensor => tensor !== undefined && !isZero(tensor));
  }

  /** Whether a knob says that the step is computed. */
  #isForced(feeds: Tensors): boolean {
    return this.#manifest.knobs.some(({ input, fields }) => {
      const tensor = feeds.get(input);
      const values = tensor && numbersOf(tensor);
      return fields.some(({ name }, i) => (name === 'force' || name === 'reset') && (values?.[i] ?? 0) > 0.5);
    });
  }

  #knobsOf(feeds: Tensors): readonly (HostTensor | undefined)[] {
    return this.#manifest.knobs.map(knob => feeds.get(knob.input));
  }

  #flag(results: Tensors, name: 'computed' | 'next'): boolean {
    return this.#manifest.signals.some(signal => {
      const tensor = signal.name === name ? results.get(signal.output) : undefined;
      return tensor !== undefined && numbersOf(tensor).some(x => x !== 0);
    });
  }
}

/** True for a state with which a generation begins. */
function isZero({ data }: HostTensor): boolean {
  return data.every((x: number | bigint) => Number(x) === 0);
}
