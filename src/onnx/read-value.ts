import type { Value } from '../ir/index.js';
import { type Role, ValueOrigin } from './origin.js';
import { readEntry } from './read-entry.js';
import { readSharedType } from './read-type.js';
import { VALUE_INFO, WIRE } from './schema.js';
import { Cursor, type Span } from './wire.js';

/** A `ValueInfoProto`; the value that it declares is found later, by name. */
export function readDeclaration(record: Cursor, role: Role): ValueOrigin {
  const declaration = new ValueOrigin(record, role);
  const type: Span[] = [];
  const metadata: (readonly [string, string])[] = [];
  for (const cursor = new Cursor(record.span); cursor.next(); ) {
    if (cursor.wire !== WIRE.bytes) continue;
    if (cursor.number === VALUE_INFO.name) declaration.name = cursor.text();
    else if (cursor.number === VALUE_INFO.type) type.push(cursor.span);
    else if (cursor.number === VALUE_INFO.docString) declaration.docString = cursor.text();
    else if (cursor.number === VALUE_INFO.metadataProps) metadata.push(readEntry(cursor.span));
  }
  if (type.length > 0) declaration.type = readSharedType(type);
  declaration.metadata = metadata;
  return declaration;
}

/**
 * Gives a value what its declaration says. Of several, the first that says something counts, and the value
 * remembers the `value_info`.
 */
export function declare(value: Value, declaration: ValueOrigin): void {
  declaration.value = value;
  // One string for all mentions of a name: less memory, and comparing is quick.
  declaration.name = value.name;
  value.type ??= declaration.type;
  value.docString ||= declaration.docString;
  for (const [key, text] of declaration.metadata) if (!value.metadata.has(key)) value.metadata.set(key, text);
  if (value.origin === undefined || declaration.role === 'info') value.origin = declaration;
}

/** Remembers what became of the value, once all its declarations were read. */
export function settle(declaration: ValueOrigin): void {
  const { value } = declaration;
  if (value === undefined) return;
  declaration.type = value.type;
  declaration.docString = value.docString;
  declaration.metadata = value.hasMetadata ? [...value.metadata] : [];
}
