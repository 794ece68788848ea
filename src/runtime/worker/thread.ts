import { parentPort, workerData } from 'node:worker_threads';
import { Refusal, reasonOf } from '../../diagnostics/index.js';
import { CachedModel } from '../cached.js';
import type { Answer, Opened, Request, Start } from './messages.js';

/** The thread of a `WorkerModel`: it loads the model, then does what it is asked, one thing after another. */
const port = parentPort;
if (port === null) throw new Error('this file runs as a worker thread only');

const streams = new Map<number, CachedModel>();

async function open({ source, options }: Start): Promise<Opened> {
  const model = await CachedModel.open(source, options);
  streams.set(0, model);
  const { path, manifest, inputs, outputs, threaded } = model;
  return { path, manifest, inputs, outputs, threaded };
}

function streamOf(index: number): CachedModel {
  const stream = streams.get(index);
  if (stream === undefined) throw new Error(`there is no stream ${index}`);
  return stream;
}

async function perform(request: Request): Promise<unknown> {
  switch (request.do) {
    case 'run':
      return await streamOf(request.stream).run(request.feeds);
    case 'save':
      return streamOf(request.stream).save();
    case 'restore':
      return streamOf(request.stream).restore(request.state);
    case 'reset':
      return streamOf(request.stream).reset();
    case 'knobs':
      return streamOf(request.stream).setKnobs(request.values);
    case 'open':
      streams.set(request.stream, streamOf(0).stream());
      return undefined;
    case 'close':
      return await streamOf(0).close();
  }
}

async function answer(work: () => Promise<unknown>): Promise<Answer> {
  try {
    return { value: await work() };
  } catch (error) {
    return error instanceof Refusal ? { refusal: error.diagnostic } : { error: reasonOf(error) };
  }
}

let last: Promise<void> = Promise.resolve();
const enqueue = (work: () => Promise<unknown>): void => {
  last = last.then(() => answer(work)).then(done => port.postMessage(done));
};
enqueue(() => open(workerData as Start));
port.on('message', (request: Request) => enqueue(() => perform(request)));
