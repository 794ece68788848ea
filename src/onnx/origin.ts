import type { Attribute, FunctionDef, Graph, Origin, Tensor, Value, ValueType } from '../ir/index.js';
import type { Source } from './source.js';
import type { Cursor, Message, Span } from './wire.js';

/** Key and value of each `StringStringEntryProto`, as read. */
export type Entries = readonly (readonly [string, string])[];

/** A record of the file: field number, place of its tag, of its payload and of its end. */
export class RecordOrigin implements Origin, Span {
  readonly source: Source;
  readonly field: number;
  /** Where the tag is. */
  readonly tag: number;
  /** Where the payload starts: unique in the source, so it identifies the record. */
  readonly start: number;
  readonly end: number;

  constructor(cursor: Cursor) {
    this.source = cursor.source;
    this.field = cursor.number;
    this.tag = cursor.start;
    this.start = cursor.at;
    this.end = cursor.end;
  }

  get origin(): string {
    return `${this.source.path} at byte ${this.tag}`;
  }
}

/** A `NodeProto` and what it said. */
export class NodeOrigin extends RecordOrigin {
  /** Names; empty for an omitted one. */
  readonly inputs: string[] = [];
  readonly outputs: string[] = [];
  name = '';
  opType = '';
  domain = '';
  overload = '';
  docString = '';
  /** True when an attribute holds a graph. */
  hasGraphs = false;
  /** Set when metadata was decoded. */
  metadata: Entries | undefined;
}

/** An `AttributeProto` and the attribute it became. */
export class AttributeOrigin extends RecordOrigin {
  attribute: Attribute | undefined;
}

/** A `TensorProto` or `SparseTensorProto`, and the tensor it became. */
export class TensorOrigin extends RecordOrigin {
  name = '';
  tensor: Tensor | undefined;
}

/** A tensor whose elements are written elsewhere than they were read. */
export class MovedOrigin implements Origin {
  /** The record whose other fields stay; absent for a tensor that was never in a file. */
  readonly record: TensorOrigin | undefined;
  /** The elements, when they come into the model. */
  readonly data: Span | undefined;

  constructor(record: TensorOrigin | undefined, data?: Span) {
    this.record = record;
    this.data = data;
  }

  get origin(): string {
    return this.record?.origin ?? 'a new tensor';
  }
}

export type Role = 'input' | 'output' | 'info';

/** A `ValueInfoProto`, and the value it declares as that was when reading was done. */
export class ValueOrigin extends RecordOrigin {
  readonly role: Role;
  name = '';
  type: ValueType | undefined;
  docString = '';
  metadata: Entries = [];
  value: Value | undefined;

  constructor(cursor: Cursor, role: Role) {
    super(cursor);
    this.role = role;
  }
}

/** A `GraphProto` and what it said. */
export class GraphOrigin implements Origin {
  readonly message: Message;
  name = '';
  docString = '';
  metadata: Entries = [];
  readonly inputs: ValueOrigin[] = [];
  readonly outputs: ValueOrigin[] = [];
  /** Payload places of the `value_info` that declare no value of this graph, or one a second time. */
  readonly strays: Set<number> = new Set();

  constructor(message: Message) {
    this.message = message;
  }

  get origin(): string {
    return this.message.map(span => `${span.source.path} from byte ${span.start} to ${span.end}`).join(', ');
  }
}

/** A `FunctionProto` and the definition it became. */
export class FunctionOrigin extends RecordOrigin {
  definition: FunctionDef | undefined;
}

/** The file, and what its `ModelProto` said. */
export class ModelOrigin implements Origin {
  readonly source: Source;
  irVersion = 0n;
  producerName = '';
  producerVersion = '';
  domain = '';
  modelVersion = 0n;
  docString = '';
  opsets: readonly (readonly [string, number])[] = [];
  metadata: Entries = [];
  functions: readonly FunctionDef[] = [];
  graph: Graph | undefined;

  constructor(source: Source) {
    this.source = source;
  }

  get origin(): string {
    return this.source.path;
  }
}
