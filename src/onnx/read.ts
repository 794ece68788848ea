import { refuse } from '../diagnostics/index.js';
import { type FunctionDef, Model } from '../ir/index.js';
import { ModelOrigin } from './origin.js';
import { readEntry } from './read-entry.js';
import { readFunction, readOpset } from './read-function.js';
import { type Reading, readGraph } from './read-graph.js';
import { MODEL, WIRE } from './schema.js';
import { FileSource, MemorySource, type Source } from './source.js';
import { Cursor, type Span } from './wire.js';

/** Reads a model file. Weights stay in the file, and attributes are decoded when asked for. */
export function readModel(path: string): Model {
  return readFrom(new FileSource(path));
}

/** Reads a model from bytes, which the caller keeps as they are. */
export function readModelFrom(bytes: Uint8Array, path?: string): Model {
  return readFrom(new MemorySource(bytes, path));
}

function readFrom(source: Source): Model {
  const origin = new ModelOrigin(source);
  const graph: Span[] = [];
  const opsets: [string, number][] = [];
  const metadata: (readonly [string, string])[] = [];
  const functions: FunctionDef[] = [];
  for (const cursor = new Cursor({ source, start: 0, end: source.size }); cursor.next(); ) {
    if (cursor.is(MODEL.irVersion, WIRE.varint)) origin.irVersion = cursor.int64();
    else if (cursor.is(MODEL.modelVersion, WIRE.varint)) origin.modelVersion = cursor.int64();
    else if (cursor.wire !== WIRE.bytes) continue;
    else if (cursor.number === MODEL.graph) graph.push(cursor.span);
    else if (cursor.number === MODEL.opsetImport) opsets.push(readOpset(cursor.span));
    else if (cursor.number === MODEL.metadataProps) metadata.push(readEntry(cursor.span));
    else if (cursor.number === MODEL.functions) functions.push(readFunction(cursor));
    else if (cursor.number === MODEL.producerName) origin.producerName = cursor.text();
    else if (cursor.number === MODEL.producerVersion) origin.producerVersion = cursor.text();
    else if (cursor.number === MODEL.domain) origin.domain = cursor.text();
    else if (cursor.number === MODEL.docString) origin.docString = cursor.text();
  }
  const { path } = source;
  if (graph.length === 0) {
    if (source.size === 0 || opsets.length > 0 || origin.irVersion !== 0n) refuse('BWC104', { path });
    refuse('BWC102', { path, offset: 0, reason: 'no field of ModelProto was found' });
  }
  const model = buildModel(origin, graph, opsets);
  for (const [key, value] of metadata) model.metadata.set(key, value);
  model.functions = functions;
  origin.metadata = [...model.metadata];
  origin.opsets = [...model.opsets];
  origin.functions = functions;
  return model;
}

function buildModel(origin: ModelOrigin, spans: readonly Span[], opsets: readonly [string, number][]): Model {
  const { path } = origin.source;
  // The model owns the names, and the graph reserves them while it is read, so both are made together.
  const names: string[] = [];
  const reading: Reading = { path, names: { reserve: name => void names.push(name) } };
  const graph = readGraph(reading, spans);
  if (graph.nodes.length === 0) refuse('BWC104', { path });
  const model = new Model({ irVersion: Number(origin.irVersion), opsets, graph, origin });
  for (const name of names) model.names.reserve(name);
  model.producerName = origin.producerName;
  model.producerVersion = origin.producerVersion;
  model.domain = origin.domain;
  model.modelVersion = origin.modelVersion;
  model.docString = origin.docString;
  origin.graph = graph;
  return model;
}
