import { performance } from 'node:perf_hooks';
import {
  CachedModel,
  type HostTensor,
  OpenModel,
  type StepModel,
  type Tensors,
} from '../src/runtime/index.js';
import { median } from './measure.js';

/** What `load.ts` prints. */
export interface Loaded {
  readonly ms: number;
  readonly mib: number;
}

export const THREADS = 1;

/** Why models cannot be run, if they cannot. */
export async function canRun(): Promise<string | undefined> {
  try {
    await import('onnxruntime-node');
    return undefined;
  } catch {
    return 'onnxruntime-node is not installed';
  }
}

export type Steps = 'original' | 'compute' | 'reuse' | 'rest' | 'narrow';

/** Seconds of each kind of step, by round. */
export type StepTimes = Readonly<Record<Steps, readonly number[]>>;

/** The median over rounds of one kind by another: what disturbs a round disturbs both. */
export function ratioOf(times: StepTimes, ours: Steps, reference: Steps): number {
  return median(times[ours].map((time, i) => time / (times[reference][i] ?? Number.NaN)));
}

/**
 * Takes every kind of step once a round, in turn. The models are loaded several times: where ONNX Runtime puts a model's
 * memory makes it a percent faster or slower for as long as it is loaded.
 */
export async function timeSteps(paths: Paths, rounds: number): Promise<StepTimes> {
  const times: Record<Steps, number[]> = { original: [], compute: [], narrow: [], reuse: [], rest: [] };
  for (let load = 0; load < LOADS; load++) await timeLoaded(paths, Math.ceil(rounds / LOADS), times);
  return times;
}

type Paths = Readonly<Record<'original' | 'compiled' | 'narrow' | 'rest', string>>;

const LOADS = 6;

async function timeLoaded(paths: Paths, rounds: number, times: Record<Steps, number[]>): Promise<void> {
  const options = { threads: THREADS };
  const original = await OpenModel.open(paths.original, options);
  const compute = await CachedModel.open(paths.compiled, options);
  const narrow = await CachedModel.open(paths.narrow, options);
  const reuse = await CachedModel.open(paths.compiled, options);
  const rest = await OpenModel.open(paths.rest, options);
  for (const model of [compute, narrow]) model.setKnobs({ force: 1 });
  const models: Readonly<Record<Steps, StepModel>> = { original, compute, narrow, reuse, rest };
  for (let round = -WARM_UP; round < rounds; round++) {
    for (const name of ORDER) {
      const model = models[name];
      const feeds = feedsOf(model, round);
      const start = performance.now();
      const { signals } = await model.run(feeds);
      if (round < 0) continue;
      times[name].push((performance.now() - start) / 1000);
      if (signals !== undefined && signals.computed !== (name !== 'reuse'))
        throw new Error(`a step meant for ${name} was ${signals.computed ? 'computed' : 'reused'}`);
    }
  }
  for (const model of Object.values(models)) await model.close();
}

const ORDER: readonly Steps[] = ['original', 'compute', 'narrow', 'reuse', 'rest'];
/** The first steps are computed, whatever comes. */
const WARM_UP = 3;

/** The same noise for every model, batch 1, and a timestep that goes on: one that stands still would begin anew. */
function feedsOf(model: StepModel, round: number): Tensors {
  const feeds = new Map<string, HostTensor>();
  for (const port of model.inputs) {
    const dims = port.shape.map(dim => (typeof dim === 'number' ? dim : 1));
    const data = new Float32Array(dims.reduce((a, b) => a * b, 1));
    for (let i = 0; i < data.length; i++)
      data[i] = dims.length === 1 ? 900 - round : Math.sin(i * 12.9898) * 1.5;
    feeds.set(port.name, { type: 'float32', dims, data });
  }
  return feeds;
}
