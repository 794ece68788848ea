import type { Model } from '../ir/index.js';
import { int64Field } from './encode-attribute.js';
import { encodeFunction, functionOrigin } from './encode-function.js';
import { encodeGraph } from './encode-graph.js';
import { encodeOpset } from './encode-opset.js';
import { ModelOrigin } from './origin.js';
import { Output, type Segment } from './output.js';
import { encodeEntry, entries, list, patch, type Rules, replace, text } from './patch.js';
import { readEntry } from './read-entry.js';
import { readOpset } from './read-function.js';
import { MODEL, WIRE } from './schema.js';
import type { Source } from './source.js';

/** Where a model was read. */
export function modelOrigin(model: Model): ModelOrigin | undefined {
  return model.origin instanceof ModelOrigin ? model.origin : undefined;
}

/** The model as bytes and file ranges: those of the file it was read from, except for what was changed. */
export function encodeModel(model: Model): Segment[] {
  return encode(model).segments();
}

/** The model as one array, for models that fit in memory. */
export function toBytes(model: Model): Uint8Array {
  const segments = encodeModel(model);
  const bytes = new Uint8Array(segments.reduce((sum, segment) => sum + lengthOf(segment), 0));
  let at = 0;
  for (const segment of segments) {
    if (segment.kind === 'bytes') bytes.set(segment.bytes, at);
    else segment.source.copyInto(bytes, at, segment.start, segment.end);
    at += lengthOf(segment);
  }
  return bytes;
}

/** Bytes of a segment. */
export function lengthOf(segment: Segment): number {
  return segment.kind === 'bytes' ? segment.bytes.length : segment.end - segment.start;
}

/** The source that the segments repeat from start to end, when nothing was changed. */
export function wholeSource(segments: readonly Segment[]): Source | undefined {
  const [only, ...more] = segments;
  if (only?.kind !== 'range' || more.length > 0) return undefined;
  return only.start === 0 && only.end === only.source.size ? only.source : undefined;
}

function encode(model: Model): Output {
  const origin = modelOrigin(model);
  const rules: Rules = new Map();
  integer(rules, MODEL.irVersion, BigInt(model.irVersion), origin && BigInt(Number(origin.irVersion)));
  text(rules, MODEL.producerName, model.producerName, origin?.producerName ?? '');
  text(rules, MODEL.producerVersion, model.producerVersion, origin?.producerVersion ?? '');
  text(rules, MODEL.domain, model.domain, origin?.domain ?? '');
  integer(rules, MODEL.modelVersion, model.modelVersion, origin?.modelVersion ?? 0n);
  text(rules, MODEL.docString, model.docString, origin?.docString ?? '');
  const { body, unchanged } = encodeGraph(model.graph);
  if (!unchanged)
    rules.set(
      MODEL.graph,
      replace(out => out.field(MODEL.graph, body)),
    );
  entries(rules, MODEL.opsetImport, model.opsets, origin?.opsets ?? [], readOpset, encodeOpset);
  entries(rules, MODEL.metadataProps, model.metadata, origin?.metadata ?? [], readEntry, encodeEntry);
  if (model.functions !== origin?.functions) {
    const write = (out: Output, definition: (typeof model.functions)[number]): void =>
      encodeFunction(out, MODEL.functions, definition);
    rules.set(MODEL.functions, list(model.functions, functionOrigin, write));
  }
  const out = new Output();
  patch(
    out,
    origin === undefined ? [] : [{ source: origin.source, start: 0, end: origin.source.size }],
    rules,
  );
  return out;
}

function integer(rules: Rules, number: number, now: bigint, before: bigint | undefined): void {
  if (now !== before)
    rules.set(
      number,
      replace(out => out.bytes(int64Field(number, now)), [WIRE.varint]),
    );
}
