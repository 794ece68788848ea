import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { CachedModel, compile, generate, loadProfile, readModel, toBytes } from '../src/index.js';
import { interleaved, median } from './measure.js';
import { absolute, type Benchmark, type Row, seconds, skipped } from './rows.js';
import { canRun } from './sessions.js';

const FIXTURE = fileURLToPath(new URL('../../fixtures/tiny-video-dit/tiny-video-dit', import.meta.url));
const ROUNDS = 9;
/** The share of a generation that may pass outside ONNX Runtime. */
const LIMIT = 0.02;

/** What our runtime adds in Node to a generation of the trained model: sampler, feeds, state, signals. */
export function overhead(): Benchmark {
  return {
    name: 'overhead',
    what: 'Node around ONNX Runtime',
    run: async say => {
      const missing = await canRun();
      if (missing !== undefined) return [skipped('Node around ONNX Runtime', missing)];
      const rows: Row[] = [];
      for (const exporter of ['dynamo', 'torchscript']) {
        say(exporter);
        rows.push(await measured(exporter));
      }
      return rows;
    },
  };
}

async function measured(exporter: string): Promise<Row> {
  const model = readModel(`${FIXTURE}.${exporter}.onnx`);
  const profile = loadProfile(`${FIXTURE}.profile.json`);
  const { manifest } = compile(model, { steps: profile.sampler.steps });
  const inside = await timeInside();
  const opened = await CachedModel.open(toBytes(model), { manifest, threads: 1 });
  const once = async (): Promise<{ all: number; outside: number }> => {
    const [start, before] = [performance.now(), inside.total()];
    await generate(opened, profile, 100);
    const all = performance.now() - start;
    return { all, outside: all - (inside.total() - before) };
  };
  await once();
  const [runs = []] = await interleaved(ROUNDS, [once]);
  await opened.close();
  inside.restore();
  const share = median(runs.map(run => run.outside / run.all));
  const ours = `${seconds(median(runs.map(run => run.outside)) / 1000)} of ${seconds(median(runs.map(run => run.all)) / 1000)}`;
  return absolute(
    `trained model, ${exporter}, ${profile.sampler.steps} steps: outside session.run`,
    `${ours}, ${(100 * share).toFixed(2)} %`,
    `below ${100 * LIMIT} %`,
    share < LIMIT,
  );
}

interface Session {
  run(this: Session, ...args: unknown[]): Promise<unknown>;
}

/** Times what passes inside `session.run`, in milliseconds, whoever calls it. */
async function timeInside(): Promise<{ total: () => number; restore: () => void }> {
  const { InferenceSession } = await import('onnxruntime-node');
  const prototype = Reflect.get(InferenceSession, 'prototype') as Session;
  const run = Reflect.get(prototype, 'run') as Session['run'];
  let total = 0;
  prototype.run = async function (...args) {
    const start = performance.now();
    try {
      return await run.apply(this, args);
    } finally {
      total += performance.now() - start;
    }
  };
  return {
    total: () => total,
    restore: () => {
      prototype.run = run;
    },
  };
}
