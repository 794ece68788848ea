import { refuse } from '../diagnostics/index.js';
import { WIRE } from './schema.js';
import type { Source } from './source.js';
import { decodeText } from './text.js';

/** Bytes of a source, from `start` to `end`. */
export interface Span {
  readonly source: Source;
  readonly start: number;
  readonly end: number;
}

/** Payload of a message: one span, or several when a singular field was given repeatedly (protobuf merges them). */
export type Message = readonly Span[];

/** Deepest nesting of groups and of messages, as in other protobuf readers. */
const DEEPEST = 100;
const LONGEST_VARINT = 10;
/** V8 holds no longer string; nothing in a model comes near. */
const LONGEST_TEXT = 2 ** 28;
/** Read apart, so that the window stays small. */
const LARGE_TEXT = 2 ** 20;

/**
 * Goes through the fields of a message without building anything. After `next` the record lies from `start`
 * to `end`, its payload from `at` to `end`, and a varint's value in `low` and `high`.
 */
export class Cursor {
  readonly source: Source;
  readonly #limit: number;
  number = 0;
  wire = 0;
  start: number;
  at: number;
  end: number;
  low = 0;
  high = 0;

  constructor(span: Span) {
    this.source = span.source;
    this.#limit = span.end;
    this.start = span.start;
    this.at = span.start;
    this.end = span.start;
  }

  next(): boolean {
    if (this.end >= this.#limit) return false;
    this.start = this.end;
    this.#tag();
    if (this.wire === WIRE.groupEnd) this.fail('a group ends that never began');
    if (this.wire === WIRE.groupStart) this.#skipGroup();
    else this.#payload();
    return true;
  }

  /** Whether the field is this one, with this wire type; a known number of another wire type is an unknown field. */
  is(number: number, wire: number): boolean {
    return this.number === number && this.wire === wire;
  }

  /** The payload, as a message or packed numbers. */
  get span(): Span {
    return { source: this.source, start: this.at, end: this.end };
  }

  text(): string {
    const length = this.end - this.at;
    if (length === 0) return '';
    if (length > LONGEST_TEXT) this.fail(`a string of ${length} bytes`);
    if (length > LARGE_TEXT) return decodeText(Buffer.from(this.source.copy(this.at, this.end)));
    this.source.need(this.at, length);
    const { window, from } = this.source;
    return decodeText(window, this.at - from, this.end - from);
  }

  /** A varint as the int64 it encodes. */
  int64(): bigint {
    return BigInt.asIntN(64, (BigInt(this.high >>> 0) << 32n) | BigInt(this.low >>> 0));
  }

  /** A varint as int64, in a double; exact up to 2^53. */
  integer(): number {
    return this.high === 0 ? this.low : (this.high | 0) * 2 ** 32 + this.low;
  }

  /** A varint as int32, as enums are. */
  int32(): number {
    return this.low | 0;
  }

  float32(): number {
    this.source.need(this.at, 4);
    return this.source.window.readFloatLE(this.at - this.source.from);
  }

  /** Reads a bare varint at the payload's place: for packed numbers. */
  packed(): boolean {
    if (this.end >= this.#limit) return false;
    this.start = this.end;
    this.at = this.end;
    this.#varint();
    return true;
  }

  fail(reason: string): never {
    return refuse('BWC102', { path: this.source.path, offset: this.start, reason });
  }

  #tag(): void {
    this.#varint();
    if (this.high !== 0) this.fail('a field number is out of range');
    this.number = this.low >>> 3;
    this.wire = this.low & 7;
    if (this.number === 0) this.fail('a field has number 0');
    this.at = this.end;
  }

  /** Advances `end` over the payload of a field that is no group. */
  #payload(): void {
    switch (this.wire) {
      case WIRE.varint:
        this.#varint();
        return;
      case WIRE.fixed64:
        this.#advance(8);
        return;
      case WIRE.bytes: {
        this.#varint();
        if (this.high >>> 0 >= 2 ** 21) this.fail('a length is out of range');
        this.at = this.end;
        this.#advance(this.integer());
        return;
      }
      case WIRE.fixed32:
        this.#advance(4);
        return;
      default:
        this.fail(`wire type ${this.wire} does not exist`);
    }
  }

  #advance(count: number): void {
    if (count > this.#limit - this.end) this.#overrun(this.end + count);
    this.end += count;
  }

  #overrun(needed: number): never {
    const { path, size } = this.source;
    if (needed > size) refuse('BWC103', { path, offset: this.start, needed, size });
    return this.fail('a field runs past the end of its message');
  }

  #skipGroup(): void {
    const { number, at } = this;
    const open = [number];
    while (open.length > 0) {
      if (this.end >= this.#limit) this.#overrun(this.end + 1);
      this.#tag();
      if (this.wire === WIRE.groupStart) open.push(this.number);
      else if (this.wire !== WIRE.groupEnd) this.#payload();
      else if (open.pop() !== this.number) this.fail('a group ends that is not the open one');
      if (open.length > DEEPEST) this.fail('groups are nested too deeply');
    }
    this.number = number;
    this.wire = WIRE.groupStart;
    this.at = at;
  }

  /** Reads a varint at `end` into `low` and `high`, both unsigned. */
  #varint(): void {
    const { source } = this;
    if (this.end >= this.#limit) this.#overrun(this.end + 1);
    source.need(this.end, LONGEST_VARINT);
    const { window } = source;
    const first = this.end - source.from;
    const byte = window[first] ?? 0;
    if (byte < 0x80) {
      this.low = byte;
      this.high = 0;
      this.end++;
      return;
    }
    const available = Math.min(this.#limit - this.end, LONGEST_VARINT);
    let low = 0;
    let high = 0;
    for (let i = 0; i < available; i++) {
      const b = window[first + i] ?? 0;
      const bits = b & 0x7f;
      if (i < 4) low |= bits << (7 * i);
      else if (i === 4) {
        low |= bits << 28;
        high = bits >>> 4;
      } else if (i < 9) high |= bits << (7 * i - 32);
      else high |= (bits & 1) << 31;
      if (b < 0x80) {
        this.low = low >>> 0;
        this.high = high >>> 0;
        this.end += i + 1;
        return;
      }
    }
    if (available === LONGEST_VARINT) this.fail('a number takes more than ten bytes');
    this.#overrun(this.end + available + 1);
  }
}

/** A cursor for each span of a message, in order. */
export function cursors(message: Message): Cursor[] {
  return message.map(span => new Cursor(span));
}

/** Bytes of `value` as a varint. */
export function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80);
  bytes.push(rest);
  return bytes;
}

/** Tag and length in front of a payload of `length` bytes. */
export function header(number: number, length: number): Uint8Array {
  const tag = number * 8 + WIRE.bytes;
  const bytes = new Uint8Array(varintLength(tag) + varintLength(length));
  putVarint(bytes, putVarint(bytes, 0, tag), length);
  return bytes;
}

function varintLength(value: number): number {
  let length = 1;
  for (let rest = value; rest > 127; rest = Math.floor(rest / 128)) length++;
  return length;
}

/** @returns where the next byte goes */
function putVarint(bytes: Uint8Array, at: number, value: number): number {
  let rest = value;
  let to = at;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes[to++] = (rest % 128) | 0x80;
  bytes[to] = rest;
  return to + 1;
}
