import { NodeOrigin } from './origin.js';
import { holdsGraph } from './read-attribute.js';
import { readEntries } from './read-entry.js';
import { NODE, WIRE } from './schema.js';
import { Cursor } from './wire.js';

/** A `NodeProto` without its attributes and metadata; names are not resolved yet. */
export function readNodeHeader(record: Cursor): NodeOrigin {
  const node = new NodeOrigin(record);
  for (const cursor = new Cursor(node); cursor.next(); ) {
    if (cursor.wire !== WIRE.bytes) continue;
    switch (cursor.number) {
      case NODE.input:
        node.inputs.push(cursor.text());
        break;
      case NODE.output:
        node.outputs.push(cursor.text());
        break;
      case NODE.name:
        node.name = cursor.text();
        break;
      case NODE.opType:
        node.opType = cursor.text();
        break;
      case NODE.domain:
        node.domain = cursor.text();
        break;
      case NODE.overload:
        node.overload = cursor.text();
        break;
      case NODE.docString:
        node.docString = cursor.text();
        break;
      case NODE.attribute:
        node.hasGraphs ||= holdsGraph(cursor.span);
        break;
    }
  }
  return node;
}

/** The `metadata_props` of a node. */
export function readMetadata(node: NodeOrigin): Map<string, string> {
  const map = new Map(readEntries([node], NODE.metadataProps));
  node.metadata = [...map];
  return map;
}
