import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeText, encodeText } from '../../src/onnx/text.js';
import { same } from './helpers.js';

describe('strings of a file', () => {
  it('give back any bytes, so different names stay different', () => {
    const nearUtf8 = fc.array(
      fc.constantFrom(0x41, 0x80, 0xbf, 0xc0, 0xc3, 0xe0, 0xed, 0xa0, 0xef, 0xbd, 0xf0, 0x90, 0xf4, 0xff),
    );
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array(), nearUtf8), bytes => {
        const original = Buffer.from(bytes);
        expect(same(encodeText(decodeText(original)), original)).toBe(true);
      }),
      { numRuns: 2000, seed: 7 },
    );
  });

  it('are what UTF-8 says where it is valid', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), text => {
        expect(decodeText(Buffer.from(text, 'utf8'))).toBe(text);
        expect(same(encodeText(text), Buffer.from(text, 'utf8'))).toBe(true);
      }),
      { seed: 7 },
    );
  });

  it('keep a replacement character that was written as one, and escape what is none', () => {
    expect(decodeText(Buffer.from('a\ufffdb'))).toBe('a\ufffdb');
    expect(decodeText(Buffer.of(0x61, 0xff, 0xed, 0xa0, 0x80, 0xc3, 0xa9))).toBe(
      'a\udcff\udced\udca0\udc80é',
    );
  });
});
