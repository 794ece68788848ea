import type { Attribute, Graph, Tensor } from '../ir/index.js';
import { AttributeOrigin, type NodeOrigin } from './origin.js';
import { readTensor } from './read-tensor.js';
import { ATTRIBUTE, ATTRIBUTE_TYPE, NODE, WIRE } from './schema.js';
import { Cursor, type Message, type Span } from './wire.js';

/** How graphs inside attributes are read; attributes read lazily have none. */
export type GraphReader = (message: Message) => Graph;

const noGraphs: GraphReader = () => {
  throw new Error('an attribute with a graph was read lazily');
};

/** The attributes of a `NodeProto`. */
export function readAttributes(node: NodeOrigin, readGraph: GraphReader = noGraphs): Attribute[] {
  const attributes: Attribute[] = [];
  for (const cursor = new Cursor(node); cursor.next(); ) {
    if (cursor.is(NODE.attribute, WIRE.bytes)) attributes.push(readAttribute(cursor, readGraph));
  }
  return attributes;
}

/** An `AttributeProto`. */
export function readAttribute(record: Cursor, readGraph: GraphReader = noGraphs): Attribute {
  const origin = new AttributeOrigin(record);
  const parts = collect(record);
  const attribute = { ...common(parts, origin), ...content(parts, readGraph) } as Attribute;
  origin.attribute = attribute;
  return attribute;
}

/** True when an `AttributeProto` holds a graph, told from the headers of its fields. */
export function holdsGraph(span: Span): boolean {
  for (const cursor = new Cursor(span); cursor.next(); ) {
    if (cursor.is(ATTRIBUTE.g, WIRE.bytes) || cursor.is(ATTRIBUTE.graphs, WIRE.bytes)) return true;
  }
  return false;
}

interface Parts {
  name: string;
  docString: string | undefined;
  type: number;
  reference: string;
  f: number;
  i: bigint;
  s: string;
  readonly t: Tensor[];
  readonly g: Span[];
  readonly floats: number[];
  readonly ints: bigint[];
  readonly strings: string[];
  readonly tensors: Tensor[];
  readonly graphs: Span[];
  /** The type that the present field implies, for files from before IR version 2, which leave `type` out. */
  implied: number;
}

function collect(record: Cursor): Parts {
  const parts: Parts = {
    name: '',
    docString: undefined,
    type: 0,
    reference: '',
    f: 0,
    i: 0n,
    s: '',
    t: [],
    g: [],
    floats: [],
    ints: [],
    strings: [],
    tensors: [],
    graphs: [],
    implied: 0,
  };
  for (const cursor = new Cursor(record.span); cursor.next(); ) {
    if (cursor.number === ATTRIBUTE.ints) collectInts(cursor, parts.ints);
    else if (cursor.number === ATTRIBUTE.floats) collectFloats(cursor, parts.floats);
    else if (cursor.wire === WIRE.bytes) collectBytes(cursor, parts);
    else if (cursor.is(ATTRIBUTE.f, WIRE.fixed32)) parts.f = cursor.float32();
    else if (cursor.is(ATTRIBUTE.i, WIRE.varint)) parts.i = cursor.int64();
    else if (cursor.is(ATTRIBUTE.type, WIRE.varint)) parts.type = cursor.int32();
    parts.implied ||= IMPLIED[cursor.number] ?? 0;
  }
  return parts;
}

const IMPLIED: Readonly<Record<number, number>> = {
  [ATTRIBUTE.f]: ATTRIBUTE_TYPE.float,
  [ATTRIBUTE.i]: ATTRIBUTE_TYPE.int,
  [ATTRIBUTE.s]: ATTRIBUTE_TYPE.string,
  [ATTRIBUTE.t]: ATTRIBUTE_TYPE.tensor,
  [ATTRIBUTE.g]: ATTRIBUTE_TYPE.graph,
  [ATTRIBUTE.floats]: ATTRIBUTE_TYPE.floats,
  [ATTRIBUTE.ints]: ATTRIBUTE_TYPE.ints,
  [ATTRIBUTE.strings]: ATTRIBUTE_TYPE.strings,
  [ATTRIBUTE.tensors]: ATTRIBUTE_TYPE.tensors,
  [ATTRIBUTE.graphs]: ATTRIBUTE_TYPE.graphs,
};

