import { Worker } from 'node:worker_threads';
import { diagnostic, Refusal, reasonOf } from '../../diagnostics/index.js';
import type { Manifest } from '../../plan/manifest.js';
import type { CachedOptions, SavedState } from '../cached.js';
import type { Port, StepModel, StepResult, Tensors } from '../session.js';
import { type HostTensor, withOwnMemory } from '../tensors.js';
import type { Answer, Opened, Request, Start } from './messages.js';

/** The calling side of the thread: one question, one answer, in order. */
class Thread {
  readonly path: string;
  readonly #worker: Worker;
  readonly #waiting: { resolve: (value: unknown) => void; reject: (error: unknown) => void }[] = [];
  #ended: Refusal | undefined;
  #closing: Promise<void> | undefined;

  constructor(start: Start, path: string) {
    this.path = path;
    this.#worker = new Worker(new URL('./thread.js', import.meta.url), { workerData: start });
    this.#worker.on('message', (answer: Answer) => this.#answered(answer));
    this.#worker.on('error', error => this.#end(reasonOf(error)));
    this.#worker.on('exit', code => this.#end(`exit code ${code}`));
  }

  /** The answer to the start, or to what was asked last. */
  next<T>(): Promise<T> {
    // An idle thread does not keep the process alive.
    if (this.#waiting.length === 0) this.#worker.ref();
    return new Promise<T>((resolve, reject) => {
      if (this.#ended !== undefined) reject(this.#ended);
      else this.#waiting.push({ resolve: value => resolve(value as T), reject });
    });
  }

  async ask<T>(request: Request): Promise<T> {
    if (this.#ended === undefined) this.#worker.postMessage(request);
    return await this.next<T>();
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async end(): Promise<void> {
    this.#end('it was closed');
    await this.#worker.terminate();
  }

  async #close(): Promise<void> {
    try {
      if (this.#ended === undefined) await this.ask({ do: 'close' });
    } finally {
      await this.end();
    }
  }

  #answered(answer: Answer): void {
    const asked = this.#waiting.shift();
    if (this.#waiting.length === 0) this.#worker.unref();
    if ('refusal' in answer) asked?.reject(new Refusal(answer.refusal));
    else if ('error' in answer) asked?.reject(new Error(answer.error));
    else asked?.resolve(answer.value);
  }

  #end(reason: string): void {
    if (this.#ended !== undefined) return;
    this.#ended = new Refusal(diagnostic('BWC422', { path: this.path, reason }));
    for (const asked of this.#waiting.splice(0)) asked.reject(this.#ended);
  }
}

/**
 * A compiled model in a thread of its own. ONNX Runtime's Node binding loads and runs models on the thread that
 * calls it, so that nothing else happens there until it is done; here the caller's event loop stays free. What is asked is done
 * in the order it was asked, also across streams, which share one thread and one loaded session.
 */
export class WorkerModel implements StepModel {
  readonly path: string;
  readonly manifest: Manifest;
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  /** See `CachedModel.threaded`. */
  readonly threaded: boolean;
  readonly #thread: Thread;
  readonly #stream: number;
  readonly #streams: { count: number };

  private constructor(thread: Thread, opened: Opened, streams: { count: number }) {
    this.path = opened.path;
    this.manifest = opened.manifest;
    this.inputs = opened.inputs;
    this.outputs = opened.outputs;
    this.threaded = opened.threaded;
    this.#thread = thread;
    this.#streams = streams;
    this.#stream = streams.count++;
  }

  /**
   * Loads a compiled model in a new thread.
   * @throws Refusal as `CachedModel.open`, and BWC422 when the thread cannot start
   */
  static async open(source: string | Uint8Array, options: CachedOptions = {}): Promise<WorkerModel> {
    const path = typeof source === 'string' ? source : (options.label ?? 'the model in memory');
    const thread = new Thread({ source, options }, path);
    try {
      return new WorkerModel(thread, await thread.next<Opened>(), { count: 0 });
    } catch (error) {
      await thread.end();
      throw error;
    }
  }

  /** See `CachedModel.stream`. */
  stream(): WorkerModel {
    const stream = new WorkerModel(this.#thread, this, this.#streams);
    this.#tell({ do: 'open', stream: stream.#stream });
    return stream;
  }

  /** @throws Refusal BWC403 when ONNX Runtime refuses, BWC422 when the thread has ended */
  run(feeds: Tensors): Promise<StepResult> {
    return this.#thread.ask({ do: 'run', stream: this.#stream, feeds: compact(feeds) });
  }

  reset(): void {
    this.#tell({ do: 'reset', stream: this.#stream });
  }

  /** The state behind what was asked so far. */
  save(): Promise<SavedState> {
    return this.#thread.ask({ do: 'save', stream: this.#stream });
  }

  restore(state: SavedState): void {
    this.#tell({ do: 'restore', stream: this.#stream, state: compact(state) });
  }

  /** @throws Refusal BWC303 for a field the model does not have */
  setKnobs(values: Readonly<Record<string, number>>): Promise<void> {
    return this.#thread.ask({ do: 'knobs', stream: this.#stream, values });
  }

  /** Ends the thread when everything that was asked is done; of a stream, nothing. */
  async close(): Promise<void> {
    if (this.#stream === 0) await this.#thread.close();
  }

  /** Asks for what cannot be refused; if the thread has ended, the next run says so. */
  #tell(request: Request): void {
    this.#thread.ask(request).catch(() => undefined);
  }
}

/** A message carries the whole memory that a tensor lies in, so each gets memory of its own first. */
function compact(tensors: Tensors): Map<string, HostTensor> {
  return new Map([...tensors].map(([name, tensor]) => [name, withOwnMemory(tensor)]));
}
