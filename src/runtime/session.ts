import type { InferenceSession, Tensor } from 'onnxruntime-common';
import { reasonOf, refuse } from '../diagnostics/index.js';
import type { DataType, Shape } from '../ir/index.js';
import { fromBytes, type HostTensor, isRunType } from './tensors.js';

/** How much ONNX Runtime may rewrite the graph when it loads it. */
export type Level = 'disabled' | 'basic' | 'extended' | 'all';

export interface SessionOptions {
  /** Default `all`, as ONNX Runtime's own. */
  readonly level?: Level;
  /** Threads inside an operator; default is one per physical core. */
  readonly threads?: number;
  /** Execution provider, `cpu` by default. */
  readonly provider?: string;
  /** Where ONNX Runtime writes the graph as it optimised it. */
  readonly optimizedPath?: string;
  /** What messages call a model that comes as bytes. */
  readonly label?: string;
  /** The module to run it with, such as `onnxruntime-web`; `onnxruntime-node` by default. */
  readonly ort?: OnnxRuntime;
}

/** What is used of an ONNX Runtime for JavaScript: what all of them have in common, with or without one installed. */
export type OnnxRuntime = Pick<typeof import('onnxruntime-common'), 'InferenceSession' | 'Tensor' | 'env'>;

/** An input or output as the model declares it. */
export interface Port {
  readonly name: string;
  readonly type: DataType;
  readonly shape: Shape;
}

export type Tensors = ReadonlyMap<string, HostTensor>;

/** What a compiled model says about a step. */
export interface Signals {
  /** Whether every gated region was computed. */
  readonly computed: boolean;
  /** Whether only some were. */
  readonly partial: boolean;
  /** Share of the gated regions' operations that was computed (of their number, where operations are unknown). */
  readonly work: number;
  /** What was measured; the largest where several are. Absent where the method measures nothing. */
  readonly value?: number;
  /** Computed steps so far. */
  readonly count?: number;
}

export interface StepResult {
  /** The original model's outputs. */
  readonly outputs: Tensors;
  /** Absent for an original model. */
  readonly signals?: Signals;
}

/** A denoising model, one step at a time: the original, or a compiled one that threads its state by itself. */
export interface StepModel {
  /** For messages. */
  readonly path: string;
  /** What the caller feeds: the original model's inputs. */
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  run(feeds: Tensors): Promise<StepResult>;
  /** Starts a new generation. */
  reset(): void;
  /** Gives the session's memory back. */
  close(): Promise<void>;
}

/** Something that can be run once: a loaded model, or two between which each run chooses. */
export interface Executor {
  readonly path: string;
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  /**
   * @param wanted names of outputs, all by default; each costs a copy
   * @returns them, each in memory of its own
   */
  execute(feeds: Tensors, wanted?: readonly string[]): Promise<Map<string, HostTensor>>;
  close(): Promise<void>;
}

async function onnxRuntime(): Promise<OnnxRuntime> {
  let ort: OnnxRuntime & { default?: OnnxRuntime };
  try {
    ort = await import('onnxruntime-node');
  } catch (cause) {
    return refuse('BWC401', { reason: reasonOf(cause) }, undefined, cause);
  }
  const runtime = ort.default ?? ort;
  // What goes wrong reaches the caller as an exception; the log would only say it again, on stderr.
  runtime.env.logLevel = 'fatal';
  return runtime;
}

/** A model loaded into ONNX Runtime. */
export class OpenModel implements StepModel, Executor {
  readonly path: string;
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  readonly #ort: OnnxRuntime;
  readonly #session: InferenceSession;
  /** Of all outputs. */
  readonly #names: readonly string[];
  /** ONNX Runtime's view of a tensor's memory: state comes out and goes in again, conditions go in at every step. */
  readonly #known = new WeakMap<HostTensor, Tensor>();

  private constructor(path: string, ort: OnnxRuntime, session: InferenceSession) {
    this.path = path;
    this.#ort = ort;
    this.#session = session;
    this.inputs = session.inputMetadata.map(portOf);
    this.outputs = session.outputMetadata.map(portOf);
    this.#names = this.outputs.map(port => port.name);
  }

