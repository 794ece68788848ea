import { MemorySource, type Source } from './source.js';
import { header, type Message, type Span } from './wire.js';

/** A piece of an encoded model: bytes, or a range of a file. */
export type Segment =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'range'; readonly source: Source; readonly start: number; readonly end: number };

type Part = Uint8Array | Span;

/** Bytes being put together out of new ones and ranges of sources; neighbouring ranges join. */
export class Output {
  length = 0;
  readonly #parts: Part[] = [];

  bytes(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.length += bytes.length;
    this.#parts.push(bytes);
  }

  range({ source, start, end }: Span): void {
    if (start === end) return;
    this.length += end - start;
    const last = this.#parts.at(-1);
    if (last !== undefined && 'source' in last && last.source === source && last.end === start) {
      this.#parts[this.#parts.length - 1] = { source, start: last.start, end };
    } else this.#parts.push({ source, start, end });
  }

  append(other: Output): void {
    for (const part of other.#parts) {
      if ('source' in part) this.range(part);
      else this.bytes(part);
    }
  }

  /** A length-delimited field. */
  field(number: number, payload: Output | Uint8Array | Span): void {
    this.bytes(header(number, 'source' in payload ? payload.end - payload.start : payload.length));
    if (payload instanceof Output) this.append(payload);
    else if ('source' in payload) this.range(payload);
    else this.bytes(payload);
  }

  /** True when these are just the bytes of `message`, so that nothing in it was changed. */
  repeats(message: Message): boolean {
    const spans = message.filter(span => span.start < span.end);
    return (
      spans.length === this.#parts.length &&
      spans.every((span, i) => {
        const part = this.#parts[i];
        return part !== undefined && 'source' in part && sameSpan(part, span);
      })
    );
  }

  /** The pieces, with small neighbours joined. */
  segments(): Segment[] {
    const segments: Segment[] = [];
    let small: Uint8Array[] = [];
    const flush = (): void => {
      if (small.length > 0) segments.push({ kind: 'bytes', bytes: Buffer.concat(small) });
      small = [];
    };
    for (const part of this.#parts) {
      const bytes = bytesOf(part);
      if (bytes !== undefined && bytes.length < SMALL) {
        small.push(bytes);
        continue;
      }
      flush();
      if (bytes !== undefined) segments.push({ kind: 'bytes', bytes });
      else if ('source' in part) segments.push({ kind: 'range', ...part });
    }
    flush();
    return segments;
  }
}

/** Longer pieces are not worth copying. */
const SMALL = 64 * 1024;

/** The bytes of a part that are in memory already. */
function bytesOf(part: Part): Uint8Array | undefined {
  if (!('source' in part)) return part;
  return part.source instanceof MemorySource ? part.source.copy(part.start, part.end) : undefined;
}

function sameSpan(a: Span, b: Span): boolean {
  return a.source === b.source && a.start === b.start && a.end === b.end;
}
