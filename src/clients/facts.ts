import { type DataType, type Dim, isFloat, type Model, type Value } from '../ir/index.js';
import type { Manifest } from '../plan/index.js';

/** A tensor that goes into or comes out of a model, and what to say of it. */
export interface Port {
  readonly name: string;
  readonly type: DataType;
  /** Absent where the model does not declare it. */
  readonly shape?: readonly Dim[];
  /** One line for people. */
  readonly doc: string;
}

export interface StatePair extends Port {
  readonly output: string;
  readonly shape: readonly (number | string)[];
  /** Whether it is worth keeping on the device; counters are read by the host. */
  readonly onDevice: boolean;
  /** Whether input and output may be one buffer, and it is worth it. */
  readonly inPlace: boolean;
}

/** The two models of a split, and what tells which to run. */
export interface SplitFacts {
  /** File names. */
  readonly compute: string;
  readonly reuse: string;
  /** The counters, all zero in a fresh state. */
  readonly control: StatePair;
  /** Outputs that say whether the step should have been computed, and whether the next one may reuse. */
  readonly computed: readonly string[];
  readonly next: readonly string[];
}

/** Everything that is written into a client; all of it is in the model's signature and manifest. */
export interface ClientFacts {
  /** Name of the model's file. */
  readonly file: string;
  /** What the model is and by what it was made, in one line. */
  readonly title: string;
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  readonly latent: Port;
  readonly timestep: Port | undefined;
  readonly prediction: Port;
  readonly state: readonly StatePair[];
  readonly knobs: Manifest['knobs'];
  /** Absent where one model does all. */
  readonly split: SplitFacts | undefined;
  /** Each kind of signal that is of interest to the caller, with the outputs that carry it. */
  readonly signals: readonly {
    readonly name: string;
    readonly doc: string;
    readonly outputs: readonly string[];
  }[];
}

/** @param file name of the compiled model's file, for headings */
export function clientFacts(model: Model, manifest: Manifest, file: string): ClientFacts {
  const { roles } = manifest;
  const docs: Readonly<Record<string, string>> = {
    [roles.latent]: 'The latent that is denoised.',
    [roles.timestep ?? '']: 'The timestep: the noise level, in the units that the original model takes.',
    [roles.prediction]: 'The prediction, in the units of the original model.',
  };
  const port = (value: Value): Port => ({
    name: value.name,
    ...(value.type?.kind === 'tensor' ? { type: value.type.elem } : { type: 'undefined' as const }),
    ...(value.type?.kind === 'tensor' && value.type.shape !== undefined && { shape: value.type.shape }),
    doc: docs[value.name] ?? 'As in the original model.',
  });
  const inputs = model.graph.inputs.filter(value => manifest.inputs.includes(value.name)).map(port);
  const outputs = model.graph.outputs.filter(value => manifest.outputs.includes(value.name)).map(port);
  const find = (ports: readonly Port[], name: string): Port => {
    const found = ports.find(p => p.name === name);
    if (found === undefined) throw new Error(`the manifest names ${name}, which the model has not`);
    return found;
  };
  const { split } = manifest;
  const names = new Set(manifest.signals.map(signal => signal.name));
  const told = (name: string): string[] =>
    manifest.signals.filter(signal => signal.name === name).map(signal => signal.output);
  names.delete('next');
  const state = manifest.state.map(({ input, output, type, shape, inPlace, holds }): StatePair => {
    const onDevice = isFloat(type) && shape.length > 1;
    return { name: input, output, type, shape, doc: plain(holds), onDevice, inPlace: onDevice && inPlace };
  });
  const [control] = state;
  return {
    file: plain(file),
    title: `${plain(file)}: ${manifest.method}, ${manifest.steps} steps, by ${plain(manifest.compiler)}`,
    inputs,
    outputs,
    latent: find(inputs, roles.latent),
    timestep: roles.timestep === null ? undefined : find(inputs, roles.timestep),
    prediction: find(outputs, roles.prediction),
    state,
    knobs: manifest.knobs,
    split: split && control && { ...split, control, computed: told('computed'), next: told('next') },
    signals: [...names].map(name => {
      const doc = manifest.signals.find(signal => signal.name === name)?.doc ?? '';
      return { name, doc: plain(doc), outputs: told(name) };
    }),
  };
}

/** `float32[batch, 16, 64]`; a size that the caller chooses has a name or is `?`. */
export function typeOf({ type, shape }: Port): string {
  return shape === undefined ? type : `${type}[${shape.map(d => plain(String(d ?? '?'))).join(', ')}]`;
}

/** What a comment says of a tensor. */
export function docOf(port: Port): string {
  return `${port.doc} ${typeOf(port)}`;
}

/** Sizes of the tensor that a generation starts from: the caller's sizes are 0. */
export function freshDims(pair: StatePair): number[] {
  return pair.shape.map(d => (typeof d === 'number' ? d : 0));
}

/** Text of a model in a comment: one line that ends no comment. */
export function plain(text: string): string {
  return text
    .replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')
    .replaceAll('*/', '* /')
    .replaceAll('"""', "'''");
}

export function sentence(text: string): string {
  const clean = plain(text).trim();
  return clean === ''
    ? ''
    : `${clean.charAt(0).toUpperCase()}${clean.slice(1)}${/[.!?]$/.test(clean) ? '' : '.'}`;
}
