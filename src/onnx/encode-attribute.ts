import protobuf from 'protobufjs/minimal.js';
import { type Attribute, type Graph, graphsOf } from '../ir/index.js';
import { encodeTensor } from './encode-tensor.js';
import { varintTag } from './encode-type.js';
import { AttributeOrigin, GraphOrigin } from './origin.js';
import { Output } from './output.js';
import { drop, list, patch, type Rule, type Rules, repeat, replace, text } from './patch.js';
import { ATTRIBUTE, ATTRIBUTE_TYPE, WIRE } from './schema.js';
import { encodeText } from './text.js';

/** A graph's payload, and whether it is just what was read. */
export interface EncodedGraph {
  readonly body: Output;
  readonly unchanged: boolean;
}

export type GraphEncoder = (graph: Graph) => EncodedGraph;

/** Where an attribute was read, unless it is a changed copy of the one that was. */
export function attributeOrigin(attribute: Attribute): AttributeOrigin | undefined {
  const { origin } = attribute;
  if (!(origin instanceof AttributeOrigin) || origin.attribute === undefined) return undefined;
  const read = origin.attribute;
  const same =
    read.kind === attribute.kind &&
    read.name === attribute.name &&
    read.docString === attribute.docString &&
    Object.is(contentOf(read), contentOf(attribute));
  return same ? origin : undefined;
}

/** Writes an `AttributeProto`. */
export function encodeAttribute(
  out: Output,
  number: number,
  attribute: Attribute,
  encodeGraph: GraphEncoder,
): void {
  const origin = attributeOrigin(attribute);
  const graphs = graphsOf(attribute).map(encodeGraph);
  if (origin !== undefined && graphs.every(graph => graph.unchanged)) {
    repeat(out, number, origin);
    return;
  }
  const body = new Output();
  const base = attribute.origin instanceof AttributeOrigin ? attribute.origin : undefined;
  const rules =
    origin === undefined ? changed(attribute, base, graphs) : new Map([graphRule(attribute, graphs)]);
  patch(body, base === undefined ? [] : [base], rules);
  out.field(number, body);
}

/** Rules that leave of the attribute as read only what `bwc` does not know. */
function changed(
  attribute: Attribute,
  base: AttributeOrigin | undefined,
  graphs: readonly EncodedGraph[],
): Rules {
  const rules: Rules = new Map();
  text(rules, ATTRIBUTE.name, attribute.name, base?.attribute?.name ?? '');
  if (attribute.kind !== 'other') {
    if (base !== undefined) for (const field of CONTENT) rules.set(field, drop(ANY));
    rules.set(...contentRule(attribute, graphs));
  }
  text(rules, ATTRIBUTE.docString, attribute.docString ?? '', base?.attribute?.docString ?? '');
  const type =
    attribute.kind === 'reference' || attribute.kind === 'other'
      ? attribute.type
      : ATTRIBUTE_TYPE[attribute.kind];
  rules.set(
    ATTRIBUTE.type,
    replace(out => out.bytes(varintField(ATTRIBUTE.type, type)), [WIRE.varint]),
  );
  return rules;
}

const ANY = [WIRE.varint, WIRE.fixed64, WIRE.bytes, WIRE.fixed32];

/** Fields of which an attribute has one kind. */
const CONTENT = [
  ATTRIBUTE.f,
  ATTRIBUTE.i,
  ATTRIBUTE.s,
  ATTRIBUTE.t,
  ATTRIBUTE.g,
  ATTRIBUTE.floats,
  ATTRIBUTE.ints,
  ATTRIBUTE.strings,
  ATTRIBUTE.tensors,
  ATTRIBUTE.graphs,
  ATTRIBUTE.tp,
  ATTRIBUTE.typeProtos,
  ATTRIBUTE.refAttrName,
  ATTRIBUTE.sparseTensor,
  ATTRIBUTE.sparseTensors,
];

function contentRule(
  attribute: Exclude<Attribute, { kind: 'other' }>,
  graphs: readonly EncodedGraph[],
): [number, Rule] {
  const written = (field: number, write: (out: Output) => void): [number, Rule] => [
    field,
    replace(write, ANY),
  ];
  switch (attribute.kind) {
    case 'float':
      return written(ATTRIBUTE.f, out => out.bytes(float32Field(ATTRIBUTE.f, attribute.value)));
    case 'int':
      return written(ATTRIBUTE.i, out => out.bytes(int64Field(ATTRIBUTE.i, attribute.value)));
    case 'string':
      return written(ATTRIBUTE.s, out => out.field(ATTRIBUTE.s, encodeText(attribute.value)));
    case 'reference':
      return written(ATTRIBUTE.refAttrName, out =>
        out.field(ATTRIBUTE.refAttrName, encodeText(attribute.value)),
      );
    case 'floats':
      return written(ATTRIBUTE.floats, out => {
        for (const value of attribute.value) out.bytes(float32Field(ATTRIBUTE.floats, value));
      });
    case 'ints':
      return written(ATTRIBUTE.ints, out => {
        for (const value of attribute.value) out.bytes(int64Field(ATTRIBUTE.ints, value));
      });
    case 'strings':
      return written(ATTRIBUTE.strings, out => {
        for (const value of attribute.value) out.field(ATTRIBUTE.strings, encodeText(value));
      });
    case 'tensor':
      return written(ATTRIBUTE.t, out => encodeTensor(out, ATTRIBUTE.t, attribute.value));
    case 'tensors':
      return written(ATTRIBUTE.tensors, out => {
        for (const value of attribute.value) encodeTensor(out, ATTRIBUTE.tensors, value);
      });
    case 'graph':
    case 'graphs':
      return graphRule(attribute, graphs);
  }
}

/** Writes graphs; one that is unchanged among changed ones is written from its range. */
function graphRule(attribute: Attribute, graphs: readonly EncodedGraph[]): [number, Rule] {
  if (attribute.kind !== 'graphs') {
    const write = (out: Output): void => {
      for (const { body } of graphs) out.field(ATTRIBUTE.g, body);
    };
    return [ATTRIBUTE.g, replace(write)];
  }
  const place = (_: EncodedGraph, i: number) => {
    const origin = attribute.value[i]?.origin;
    return origin instanceof GraphOrigin ? origin.message[0] : undefined;
  };
  return [ATTRIBUTE.graphs, list(graphs, place, (out, graph) => out.field(ATTRIBUTE.graphs, graph.body))];
}

function contentOf(attribute: Attribute): unknown {
  return attribute.kind === 'other' ? attribute.type : attribute.value;
}

function varintField(number: number, value: number): Uint8Array {
  return protobuf.Writer.create().uint32(varintTag(number)).int32(value).finish();
}

function float32Field(number: number, value: number): Uint8Array {
  return protobuf.Writer.create()
    .uint32(number * 8 + WIRE.fixed32)
    .float(value)
    .finish();
}

/** protobufjs silently writes a bigint as 0, so the halves are handed over. */
export function int64Field(number: number, value: bigint): Uint8Array {
  const bits = BigInt.asUintN(64, value);
  const low = Number(bits & 0xffffffffn) | 0;
  const high = Number(bits >> 32n) | 0;
  return protobuf.Writer.create().uint32(varintTag(number)).int64({ low, high, unsigned: false }).finish();
}
