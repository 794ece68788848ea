import type { Stats } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { type Diagnostic, diagnostic, Refusal, refuse } from '../diagnostics/index.js';
import { allGraphs, type Model, type Tensor, type Value } from '../ir/index.js';
import { writeSegments } from './copy.js';
import { reasonOf } from './descriptor.js';
import { encodeModel, lengthOf, modelOrigin } from './encode.js';
import { externalLocations, initializerLocations } from './external.js';
import { statOf, targetOf } from './files.js';
import type { Segment } from './output.js';
import { FileSource } from './source.js';
import { spill } from './spill.js';
import { Staging } from './staging.js';
import { type Placement, placeWeights, stageWeights, type Weights, weightsName } from './weights.js';

/** Protobuf readers refuse messages from this size on. */
const TOO_LARGE = 2 ** 31;

export interface WriteOptions {
  /** Where weights go that the model keeps in other files; `reference` by default. */
  readonly weights?: Weights | undefined;
  /** Texts that are written together with the model: path and content. */
  readonly beside?: readonly (readonly [path: string, text: string])[];
}

export interface Written {
  /** Files of weights that the output came with. */
  readonly weights: readonly string[];
  /** Notes: BWC114 when weights had to leave the model. */
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Writes a model and what belongs to it, all or nothing: into temporary files beside their places, which then take
 * their names. Weights are copied from file to file in pieces, and never all in memory. A model that would hold 2 GiB
 * or more is written with its weights in `PATH.data`.
 */
export async function writeModel(model: Model, path: string, options: WriteOptions = {}): Promise<Written> {
  return await write([{ model, path }], path, options, 'large');
}

/** A model and where it goes. */
export interface Part {
  readonly model: Model;
  readonly path: string;
}

/**
 * As `writeModel`, of models in one folder that share the tensors of the first: weights that are not in other files are
 * written once, to `BASE.data`, and all models refer to them.
 */
export async function writeSharing(
  parts: readonly [Part, ...Part[]],
  base: string,
  options: WriteOptions = {},
): Promise<Written> {
  return await write(parts, base, options, 'shared');
}

/** When weights leave the model: where it is too large with them, or where several models share them. */
type Spill = 'large' | 'shared';

async function write(
  parts: readonly [Part, ...Part[]],
  base: string,
  options: WriteOptions,
  when: Spill,
): Promise<Written> {
  const [{ model, path }] = parts;
  const staging = new Staging();
  try {
    const placement = await placeWeights(model, base, options.weights ?? 'reference');
    const output = encode(parts, base, placement, when);
    const sources = sourcesOf(model, output, placement);
    const read = [...[...sources].map(source => source.stats), ...(await weightsStats(model))];
    const target = await targetOf(path, read);
    await stageWeights(staging, placement.files);
    if (output.spilled !== undefined) {
      const { segments, location } = output.spilled;
      const data = await targetOf(join(dirname(resolve(target)), location), read);
      await staging.stage(data, temporary => writeSegments(temporary, segments));
    }
    for (const [beside, text] of options.beside ?? []) {
      await staging.stage(await targetOf(beside, read), temporary =>
        writeFile(temporary, text, { flag: 'wx', flush: true }),
      );
    }
    for (const [i, part] of parts.entries()) {
      const to = i === 0 ? target : await targetOf(part.path, read);
      await staging.stage(to, temporary => writeSegments(temporary, output.models[i] ?? []));
    }
    for (const source of sources) source.checkUnchanged();
    await staging.commit();
    return {
      weights: [...placement.files.map(file => file.to), ...spilledPaths(base, output)],
      diagnostics: output.notes,
    };
  } catch (error) {
    if (error instanceof Refusal) throw error;
    return refuse('BWC106', { path, reason: reasonOf(error) }, undefined, error);
  } finally {
    await staging.discard();
  }
}

interface Encoded {
  /** One a part. */
  readonly models: readonly (readonly Segment[])[];
  readonly spilled: { readonly location: string; readonly segments: readonly Segment[] } | undefined;
  readonly notes: readonly Diagnostic[];
}

/** The models as files that protobuf readers accept. */
function encode(parts: readonly [Part, ...Part[]], base: string, { moved }: Placement, when: Spill): Encoded {
  const [{ model }] = parts;
  const whole = parts.map(part => encodeMoved(part.model, moved));
  const size = Math.max(...whole.map(sizeOf));
  if (size < TOO_LARGE && when === 'large') return { models: whole, spilled: undefined, notes: [] };
  const external = externalLocations(model, moved);
  const isOutside = external.size > 0 || [...moved.values()].some(tensor => tensor.external !== undefined);
  const isShared = when === 'shared' && !isOutside;
  if (size < TOO_LARGE && !isShared) return { models: whole, spilled: undefined, notes: [] };
  const location = weightsName(base, external);
  const spilled = spill(model, moved, location);
  if (spilled.bytes === 0 && size < TOO_LARGE) return { models: whole, spilled: undefined, notes: [] };
  const models = parts.map(part => encodeMoved(part.model, spilled.moved));
  const bytes = Math.max(...models.map(sizeOf));
  if (bytes >= TOO_LARGE) refuse('BWC109', { path: base, bytes });
  const notes = isShared ? [] : [diagnostic('BWC114', { path: base, location, bytes: spilled.bytes, size })];
  return { models, spilled: { location, segments: spilled.segments }, notes };
}

/** Encodes the model with some tensors in the place of others; the model stays as it is. */
function encodeMoved(model: Model, moved: ReadonlyMap<Tensor, Tensor>): Segment[] {
  const changed: [Value, Tensor][] = [];
  try {
    if (moved.size > 0) {
      for (const graph of allGraphs(model.graph)) {
        for (const value of graph.initializers) {
          const { initializer } = value;
          const instead = initializer && moved.get(initializer);
          if (initializer === undefined || instead === undefined) continue;
          changed.push([value, initializer]);
          value.initializer = instead;
        }
      }
    }
    return encodeModel(model);
  } finally {
    for (const [value, tensor] of changed) value.initializer = tensor;
  }
}

function sizeOf(segments: readonly Segment[]): number {
  return segments.reduce((sum, segment) => sum + lengthOf(segment), 0);
}

function spilledPaths(path: string, { spilled }: Encoded): string[] {
  return spilled === undefined ? [] : [join(dirname(path), spilled.location)];
}

/** Files whose bytes the output is made of; none may change meanwhile. */
function sourcesOf(model: Model, output: Encoded, placement: Placement): Set<FileSource> {
  const sources = new Set<FileSource>(placement.sources);
  for (const segment of [...output.models.flat(), ...(output.spilled?.segments ?? [])]) {
    if (segment.kind === 'range' && segment.source instanceof FileSource) sources.add(segment.source);
  }
  const read = modelOrigin(model)?.source;
  if (read instanceof FileSource) sources.add(read);
  return sources;
}

/** The files beside the model that hold its weights. */
async function weightsStats(model: Model): Promise<Stats[]> {
  const source = modelOrigin(model)?.source;
  if (source === undefined) return [];
  const paths = [...initializerLocations(model.graph)].map(location => join(dirname(source.path), location));
  const stats = await Promise.all(paths.map(each => statOf(each).catch(() => undefined)));
  return stats.filter(each => each !== undefined);
}
