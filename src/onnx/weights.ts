import { link, realpath } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { refuse } from '../diagnostics/index.js';
import { allGraphs, type ExternalData, type Model, Tensor } from '../ir/index.js';
import { sameContent, shareBlocks, writeSegments } from './copy.js';
import { modelOrigin } from './encode.js';
import { recordOf } from './encode-tensor.js';
import { checkExternalData, externalLocations } from './external.js';
import { isSame, statOf, targetOf } from './files.js';
import { MovedOrigin } from './origin.js';
import { FileSource } from './source.js';
import type { Staging } from './staging.js';

/**
 * Where the weights of a model go that keeps them in other files: they stay where they are, which needs an output in
 * the same folder; their files are copied or linked beside the output; or they come into the model.
 */
export const WEIGHTS = ['reference', 'copy', 'link', 'embed'] as const;
export type Weights = (typeof WEIGHTS)[number];

/** A file of weights beside an output. */
export interface WeightsFile {
  readonly from: string;
  readonly to: string;
  readonly how: 'copy' | 'link';
}

/** What has to be done so that an output finds its weights. */
export interface Placement {
  /** Tensors that are written otherwise than they were read. */
  readonly moved: ReadonlyMap<Tensor, Tensor>;
  readonly files: readonly WeightsFile[];
  /** Files from which weights come into the model. */
  readonly sources: readonly FileSource[];
}

/** Says what has to be done, and refuses with BWC110 when the output could not find its weights. */
export async function placeWeights(model: Model, path: string, weights: Weights): Promise<Placement> {
  const source = modelOrigin(model)?.source;
  const nothing: Placement = { moved: new Map(), files: [], sources: [] };
  const locations = externalLocations(model);
  if (source === undefined || locations.size === 0) return nothing;
  const [from, to] = [dirname(resolve(source.path)), dirname(resolve(path))];
  if (weights !== 'reference') checkExternalData(model, source.path);
  const there = await isSameFolder(from, to);
  if (weights === 'embed') return embed(model, from, there, path);
  if (weights === 'copy' && there) return renameCopies(model, path, from, locations);
  if (there) return nothing;
  if (weights === 'reference') refuse('BWC110', { path, folder: from });
  const files = [...locations].map(
    (location): WeightsFile => ({ from: join(from, location), to: join(to, location), how: weights }),
  );
  return { ...nothing, files };
}

/** Makes the files of a placement. One that is there already, with the same bytes, is left alone. */
export async function stageWeights(staging: Staging, files: readonly WeightsFile[]): Promise<void> {
  for (const { from, to, how } of files) {
    const source = new FileSource(await realpath(from));
    const existing = await statOf(to);
    if (existing !== undefined) {
      if (isSame(existing, source.stats)) continue;
      if (existing.isFile() && existing.size === source.size && (await sameContent(from, to))) continue;
      refuse('BWC112', { path: to });
    }
    const make = how === 'link' ? linkFile : copyFileTo;
    await staging.stage(await targetOf(to, [source.stats]), path => make(source, path), true);
    source.checkUnchanged();
  }
}

/** A tensor of the same type whose elements lie elsewhere. */
export function relocated(
  tensor: Tensor,
  external: ExternalData | undefined,
  data?: MovedOrigin['data'],
): Tensor {
  const { elem, dims, name, docString, metadata } = tensor;
  const origin = new MovedOrigin(recordOf(tensor), data);
  return new Tensor({ elem, dims, name, docString, metadata, origin, ...(external && { external }) });
}

/** Every initializer of the model, in graph order, once. */
export function initializersOf(model: Model): Set<Tensor> {
  const tensors = new Set<Tensor>();
  for (const graph of allGraphs(model.graph))
    for (const { initializer } of graph.initializers) if (initializer !== undefined) tensors.add(initializer);
  return tensors;
}

/** Weights come into the model as ranges of their files. Those of attributes stay outside. */
function embed(model: Model, from: string, there: boolean, path: string): Placement {
  const sources = new Map<string, FileSource>();
  const moved = new Map<Tensor, Tensor>();
  for (const tensor of initializersOf(model)) {
    const { external, byteLength } = tensor;
    if (external === undefined) continue;
    const source = sources.get(external.location) ?? new FileSource(join(from, external.location));
    sources.set(external.location, source);
    const data = { source, start: external.offset, end: external.offset + byteLength };
    moved.set(tensor, relocated(tensor, undefined, data));
  }
  if (!there && externalLocations(model, moved).size > 0) refuse('BWC110', { path, folder: from });
  return { moved, files: [], sources: [...sources.values()] };
}

/** Copies in the folder of the originals need other names. */
function renameCopies(model: Model, path: string, from: string, locations: ReadonlySet<string>): Placement {
  const names = new Map([...locations].map((location, i) => [location, weightsName(path, locations, i)]));
  const moved = new Map<Tensor, Tensor>();
  for (const tensor of initializersOf(model)) {
    const location = tensor.external && names.get(tensor.external.location);
    if (tensor.external && location) moved.set(tensor, relocated(tensor, { ...tensor.external, location }));
  }
  const used = new Set([...moved.keys()].map(tensor => tensor.external?.location));
  const files = [...names].flatMap(([location, name]): WeightsFile[] =>
    used.has(location)
      ? [{ from: join(from, location), to: join(dirname(resolve(path)), name), how: 'copy' }]
      : [],
  );
  return { moved, files, sources: [] };
}

/** A name for weights beside an output: `OUT.data`, or `OUT.1.data` and so on where that is taken. */
export function weightsName(path: string, taken: ReadonlySet<string>, first = 0): string {
  for (let i = first; ; i++) {
    const name = `${basename(path)}${i === 0 ? '' : `.${i}`}.data`;
    if (!taken.has(name)) return name;
  }
}

async function isSameFolder(a: string, b: string): Promise<boolean> {
  const [x, y] = [await statOf(a), await statOf(b)];
  return a === b || (x !== undefined && y !== undefined && isSame(x, y));
}

async function copyFileTo(source: FileSource, path: string): Promise<void> {
  await writeSegments(path, [{ kind: 'range', source, start: 0, end: source.size }]);
}

/**
 * A copy that shares the blocks of the original, or else a hard link (which ONNX Runtime reads for weights outside
 * branches, and Python's onnx refuses to follow); refuses with BWC111 where neither can be had.
 */
async function linkFile(source: FileSource, path: string): Promise<void> {
  if (await shareBlocks(source, path)) return;
  try {
    await link(source.path, path);
  } catch (error) {
    refuse('BWC111', { path: source.path, folder: dirname(path) }, undefined, error);
  }
}
