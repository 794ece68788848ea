import type { PropertySignatureStructure, SourceFile } from 'ts-morph';
import type { DataType } from '../ir/index.js';
import { type ClientFacts, docOf, freshDims, type Port, plain, type SplitFacts, sentence } from './facts.js';

/** Element types that the JavaScript bindings of ONNX Runtime take, with the array that holds them. */
export const ARRAYS: Partial<Record<DataType, string>> = {
  float32: 'Float32Array',
  float64: 'Float64Array',
  float16: 'Uint16Array',
  int64: 'BigInt64Array',
  int32: 'Int32Array',
  int16: 'Int16Array',
  int8: 'Int8Array',
  uint64: 'BigUint64Array',
  uint32: 'Uint32Array',
  uint16: 'Uint16Array',
  uint8: 'Uint8Array',
  bool: 'Uint8Array',
};

/** The client's text. `runtime` is the package it imports: `onnxruntime-node` or `onnxruntime-web`. */
export async function typescriptClient(facts: ClientFacts, runtime: string): Promise<string> {
  const { IndentationText, Project, QuoteKind } = await import('ts-morph');
  const project = new Project({
    useInMemoryFileSystem: true,
    skipLoadingLibFiles: true,
    manipulationSettings: { indentationText: IndentationText.TwoSpaces, quoteKind: QuoteKind.Single },
  });
  const file = project.createSourceFile('client.ts');
  file.addStatements(heading(facts));
  file.addImportDeclaration({
    moduleSpecifier: runtime,
    namedImports: ['InferenceSession', 'Tensor', { name: 'TypedTensor', isTypeOnly: true }],
  });
  addTypes(file, facts);
  addTables(file, facts);
  file.addStatements(`\n${model(facts)}\n`);
  file.addStatements(stream(facts));
  addLoop(file, facts);
  file.addStatements(`\n${HELPERS}`);
  file.formatText({ indentSize: 2, ensureNewLineAtEndOfFile: true });
  return file.getFullText();
}

function heading({ title, latent, prediction }: ClientFacts): string {
  const example =
    latent.type === 'float32' && prediction.type === 'float32'
      ? `
 *
 *     // Rectified flow with guidance: sigma is the noise level before each step and after the last one.
 *     const update: Generation['update'] = (step, x, cond, uncond) => {
 *       const delta = sigma[step + 1] - sigma[step];
 *       const next = x.data.map((v, i) => v + delta * (uncond.data[i] + scale * (cond.data[i] - uncond.data[i])));
 *       return new Tensor('float32', next, x.dims);
 *     };`
      : '';
  return `/**
 * A client of ${title}.
 *
 * Written by \`bwc client\`: write it again when the model is compiled again. The model keeps its cache in extra inputs and
 * outputs. A stream threads them from step to step; a new generation needs no reset.${example}
 */`;
}

function addTypes(file: SourceFile, facts: ClientFacts): void {
  const { inputs, outputs, knobs, signals } = facts;
  file.addInterface({
    name: 'Inputs',
    isExported: true,
    docs: ['What a step is fed: the inputs of the original model.'],
    properties: inputs.map(property),
  });
  file.addInterface({
    name: 'Outputs',
    isExported: true,
    docs: ['What a step gives: the outputs of the original model.'],
    properties: outputs.map(property),
  });
  file.addInterface({
    name: 'Signals',
    isExported: true,
    docs: ['What the model tells of a step.'],
    properties: signals.map(({ name, doc }) => ({
      name: key(name),
      type: name === 'computed' ? 'boolean' : 'number',
      isReadonly: true,
      docs: [sentence(doc)],
    })),
  });
  file.addInterface({
    name: 'Knobs',
    isExported: true,
    docs: ['What can be changed without compiling again. 0 always means: as compiled.'],
    properties: knobs
      .flatMap(knob => knob.fields)
      .map(({ name, doc }) => ({
        name: key(name),
        type: 'number',
        isReadonly: true,
        hasQuestionToken: true,
        docs: [sentence(doc)],
      })),
  });
  file.addInterface({
    name: 'Step',
    isExported: true,
    properties: [
      { name: 'outputs', type: 'Outputs', isReadonly: true },
      { name: 'signals', type: 'Signals', isReadonly: true },
    ],
  });
  file.addTypeAlias({
    name: 'State',
    isExported: true,
    docs: ['What is kept between two steps, by input name. Its tensors are never written to again.'],
    type: 'Readonly<Record<string, Tensor>>',
  });
}

function addTables(file: SourceFile, { state, knobs }: ClientFacts): void {
  const pairs = state.map(
    pair => `// ${pair.doc}: ${plain(typeText(pair))}
{ input: ${string(pair.name)}, output: ${string(pair.output)}, zeros: () => ${zeros(pair.type, freshDims(pair))} },`,
  );
  file.addStatements(`
/** State that is threaded: the output of one step is the input of the next. Sizes that the caller chooses start as 0. */
const STATE: readonly { readonly input: string; readonly output: string; readonly zeros: () => Tensor }[] = [
${pairs.join('\n')}
];`);
  const inputs = knobs.map(({ input, type, shape, fields }) => {
    const dims = shape.map(d => (typeof d === 'number' ? d : fields.length));
    const values = fields.map(({ name }) => `knobs[${string(name)}] ?? 0`).join(', ');
    return `${key(input)}: new Tensor(${string(type)}, ${ARRAYS[type] ?? ''}.of(${values}), ${JSON.stringify(dims)}),`;
  });
  file.addStatements(`
/** The knobs as inputs. */
function knobInputs(${inputs.length === 0 ? '_knobs' : 'knobs'}: Knobs): Record<string, Tensor> {
  return {
${inputs.join('\n')}
  };
}`);
}

