import type { Graph, Value } from '../ir/index.js';
import type { EncodedGraph } from './encode-attribute.js';
import { encodeNode, nodeOrigin } from './encode-node.js';
import { encodeTensor, isSparse, recordOf } from './encode-tensor.js';
import { encodeValue } from './encode-value.js';
import { GraphOrigin, ValueOrigin } from './origin.js';
import { Output } from './output.js';
import { encodeEntry, entries, list, patch, type Rule, type Rules, text } from './patch.js';
import { readEntry } from './read-entry.js';
import { GRAPH, WIRE } from './schema.js';

/** A `GraphProto`'s payload. What nobody changed comes out as the ranges it was read from. */
export function encodeGraph(graph: Graph): EncodedGraph {
  const origin = graph.origin instanceof GraphOrigin ? graph.origin : undefined;
  const rules: Rules = new Map();
  rules.set(
    GRAPH.node,
    list(graph.nodes, nodeOrigin, (out, node) => encodeNode(out, GRAPH.node, node, encodeGraph)),
  );
  text(rules, GRAPH.name, graph.name, origin?.name ?? '');
  const initializers = [...graph.initializers];
  rules.set(
    GRAPH.initializer,
    tensors(
      GRAPH.initializer,
      initializers.filter(value => !sparse(value)),
    ),
  );
  text(rules, GRAPH.docString, graph.docString, origin?.docString ?? '');
  rules.set(GRAPH.input, declarations(GRAPH.input, graph.inputs, origin?.inputs ?? []));
  rules.set(GRAPH.output, declarations(GRAPH.output, graph.outputs, origin?.outputs ?? []));
  rules.set(GRAPH.valueInfo, infos(graph, origin));
  rules.set(GRAPH.sparseInitializer, tensors(GRAPH.sparseInitializer, initializers.filter(sparse)));
  entries(rules, GRAPH.metadataProps, graph.metadata, origin?.metadata ?? [], readEntry, encodeEntry);
  const body = new Output();
  patch(body, origin?.message ?? [], rules);
  return { body, unchanged: origin !== undefined && body.repeats(origin.message) };
}

function sparse(value: Value): boolean {
  return value.initializer !== undefined && isSparse(value.initializer);
}

function tensors(number: number, values: readonly Value[]): Rule {
  return list(
    values,
    value => value.initializer && recordOf(value.initializer),
    (out, value) => value.initializer && encodeTensor(out, number, value.initializer, value.name),
  );
}

/** Inputs or outputs. One that took another's place under its name takes over that one's declaration. */
function declarations(number: number, values: readonly Value[], read: readonly ValueOrigin[]): Rule {
  const free = new Set(read);
  const claim = (fits: (declaration: ValueOrigin) => boolean): ValueOrigin | undefined => {
    for (const declaration of free) {
      if (!fits(declaration)) continue;
      free.delete(declaration);
      return declaration;
    }
    return undefined;
  };
  const own = values.map(value =>
    claim(declaration => declaration.value === value && declaration.name === value.name),
  );
  const taken = values.map((value, i) => own[i] ?? claim(declaration => declaration.name === value.name));
  const found = values.map((value, i) => taken[i] ?? claim(declaration => declaration.value === value));
  return list(
    values,
    (_, i) => found[i],
    (out, value, i) => encodeValue(out, number, value, found[i] ?? declared(value)),
  );
}

function declared(value: Value): ValueOrigin | undefined {
  return value.origin instanceof ValueOrigin ? value.origin : undefined;
}

/** `value_info`: of the values that this graph defines, those that the file declares and those that are new. */
function infos(graph: Graph, origin: GraphOrigin | undefined): Rule {
  const wanted = new Map<number, Value>();
  const added = new Set<Value>();
  const ends = new Set<Value>([...graph.inputs, ...graph.outputs]);
  // An input or output is not repeated in `value_info`, unless the file does so.
  const repeated = new Set([...(origin?.inputs ?? []), ...(origin?.outputs ?? [])].map(each => each.value));
  for (const value of defined(graph)) {
    const declaration = declared(value);
    const wantedHere = ends.has(value)
      ? declaration?.role === 'info' && repeated.has(value)
      : isWanted(value, declaration);
    if (!wantedHere) continue;
    added.add(value);
    if (declaration?.role === 'info') wanted.set(declaration.start, value);
  }
  return {
    wires: [WIRE.bytes],
    record: (out, cursor) => {
      const value = wanted.get(cursor.at);
      if (value !== undefined && added.delete(value))
        encodeValue(out, GRAPH.valueInfo, value, declared(value));
      else if (origin?.strays.has(cursor.at)) {
        out.range({ source: cursor.source, start: cursor.start, end: cursor.end });
      }
    },
    rest: out => {
      for (const value of added) encodeValue(out, GRAPH.valueInfo, value, declared(value));
    },
  };
}

function* defined(graph: Graph): IterableIterator<Value> {
  yield* graph.initializers;
  for (const value of graph.inputs) if (value.initializer === undefined) yield value;
  for (const node of graph.nodes) for (const value of node.outputs) if (value) yield value;
}

function isWanted(value: Value, declaration: ValueOrigin | undefined): boolean {
  if (declaration !== undefined) return true;
  return value.type !== undefined && value.producer !== undefined && nodeOrigin(value.producer) === undefined;
}