  /**
   * Loads a model.
   * @param source path (in a browser a URL), or the bytes of a model without external data
   * @throws Refusal BWC401 without onnxruntime-node, BWC405 when the provider is not there, BWC403 for anything else
   */
  static async open(source: string | Uint8Array, options: SessionOptions = {}): Promise<OpenModel> {
    const ort = options.ort ?? (await onnxRuntime());
    const provider = options.provider ?? (options.ort === undefined ? 'cpu' : undefined);
    const path = typeof source === 'string' ? source : (options.label ?? 'the model in memory');
    const settings: InferenceSession.SessionOptions = {
      graphOptimizationLevel: options.level ?? 'all',
      interOpNumThreads: 1,
      logSeverityLevel: 4,
    };
    if (provider !== undefined) settings.executionProviders = [provider];
    if (options.threads !== undefined) settings.intraOpNumThreads = options.threads;
    if (options.optimizedPath !== undefined) settings.optimizedModelFilePath = options.optimizedPath;
    try {
      const session =
        typeof source === 'string'
          ? await ort.InferenceSession.create(source, settings)
          : await ort.InferenceSession.create(source, settings);
      return new OpenModel(path, ort, session);
    } catch (cause) {
      const reason = reasonOf(cause);
      if (
        provider !== undefined &&
        provider !== 'cpu' &&
        /backend|AppendExecutionProvider|shared library|adapter/i.test(reason)
      ) {
        return refuse('BWC405', { provider, reason }, undefined, cause);
      }
      return refuse('BWC403', { path, reason }, undefined, cause);
    }
  }

  /**
   * Runs the model once; see `Executor`.
   * @throws Refusal BWC403
   */
  async execute(feeds: Tensors, wanted = this.#names): Promise<Map<string, HostTensor>> {
    const given: Record<string, Tensor> = {};
    try {
      for (const [name, tensor] of feeds) given[name] = this.#wrapped(tensor);
      const results = await this.#session.run(given, wanted);
      const outputs = new Map<string, HostTensor>();
      for (const name of wanted) {
        const tensor = results[name];
        if (tensor === undefined) continue;
        const output = hostTensor(name, tensor);
        this.#known.set(output, tensor);
        outputs.set(name, output);
      }
      return outputs;
    } catch (cause) {
      return refuse('BWC403', { path: this.path, reason: reasonOf(cause) }, undefined, cause);
    }
  }

  async run(feeds: Tensors): Promise<StepResult> {
    return { outputs: await this.execute(feeds) };
  }

  #wrapped(tensor: HostTensor): Tensor {
    const known = this.#known.get(tensor);
    if (known !== undefined) return known;
    const wrapped = new this.#ort.Tensor(tensor.type, tensor.data, tensor.dims);
    this.#known.set(tensor, wrapped);
    return wrapped;
  }

  reset(): void {
    // An original model keeps nothing between steps.
  }

  async close(): Promise<void> {
    await this.#session.release();
  }
}

/** Loads a model into ONNX Runtime; see `OpenModel.open`. */
export function openModel(source: string | Uint8Array, options: SessionOptions = {}): Promise<OpenModel> {
  return OpenModel.open(source, options);
}

function portOf(metadata: InferenceSession.ValueMetadata): Port {
  if (!metadata.isTensor) return { name: metadata.name, type: 'undefined', shape: [] };
  return {
    name: metadata.name,
    type: metadata.type,
    shape: metadata.shape.map(d => (d === '' ? undefined : d)),
  };
}

/** Without a copy. A runtime that has arrays of 16-bit floats may give one, whose bits are taken. */
function hostTensor(name: string, tensor: Tensor): HostTensor {
  const { type, dims, data } = tensor;
  if (!isRunType(type) || !ArrayBuffer.isView(data)) throw new Error(`output ${name} has type ${type}`);
  if (type !== 'float16') return { type, dims, data };
  return fromBytes(type, dims, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
}
