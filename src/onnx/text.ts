/**
 * Strings of a file, both ways without loss. Bytes that are not UTF-8 become the lone surrogates U+DC80 to
 * U+DCFF, one a byte (as in PEP 383), so that two different names stay different and can be written back.
 */

const ESCAPE = 0xdc00;
const REPLACEMENT = '\ufffd';

/** The string of the bytes from `start` to `end`. */
export function decodeText(window: Buffer, start = 0, end: number = window.length): string {
  const text = window.toString('utf8', start, end);
  if (!text.includes(REPLACEMENT)) return text;
  const bytes = window.subarray(start, end);
  if (Buffer.from(text, 'utf8').equals(bytes)) return text;
  const parts: string[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = sequenceLength(bytes, at);
    parts.push(
      length === 0 ? String.fromCharCode(ESCAPE | (bytes[at] ?? 0)) : bytes.toString('utf8', at, at + length),
    );
    at += Math.max(1, length);
  }
  return parts.join('');
}

/** True when some of the text stands for bytes that are not UTF-8. */
export function hasEscapes(text: string): boolean {
  return /[\udc80-\udcff]/.test(text);
}

export function encodeText(text: string): Uint8Array {
  if (!hasEscapes(text)) return Buffer.from(text, 'utf8');
  // Iteration is by code point: a surrogate that belongs to a pair never shows up alone.
  const parts = Array.from(text, c => {
    const code = c.codePointAt(0) ?? 0;
    return code >= 0xdc80 && code <= 0xdcff ? Buffer.of(code & 0xff) : Buffer.from(c, 'utf8');
  });
  return Buffer.concat(parts);
}

/** Bytes of the valid UTF-8 sequence at `at` (Unicode, table 3-7), or 0. */
function sequenceLength(bytes: Buffer, at: number): number {
  const lead = bytes[at] ?? 0;
  if (lead < 0x80) return 1;
  const length =
    lead >= 0xc2 && lead <= 0xdf ? 2 : (lead & 0xf0) === 0xe0 ? 3 : lead >= 0xf0 && lead <= 0xf4 ? 4 : 0;
  if (length === 0 || at + length > bytes.length) return 0;
  const second = bytes[at + 1] ?? 0;
  const low = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
  const high = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
  if (second < low || second > high) return 0;
  for (let i = 2; i < length; i++) if (((bytes[at + i] ?? 0) & 0xc0) !== 0x80) return 0;
  return length;
}