const model = ({ file, split, knobs }: ClientFacts): string =>
  split ? twoModels(split, knobs) : oneModel(file);

const oneModel = (file: string): string => `/** The loaded model. */
export class Model {
  readonly #session: InferenceSession;

  private constructor(session: InferenceSession) {
    this.#session = session;
  }

  /** Loads ${file}: its path, its address in a browser, or its bytes. */
  static async open(source: Source, options: InferenceSession.SessionOptions = {}): Promise<Model> {
    return new Model(await load(source, options));
  }

${STREAM}

  /** All tensors in, all out: what a stream does for each step. */
  run(feeds: Feeds): Promise<Results> {
    return this.#session.run(feeds);
  }

  async release(): Promise<void> {
    await this.#session.release();
  }
}`;

const STREAM = `  /** A generation of its own: classifier-free guidance takes one stream for each of its two predictions. */
  stream(): Stream {
    return new Stream(this);
  }`;

const twoModels = (
  { compute, reuse, control, computed, next }: SplitFacts,
  knobs: ClientFacts['knobs'],
): string => `/** The two loaded models: one computes every step, the other reuses. */
export class Model {
  readonly #compute: InferenceSession;
  readonly #reuse: InferenceSession;
  /** Of a state that a step gave: whether the next step may reuse, said with which knobs. */
  readonly #forecasts = new WeakMap<Tensor, { readonly mayReuse: boolean; readonly knobs: readonly unknown[] }>();

  private constructor(compute: InferenceSession, reuse: InferenceSession) {
    this.#compute = compute;
    this.#reuse = reuse;
  }

  /** Loads ${plain(compute)} and ${plain(reuse)}: their paths, their addresses in a browser, or their bytes. */
  static async open(compute: Source, reuse: Source, options: InferenceSession.SessionOptions = {}): Promise<Model> {
    return new Model(await load(compute, options), await load(reuse, options));
  }

${STREAM}

  /** All tensors in, all out: runs the model that the step wants. */
  async run(feeds: Feeds): Promise<Results> {
    const results = (await this.#reused(feeds)) ?? (await this.#compute.run(feeds));
    const mayReuse = numbers(results, ${next.map(string).join(', ')}).every(x => x !== 0);
    this.#forecasts.set(tensor(results, ${string(control.output)}), { mayReuse, knobs: knobsOf(feeds) });
    return results;
  }

  /** What the reuse model gives, where the step is one to reuse. */
  async #reused(feeds: Feeds): Promise<Results | undefined> {
    if (!this.#mayReuse(feeds)) return undefined;
    // It fails on a state of other sizes. Of feeds that are wrong by themselves the compute model tells.
    const results = await this.#reuse.run(feeds).catch(() => undefined);
    if (results === undefined) return undefined;
    return numbers(results, ${computed.map(string).join(', ')}).some(x => x !== 0) ? undefined : results;
  }

  /** Of a state from elsewhere and of other knobs the reuse model tells; a fresh state is computed. */
  #mayReuse(feeds: Feeds): boolean {
    const control = tensor(feeds, ${string(control.name)});
    const known = this.#forecasts.get(control);
    const knobs = knobsOf(feeds);
    if (known?.knobs.every((value, i) => value === knobs[i])) return known.mayReuse;
    return Array.from(control.data as Iterable<unknown>, Number).some(x => x !== 0);
  }

  async release(): Promise<void> {
    await this.#compute.release();
    await this.#reuse.release();
  }
}

function knobsOf(feeds: Feeds): readonly unknown[] {
  return [${knobs.map(knob => `feeds[${string(knob.input)}]`).join(', ')}];
}`;

const stream = ({
  outputs,
  signals,
}: ClientFacts): string => `/** One generation: the state between its steps. */
export class Stream {
  readonly #model: Model;
  #state: State = {};
  #knobs: Feeds = knobInputs({});

  constructor(model: Model) {
    this.#model = model;
    this.reset();
  }

  /** Runs one step. Steps of one stream must not overlap. */
  async step(inputs: Inputs): Promise<Step> {
    const results = await this.#model.run({ ...inputs, ...this.#state, ...this.#knobs });
    this.#state = Object.fromEntries(STATE.map(({ input, output }) => [input, tensor(results, output)]));
    return {
      outputs: {
${outputs.map(port => `${key(port.name)}: tensor(results, ${string(port.name)}) as ${tensorType(port)},`).join('\n')}
      },
      signals: {
${signals.map(signal => `${key(signal.name)}: ${signalText(signal)},`).join('\n')}
      },
    };
  }

  /** Sets the knobs of the steps to come. */
  set(knobs: Knobs): void {
    this.#knobs = knobInputs(knobs);
  }

  /** Forgets everything. A new generation does not need it. */
  reset(): void {
    this.#state = Object.fromEntries(STATE.map(({ input, zeros }) => [input, zeros()]));
  }

  save(): State {
    return this.#state;
  }

  /** Goes on from a state of this model. */
  restore(state: State): void {
    this.#state = state;
  }
}`;

