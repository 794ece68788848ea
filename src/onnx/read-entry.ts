import type { Entries } from './origin.js';
import { ENTRY, WIRE } from './schema.js';
import { Cursor, cursors, type Message, type Span } from './wire.js';

/** A `StringStringEntryProto`. */
export function readEntry(span: Span): readonly [string, string] {
  let key = '';
  let value = '';
  for (const cursor = new Cursor(span); cursor.next(); ) {
    if (cursor.is(ENTRY.key, WIRE.bytes)) key = cursor.text();
    else if (cursor.is(ENTRY.value, WIRE.bytes)) value = cursor.text();
  }
  return [key, value];
}

/** All entries that a message holds under one field number. */
export function readEntries(message: Message, field: number): Entries {
  const entries: (readonly [string, string])[] = [];
  for (const cursor of cursors(message)) {
    while (cursor.next()) if (cursor.is(field, WIRE.bytes)) entries.push(readEntry(cursor.span));
  }
  return entries;
}
