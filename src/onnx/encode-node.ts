import type { Node, Value } from '../ir/index.js';
import { attributeOrigin, encodeAttribute, type GraphEncoder } from './encode-attribute.js';
import { NodeOrigin } from './origin.js';
import { Output } from './output.js';
import { encodeEntry, entries, list, patch, type Rule, type Rules, repeat, text, texts } from './patch.js';
import { readEntry } from './read-entry.js';
import { NODE } from './schema.js';

/** Where a node was read. */
export function nodeOrigin(node: Node): NodeOrigin | undefined {
  return node.origin instanceof NodeOrigin ? node.origin : undefined;
}

/** Writes a `NodeProto`: as read when it still says the same, wherever the node now stands. */
export function encodeNode(out: Output, number: number, node: Node, encodeGraph: GraphEncoder): void {
  const origin = nodeOrigin(node);
  const rules = changes(node, origin, encodeGraph);
  const body = new Output();
  if (origin === undefined || rules.size > 0) patch(body, origin === undefined ? [] : [origin], rules);
  if (origin !== undefined && (rules.size === 0 || body.repeats([origin]))) repeat(out, number, origin);
  else out.field(number, body);
}

function changes(node: Node, origin: NodeOrigin | undefined, encodeGraph: GraphEncoder): Rules {
  const rules: Rules = new Map();
  texts(rules, NODE.input, names(node.inputs), origin?.inputs ?? []);
  texts(rules, NODE.output, names(node.outputs), origin?.outputs ?? []);
  text(rules, NODE.name, node.name, origin?.name ?? '');
  text(rules, NODE.opType, node.opType, origin?.opType ?? '');
  if (origin === undefined || node.attributesEdited || origin.hasGraphs) {
    rules.set(NODE.attribute, attributes(node, encodeGraph));
  }
  text(rules, NODE.docString, node.docString, origin?.docString ?? '');
  text(rules, NODE.domain, node.domain, origin?.domain ?? '');
  text(rules, NODE.overload, node.overload, origin?.overload ?? '');
  if (node.metadataRead) {
    entries(rules, NODE.metadataProps, node.metadata, origin?.metadata ?? [], readEntry, encodeEntry);
  }
  return rules;
}

/** Records that became no attribute of the node, its name being given twice, go only when attributes were edited. */
function attributes(node: Node, encodeGraph: GraphEncoder): Rule {
  return list(
    [...node.attributes.values()],
    attributeOrigin,
    (out, attribute) => encodeAttribute(out, NODE.attribute, attribute, encodeGraph),
    node.attributesEdited ? 'drop' : 'keep',
  );
}

function names(values: readonly (Value | undefined)[]): string[] {
  return values.map(value => value?.name ?? '');
}
