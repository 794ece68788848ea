import { performance } from 'node:perf_hooks';
import { CachedModel, type HostTensor, OpenModel, type StepModel, type Tensors } from '../src/runtime/index.js';
import { median } from './measure.js';

/** What `load.ts` prints. */
export interface Loaded {
  readonly ms: number;
  readonly mib: number;
}

export interface StepTimes {
  readonly original: number;
  readonly compute: number;
  readonly reuse: number;
  readonly rest: number;
  readonly narrow: number;
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

/** Seconds of a step, medians over rounds in which every kind of step is taken once, in turn. */
export async function timeSteps(
  paths: Readonly<Record<'original' | 'compiled' | 'narrow' | 'rest', string>>,
  rounds: number,
): Promise<StepTimes> {
  const options = { threads: THREADS };
  const original = await OpenModel.open(paths.original, options);
  const computing = await CachedModel.open(paths.compiled, options);
  const narrow = await CachedModel.open(paths.narrow, options);
  const reusing = await CachedModel.open(paths.compiled, options);
  const rest = await OpenModel.open(paths.rest, options);
  for (const model of [computing, narrow]) model.setKnobs({ force: 1 });
  const models: readonly [keyof StepTimes, StepModel][] = [
    ['original', original],
    ['compute', computing],
    ['narrow', narrow],
    ['reuse', reusing],
    ['rest', rest],
  ];
  const feeds = new Map(models.map(([name, model]) => [name, feedsOf(model)]));
  const times = new Map<keyof StepTimes, number[]>(models.map(([name]) => [name, []]));
  for (let round = -3; round < rounds; round++) {
    for (const [name, model] of models) {
      const start = performance.now();
      const { signals } = await model.run(feeds.get(name) ?? new Map());
      if (round < 0) continue;
      times.get(name)?.push((performance.now() - start) / 1000);
      const computed = signals?.computed;
      if (computed !== undefined && computed !== (name !== 'reuse'))
        throw new Error(`a step meant for ${name} was ${computed ? 'computed' : 'reused'}`);
    }
  }
  for (const [, model] of models) await model.close();
  const of = (name: keyof StepTimes): number => median(times.get(name) ?? []);
  return { original: of('original'), compute: of('compute'), reuse: of('reuse'), rest: of('rest'), narrow: of('narrow') };
}

/** The same noise for every model, batch 1. */
function feedsOf(model: StepModel): Tensors {
  const feeds = new Map<string, HostTensor>();
  for (const port of model.inputs) {
    const dims = port.shape.map(dim => (typeof dim === 'number' ? dim : 1));
    const data = new Float32Array(dims.reduce((a, b) => a * b, 1));
    for (let i = 0; i < data.length; i++) data[i] = dims.length === 1 ? 500 : Math.sin(i * 12.9898) * 1.5;
    feeds.set(port.name, { type: 'float32', dims, data });
  }
  return feeds;
}
