import { findMethod, METHODS, type Method } from '../../src/methods/index.js';
import {
  type CachedModel,
  type DenoiseStep,
  generate,
  type HostTensor,
  openModel,
  type SessionOptions,
  type Tensors,
} from '../../src/runtime/index.js';
import { FIXTURES, type Fixture } from '../blocks/fixtures.js';
import { type ProfileChanges, profileOf, uncalibrated } from '../decisions/compiled.js';

export interface Case {
  readonly title: string;
  readonly fixture: Fixture;
  readonly method: Method;
}

/** Every method, and `auto` as it is without a calibration. */
export const TRIED: readonly Method[] = [
  ...METHODS,
  { ...uncalibrated(findMethod('auto')), name: 'auto-uncalibrated' },
];

/** Models of different structure: one stream, cross-attention, two branches in turn, two streams, two that are joined. */
export const STRUCTURES: ReadonlySet<string> = new Set([
  'tiny-video-dit.dynamo',
  'wan.torchscript',
  'latte.torchscript',
  'sd3.dynamo',
  'flux.torchscript',
]);

/** The methods that the product stands on see every fixture, the others every structure. */
const EVERYWHERE: ReadonlySet<string> = new Set(['bwcache', 'bwcache-code']);

/** What every method is tried on where the model's structure adds nothing: one stream, and two. */
const FEW: ReadonlySet<string> = new Set(['tiny-video-dit.dynamo', 'sd3.dynamo']);

/** Set by the longer suite (`npm run test:contract`): every method on every structure. */
const WHOLE = process.env['BWC_CONTRACT'] === 'whole';

/** Structures that a method sees in each run of the tests beside the trained model: two, other ones than the method before. */
const PER_METHOD = 2;

function seenBy(method: Method, fixture: Fixture): boolean {
  if (EVERYWHERE.has(method.name)) return true;
  const [trained, ...others] = STRUCTURES;
  if (WHOLE || fixture.title === trained) return STRUCTURES.has(fixture.title);
  const from = PER_METHOD * TRIED.indexOf(method);
  const at = others.indexOf(fixture.title);
  return at >= 0 && (at - from + others.length * TRIED.length) % others.length < PER_METHOD;
}

/** Every method on structures that take turns: a new one of either is in the contract without a line more. */
export const CASES: readonly Case[] = FIXTURES.flatMap(fixture =>
  TRIED.filter(method => seenBy(method, fixture)).map(method => ({
    title: `${fixture.title}, ${method.name}`,
    fixture,
    method,
  })),
);

/** Those of them where the structure adds nothing. */
export const FEW_CASES = CASES.filter(c => FEW.has(c.fixture.title) || EVERYWHERE.has(c.method.name));

/** Steps of the generations that the contract runs. */
export const STEPS = 6;

/** The options that a method knows of those given. */
export function known(method: Method, wanted: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(wanted).filter(([name]) => name in method.options.shape));
}

/**
 * Reuses as soon as the method can, whatever the features do; and though it is fed the latents of the original's loop, which its own
 * predictions do not make.
 */
export const eager = (method: Method): Record<string, unknown> =>
  known(method, { threshold: 100, interval: 2, tail: 0, warmup: 1, from: 0, to: 1, watch: 'input' });

/** Methods that halve the batch are fed pairs. */
export const pairsOf = (method: Method): { readonly batch?: number } =>
  'conditional' in method.options.shape ? { batch: 2 } : {};

/** A batch of another size. */
export const doubled = (method: Method): { readonly batch: number } => ({
  batch: 2 * (pairsOf(method).batch ?? 1),
});

const loops = new Map<string, Promise<readonly DenoiseStep[]>>();

/** The original's own loop, for its feeds and outputs: run once in a test file. */
export function originalSteps(
  fixture: Fixture,
  options: SessionOptions,
  changes: ProfileChanges = {},
): Promise<readonly DenoiseStep[]> {
  const key = `${fixture.title} ${JSON.stringify([options, changes])}`;
  const loop = loops.get(key) ?? originalLoop(fixture, options, changes);
  loops.set(key, loop);
  return loop;
}

async function originalLoop(
  fixture: Fixture,
  options: SessionOptions,
  changes: ProfileChanges,
): Promise<readonly DenoiseStep[]> {
  const model = await openModel(fixture.path, { threads: 1, ...options });
  const steps = await generate(model, profileOf(fixture, { steps: STEPS, ...changes }), 100);
  await model.close();
  return steps;
}

export interface Done {
  /** `C` computed, `.` reused, `p` in part, a letter per step. */
  readonly decisions: string;
  /** All outputs' bytes, by step. */
  readonly bytes: readonly Buffer[];
  readonly values: readonly number[];
}

/** Feeds each step in turn, from the model's present state on. */
export async function feed(model: CachedModel, feeds: readonly Tensors[]): Promise<Done> {
  let decisions = '';
  const bytes: Buffer[] = [];
  const values: number[] = [];
  for (const step of feeds) {
    const { outputs, signals } = await model.run(step);
    decisions += signals?.computed ? 'C' : signals?.partial ? 'p' : '.';
    bytes.push(bytesOfAll(outputs));
    values.push(signals?.value ?? Number.NaN);
  }
  return { decisions, bytes, values };
}

export const feedsOf = (steps: readonly DenoiseStep[]): Tensors[] => steps.map(s => s.feeds);

export const outputsOf = (steps: readonly DenoiseStep[]): Buffer[] => steps.map(s => bytesOfAll(s.outputs));

function bytesOfAll(tensors: Tensors): Buffer {
  return Buffer.concat(
    [...tensors].flatMap(([name, t]) => [
      Buffer.from(`${name} ${t.dims.join(',')} `),
      Buffer.from(t.data.buffer, t.data.byteOffset, t.data.byteLength),
    ]),
  );
}

/** A float32 tensor with some elements replaced. */
export function spoiled(tensor: HostTensor, x: number, where: (index: number) => boolean): HostTensor {
  if (!(tensor.data instanceof Float32Array)) throw new Error(`${tensor.type} is not spoiled here`);
  return { ...tensor, data: tensor.data.map((v, i) => (where(i) ? x : v)) };
}