function collectBytes(cursor: Cursor, parts: Parts): void {
  switch (cursor.number) {
    case ATTRIBUTE.name:
      parts.name = cursor.text();
      return;
    case ATTRIBUTE.docString:
      parts.docString = cursor.text();
      return;
    case ATTRIBUTE.refAttrName:
      parts.reference = cursor.text();
      return;
    case ATTRIBUTE.s:
      parts.s = cursor.text();
      return;
    case ATTRIBUTE.strings:
      parts.strings.push(cursor.text());
      return;
    case ATTRIBUTE.t:
      parts.t.push(readTensor(cursor));
      return;
    case ATTRIBUTE.tensors:
      parts.tensors.push(readTensor(cursor));
      return;
    case ATTRIBUTE.g:
      parts.g.push(cursor.span);
      return;
    case ATTRIBUTE.graphs:
      parts.graphs.push(cursor.span);
      return;
  }
}

function collectInts(cursor: Cursor, into: bigint[]): void {
  if (cursor.wire === WIRE.varint) into.push(cursor.int64());
  else if (cursor.wire === WIRE.bytes)
    for (const each = new Cursor(cursor.span); each.packed(); ) into.push(each.int64());
}

function collectFloats(cursor: Cursor, into: number[]): void {
  if (cursor.wire === WIRE.fixed32) into.push(cursor.float32());
  if (cursor.wire !== WIRE.bytes) return;
  const bytes = cursor.source.copy(cursor.at, cursor.end);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at + 4 <= bytes.byteLength; at += 4) into.push(view.getFloat32(at, true));
}

function common(
  parts: Parts,
  origin: AttributeOrigin,
): { name: string; docString?: string; origin: AttributeOrigin } {
  const { name, docString } = parts;
  return docString === undefined ? { name, origin } : { name, docString, origin };
}

type Content = Attribute extends infer A
  ? A extends Attribute
    ? Omit<A, 'name' | 'docString' | 'origin'>
    : never
  : never;

function content(parts: Parts, readGraph: GraphReader): Content {
  const type = parts.type || parts.implied;
  if (parts.reference !== '') return { kind: 'reference', value: parts.reference, type };
  switch (type) {
    case ATTRIBUTE_TYPE.float:
      return { kind: 'float', value: parts.f };
    case ATTRIBUTE_TYPE.int:
      return { kind: 'int', value: parts.i };
    case ATTRIBUTE_TYPE.string:
      return { kind: 'string', value: parts.s };
    case ATTRIBUTE_TYPE.floats:
      return { kind: 'floats', value: parts.floats };
    case ATTRIBUTE_TYPE.ints:
      return { kind: 'ints', value: parts.ints };
    case ATTRIBUTE_TYPE.strings:
      return { kind: 'strings', value: parts.strings };
    case ATTRIBUTE_TYPE.tensors:
      return { kind: 'tensors', value: parts.tensors };
    case ATTRIBUTE_TYPE.graphs:
      return { kind: 'graphs', value: parts.graphs.map(span => readGraph([span])) };
    case ATTRIBUTE_TYPE.graph:
      return parts.g.length > 0 ? { kind: 'graph', value: readGraph(parts.g) } : { kind: 'other', type };
    case ATTRIBUTE_TYPE.tensor: {
      const [tensor, ...more] = parts.t;
      return tensor !== undefined && more.length === 0
        ? { kind: 'tensor', value: tensor }
        : { kind: 'other', type };
    }
    default:
      return { kind: 'other', type };
  }
}
