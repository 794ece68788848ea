import { describe, expect, it } from 'vitest';
import { type Column, table } from '../../src/report/table.js';
import {
  bytesText,
  flopsText,
  plain,
  printable,
  rangesText,
  shorten,
  tensorBytesText,
} from '../../src/report/text.js';

describe('texts', () => {
  it('writes ranges', () => {
    expect(rangesText([])).toBe('');
    expect(rangesText([3])).toBe('3');
    expect(rangesText([0, 1, 2, 3])).toBe('0-3');
    expect(rangesText([2, 4, 6, 8])).toBe('2, 4 … 8');
    expect(rangesText([0, 1, 2, 5, 9])).toBe('0-2, 5, 9');
  });

  it('writes sizes', () => {
    expect(bytesText(0)).toBe('0 B');
    expect(bytesText(1536)).toBe('1.50 KiB');
    expect(flopsText(726_276_192)).toBe('726 MFLOP');
    expect(flopsText(null)).toBe('?');
    expect(tensorBytesText('float16', ['batch', 16, '4*n'])).toBe('32 B × batch × (4*n)');
  });

  it('keeps names from steering the terminal', () => {
    expect(printable('a\x1b[2Jb\n')).toBe('a\\x1b[2Jb\\x0a');
  });

  it('leaves out the middle of long names', () => {
    expect(shorten('abcdefghij', 5)).toBe('ab…ij');
    expect(shorten('abc', 5)).toBe('abc');
  });
});

describe('table', () => {
  const columns: readonly Column[] = [
    { head: 'name', gives: 'middle' },
    { head: 'n', align: 'right' as const },
  ];
  const rows = [
    ['a'.repeat(60), '1'],
    ['b', '100'],
  ];

  it('lines up and ends no line in blanks', () => {
    const text = table(columns, rows, { paint: plain, width: Number.POSITIVE_INFINITY });
    const ends = text
      .trimEnd()
      .split('\n')
      .map(line => line.length);
    expect(new Set(ends).size).toBe(1);
    expect(text).toBe(text.replaceAll(/ +\n/g, '\n'));
  });

  it('breaks prose into lines', () => {
    const prose: readonly Column[] = [{ head: 'n' }, { head: 'what', gives: 'lines' }];
    const text = table(prose, [['1', 'one two three four five six']], { paint: plain, width: 20 });
    expect(text).toBe('  n  what\n  1  one two three\n     four five six\n');
  });

  it('gives way to a narrow screen', () => {
    const text = table(columns, rows, { paint: plain, width: 40 });
    expect(Math.max(...text.split('\n').map(line => line.length))).toBe(40);
    expect(text).toContain('…');
  });
});
