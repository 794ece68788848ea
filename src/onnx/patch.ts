import type { RecordOrigin } from './origin.js';
import { Output } from './output.js';
import { ENTRY, WIRE } from './schema.js';
import { encodeText } from './text.js';
import { type Cursor, cursors, type Message, type Span, varint } from './wire.js';

/** What happens to the records of one field number when a message is written again. */
export interface Rule {
  /** Wire types of the records that the rule is about; others are unknown fields and stay. */
  readonly wires: readonly number[];
  /** Called for each such record, in file order. */
  record(out: Output, cursor: Cursor): void;
  /** Called once, after the last such record or, where there is none, at the end. */
  rest(out: Output): void;
  /** True when `rest` does nothing after a record, so that it need not be known which is the last. */
  readonly anywhere?: true;
}

export type Rules = Map<number, Rule>;

/**
 * Writes a message again: fields with a rule as the rule says, all others byte for byte where they are. A new
 * message has no spans, and consists of what the rules give for `rest`.
 */
export function patch(out: Output, message: Message, rules: Rules): void {
  const pending = new Map(rules);
  const last = lastRecords(message, rules);
  for (const cursor of cursors(message)) {
    while (cursor.next()) {
      const rule = ruleFor(rules, cursor);
      if (rule === undefined) {
        out.range({ source: cursor.source, start: cursor.start, end: cursor.end });
        continue;
      }
      rule.record(out, cursor);
      if (last.get(cursor.number) !== cursor.at) continue;
      rule.rest(out);
      pending.delete(cursor.number);
    }
  }
  for (const rule of pending.values()) rule.rest(out);
}

/** Writes a record under `number`, its payload unchanged. */
export function repeat(out: Output, number: number, origin: RecordOrigin): void {
  const { source, tag, start, end } = origin;
  if (origin.field === number) out.range({ source, start: tag, end });
  else {
    out.bytes(Uint8Array.from([...varint(number * 8 + WIRE.bytes), ...varint(end - start)]));
    out.range({ source, start, end });
  }
}

/** Replaces all records of a field by new ones, at the place of the first. */
export function replace(write: (out: Output) => void, wires: readonly number[] = [WIRE.bytes]): Rule {
  let done = false;
  const once = (out: Output): void => {
    if (!done) write(out);
    done = true;
  };
  return { wires, record: once, rest: once, anywhere: true };
}

/** Drops all records of a field. */
export function drop(wires: readonly number[]): Rule {
  return { wires, record: () => undefined, rest: () => undefined, anywhere: true };
}

/**
 * Writes the items of a list in their order. An item that was read from a record of the message is written
 * where that record is, and new ones before the next of those.
 *
 * @param place payload place of the record an item was read from
 * @param others what becomes of records from which no item was read
 */
export function list<T>(
  items: readonly T[],
  place: (item: T, index: number) => Span | undefined,
  write: (out: Output, item: T, index: number) => void,
  others: 'drop' | 'keep' = 'drop',
): Rule {
  const index = new Map<number, number>();
  items.forEach((item, i) => {
    const start = place(item, i)?.start;
    if (start !== undefined && !index.has(start)) index.set(start, i);
  });
  let next = 0;
  const upTo = (out: Output, end: number): void => {
    if (next < end) for (const item of items.slice(next, end)) write(out, item, next++);
  };
  return {
    wires: [WIRE.bytes],
    record: (out, cursor) => {
      const at = index.get(cursor.at);
      if (at !== undefined) upTo(out, at + 1);
      else if (others === 'keep') out.range({ source: cursor.source, start: cursor.start, end: cursor.end });
    },
    rest: out => {
      upTo(out, items.length);
    },
  };
}

/** Adds a rule for a string that is not what it was; the empty string is the default of proto2 and left out. */
export function text(rules: Rules, number: number, now: string, before: string): void {
  if (now !== before)
    rules.set(
      number,
      replace(out => out.field(number, encodeText(now))),
    );
}

/** Adds a rule for a list of strings that is not what it was. */
export function texts(rules: Rules, number: number, now: readonly string[], before: readonly string[]): void {
  if (now.length === before.length && now.every((name, i) => name === before[i])) return;
  rules.set(
    number,
    replace(out => {
      for (const each of now) out.field(number, encodeText(each));
    }),
  );
}

/**
 * Adds a rule for entries, `StringStringEntryProto` or the like, that are not what they were: those that stayed
 * are written as they are.
 */
export function entries<V>(
  rules: Rules,
  number: number,
  now: ReadonlyMap<string, V>,
  before: readonly (readonly [string, V])[],
  read: (span: Span) => readonly [string, V],
  encode: (key: string, value: V) => Output,
): void {
  if (now.size === before.length && before.every(([key, value]) => now.get(key) === value)) return;
  const rest = new Map(now);
  rules.set(number, {
    wires: [WIRE.bytes],
    record: (out, cursor) => {
      const [key, value] = read(cursor.span);
      const wanted = rest.get(key);
      if (wanted === undefined) return;
      if (wanted === value) out.range({ source: cursor.source, start: cursor.start, end: cursor.end });
      else out.field(number, encode(key, wanted));
      rest.delete(key);
    },
    rest: out => {
      for (const [key, value] of rest) out.field(number, encode(key, value));
    },
  });
}

/** A new `StringStringEntryProto`. */
export function encodeEntry(key: string, value: string): Output {
  const out = new Output();
  out.field(ENTRY.key, encodeText(key));
  out.field(ENTRY.value, encodeText(value));
  return out;
}

function ruleFor(rules: Rules, cursor: Cursor): Rule | undefined {
  const rule = rules.get(cursor.number);
  return rule?.wires.includes(cursor.wire) ? rule : undefined;
}

function lastRecords(message: Message, rules: Rules): Map<number, number> {
  const last = new Map<number, number>();
  if ([...rules.values()].every(rule => rule.anywhere)) return last;
  for (const cursor of cursors(message))
    while (cursor.next()) if (ruleFor(rules, cursor)) last.set(cursor.number, cursor.at);
  return last;
}
