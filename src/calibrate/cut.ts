import { analyse } from '../blocks/index.js';
import { refuse } from '../diagnostics/index.js';
import {
  ancestors,
  applyPatch,
  Builder,
  type Graph,
  type Model,
  type Node,
  tensorType,
  Value,
} from '../ir/index.js';
import { inferTypes } from '../ir/infer/index.js';
import type { Schedule } from '../methods/schedules/index.js';
import { prepare } from '../passes/index.js';
import { predictionOf } from '../runtime/denoise.js';
import {
  createSampler,
  type Feeds,
  type HostTensor,
  numbersOf,
  type OpenModel,
  prepareFeeds,
  type RunProfile,
  type Sampler,
  type SessionOptions,
  type Tensors,
} from '../runtime/index.js';
import { roleNames } from '../runtime/profile.js';
import { openCopy } from './open.js';
import { type StreamEnds, stackEnds } from './region.js';

/**
 * What a computed step leaves to reused ones, float32: what the stack adds to each of its streams (or returns, where no
 * residual can be taken), or the prediction.
 */
export type Kept = readonly HostTensor[];

interface Opened {
  readonly session: OpenModel;
  /** Of what is kept, as outputs or inputs. */
  readonly names: readonly string[];
}

/** A model that can be run whole, or without some region on what earlier steps left. */
export class CutModel {
  readonly region: Schedule['region'];
  readonly feeds: Feeds;
  readonly sampler: Sampler;
  readonly #profile: RunProfile;
  readonly #whole: Opened;
  /** What a reused step runs; nothing where the region is the whole model. */
  readonly #rest: Opened | undefined;

  private constructor(
    region: Schedule['region'],
    profile: RunProfile,
    whole: Opened,
    rest: Opened | undefined,
  ) {
    this.region = region;
    this.#profile = profile;
    this.#whole = whole;
    this.#rest = rest;
    this.feeds = prepareFeeds(profile, whole.session);
    this.sampler = createSampler(profile.sampler);
  }

  static async open(
    path: string,
    profile: RunProfile,
    region: Schedule['region'],
    options: SessionOptions = {},
  ): Promise<CutModel> {
    const open = async (edit: (model: Model, ends: readonly StreamEnds[]) => string[]): Promise<Opened> => {
      let names: string[] = [];
      const session = await openCopy(path, options, model => {
        prepare(model);
        names = edit(model, reusedEnds(stackEnds(model, analyse(model, roleNames(profile)))));
      });
      return { session, names };
    };
    return region === 'stack'
      ? new CutModel(region, profile, await open(showResiduals), await open(feedResiduals))
      : new CutModel(region, profile, await open(() => []), undefined);
  }

  get steps(): number {
    return this.sampler.timesteps.length;
  }

  /** A whole step: the prediction, and what it leaves to reused ones. */
  async compute(latent: Float32Array, step: number): Promise<{ prediction: Float64Array; kept: Kept }> {
    const { session, names } = this.#whole;
    const outputs = await session.execute(this.feeds.at(latent, this.sampler.timesteps[step] ?? 0));
    const prediction = this.#prediction(session, outputs);
    const whole: HostTensor = {
      type: 'float32',
      dims: this.feeds.dims,
      data: Float32Array.from(prediction),
    };
    return { prediction, kept: this.#rest ? names.map(name => given(outputs, name)) : [whole] };
  }

  /** The prediction of a step whose region is replaced by what is kept. */
  async reuse(latent: Float32Array, step: number, kept: Kept): Promise<Float64Array> {
    if (this.#rest === undefined) return Float64Array.from(kept[0] ? numbersOf(kept[0]) : []);
    const { session, names } = this.#rest;
    const feeds = this.feeds.at(latent, this.sampler.timesteps[step] ?? 0);
    kept.forEach((tensor, i) => {
      feeds.set(names[i] ?? '', tensor);
    });
    return this.#prediction(session, await session.execute(feeds));
  }

  async close(): Promise<void> {
    await Promise.all([this.#whole.session.close(), this.#rest?.session.close()]);
  }

  #prediction(model: OpenModel, outputs: Tensors): Float64Array {
    return Float64Array.from(numbersOf(predictionOf(this.#profile, model, outputs, this.feeds.dims)));
  }
}

/** Streams that a residual can be taken of; all of them where there is none. */
function reusedEnds(ends: readonly StreamEnds[]): readonly StreamEnds[] {
  const residual = ends.filter(end => end.enter !== undefined);
  return residual.length > 0 ? residual : ends;
}

function given(outputs: Tensors, name: string): HostTensor {
  const tensor = outputs.get(name);
  if (tensor === undefined) throw new Error(`no output ${name}`);
  return tensor;
}

/** The model shows what each stream gains on its way through the blocks. */
function showResiduals(model: Model, ends: readonly StreamEnds[]): string[] {
  const { graph } = model;
  const b = builderOf(model);
  return ends.map(({ enter, exit }) => {
    const gained = enter === undefined ? exit : b.op('Sub', [exit, enter]);
    const shown = b.cast(gained, 'float32', tensorType('float32', undefined));
    b.place();
    graph.addOutput(shown);
    return shown.name;
  });
}

/** What the blocks make of their streams comes from outside; what only they need is left out. */
function feedResiduals(model: Model, ends: readonly StreamEnds[]): string[] {
  const { graph } = model;
  const inferred = inferTypes(model);
  const b = builderOf(model);
  const names = ends.map(({ enter, exit }) => {
    const type = inferred.typeOf(exit);
    if (type?.kind !== 'tensor') return refuse('BWC204', { value: exit.name, what: 'type' });
    const residual = new Value(model.names.fresh('bwc.residual'), tensorType('float32', type.shape));
    graph.addInput(residual);
    const typed = type.elem === 'float32' ? residual : b.cast(residual, type.elem);
    const stand = enter === undefined ? typed : b.op('Add', [enter, typed]);
    b.place(follower(graph, enter));
    applyPatch({ graph, replace: [{ from: exit, to: stand }] });
    return residual.name;
  });
  const needed = ancestors(graph, graph.outputs);
  applyPatch({ graph, remove: graph.nodes.filter(node => !needed.has(node)) });
  return names;
}

function builderOf(model: Model): Builder {
  return new Builder(model, model.graph, 'bwc/calibrate', 'bwc: made to calibrate');
}

/** The node in front of which a reader of the value can stand. */
function follower(graph: Graph, value: Value | undefined): Node | undefined {
  return graph.nodes[value?.producer === undefined ? 0 : graph.nodes.indexOf(value.producer) + 1];
}