function signalText({ name, outputs }: ClientFacts['signals'][number]): string {
  const numbers = `numbers(results, ${outputs.map(string).join(', ')})`;
  return name === 'computed' ? `${numbers}.every(x => x !== 0)` : `Math.max(...${numbers})`;
}

function addLoop(file: SourceFile, { latent, timestep, prediction }: ClientFacts): void {
  const fed = [latent, ...(timestep === undefined ? [] : [timestep])];
  const rest = `Omit<Inputs, ${fed.map(port => string(port.name)).join(' | ')}>`;
  const latentType = `Inputs[${string(latent.name)}]`;
  const predictionType = `Outputs[${string(prediction.name)}]`;
  file.addInterface({
    name: 'Generation',
    isExported: true,
    docs: ['What one generation needs.'],
    properties: [
      { name: 'latent', type: latentType, isReadonly: true, docs: ['The noise it starts from.'] },
      timestep === undefined
        ? { name: 'steps', type: 'number', isReadonly: true, docs: ['Denoising steps.'] }
        : {
            name: 'timesteps',
            type: `readonly Inputs[${string(timestep.name)}][]`,
            isReadonly: true,
            docs: [`What ${plain(timestep.name)} is fed, step by step.`],
          },
      { name: 'conditions', type: rest, isReadonly: true, docs: ['The inputs that stay the same.'] },
      {
        name: 'negative',
        type: `${rest} | undefined`,
        isReadonly: true,
        hasQuestionToken: true,
        docs: [
          'The same without the prompt: with these, a second stream predicts for classifier-free guidance.',
        ],
      },
      {
        name: 'update',
        type: `(step: number, latent: ${latentType}, prediction: ${predictionType}, negative: ${predictionType}) => ${latentType}`,
        isReadonly: true,
        docs: ['The sampler: the latent after a step. Without guidance both predictions are the same.'],
      },
      {
        name: 'onStep',
        type: '(step: number, signals: Signals) => void',
        isReadonly: true,
        hasQuestionToken: true,
      },
    ],
  });
  const feeds = (conditions: string): string =>
    `{ ...${conditions}, ${key(latent.name)}: latent${timestep === undefined ? '' : `, ${key(timestep.name)}: timestep`} }`;
  file.addStatements(`
/** A denoising loop to use or to copy. */
export async function denoise(model: Model, generation: Generation): Promise<${latentType}> {
  const { conditions, negative, update } = generation;
  const [cond, uncond] = [model.stream(), model.stream()];
  let { latent } = generation;
  ${
    timestep === undefined
      ? 'for (let step = 0; step < generation.steps; step++) {'
      : 'for (const [step, timestep] of generation.timesteps.entries()) {'
  }
    const { outputs, signals } = await cond.step(${feeds('conditions')});
    const prediction = outputs[${string(prediction.name)}];
    const other = negative && (await uncond.step(${feeds('negative')}));
    latent = update(step, latent, prediction, other?.outputs[${string(prediction.name)}] ?? prediction);
    generation.onStep?.(step, signals);
  }
  return latent;
}`);
}

const HELPERS = `type Source = string | Uint8Array;
type Feeds = Readonly<Record<string, Tensor>>;
type Results = InferenceSession.OnnxValueMapType;

function load(source: Source, options: InferenceSession.SessionOptions): Promise<InferenceSession> {
  return typeof source === 'string'
    ? InferenceSession.create(source, options)
    : InferenceSession.create(source, options);
}

function tensor(results: Results, name: string): Tensor {
  const value = results[name];
  if (value === undefined) throw new Error(\`there is no \${name}\`);
  return value as Tensor;
}

function numbers(results: Results, ...names: readonly string[]): number[] {
  return names.flatMap(name => Array.from(tensor(results, name).data as Iterable<unknown>, Number));
}`;

function property(
  port: Port,
): Pick<PropertySignatureStructure, 'name' | 'type' | 'isReadonly'> & { docs: string[] } {
  return { name: key(port.name), type: tensorType(port), isReadonly: true, docs: [docOf(port)] };
}

const tensorType = ({ type }: Port): string => `TypedTensor<${string(type)}>`;

const typeText = ({ type, shape = [] }: Port): string => `${type}[${shape.join(', ')}]`;

function zeros(type: DataType, dims: readonly number[]): string {
  const size = dims.reduce((a, b) => a * b, 1);
  return `new Tensor(${string(type)}, new ${ARRAYS[type] ?? ''}(${size}), ${JSON.stringify(dims)})`;
}

/** A name as a property. */
function key(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) && name !== '__proto__' ? name : string(name);
}

function string(text: string): string {
  return `'${JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`;
}
