import { styleText } from 'node:util';
import { bitsOf, type DataType, type Dim, type ValueType } from '../ir/types.js';

export type Style = 'bold' | 'dim' | 'red' | 'yellow' | 'green' | 'cyan';

/** Colours a text, or gives it back as it is. */
export type Paint = (style: Style, text: string) => string;

export const plain: Paint = (_, text) => text;

export const coloured: Paint = (style, text) => styleText(style, text, { validateStream: false });

/** Where a text will be shown. */
export interface Screen {
  readonly paint: Paint;
  /** Columns; infinite for a file or a pipe. */
  readonly width: number;
}

/** Text that comes from a file, with control characters spelled out: it must not steer the terminal. */
export function printable(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, c => `\\x${(c.codePointAt(0) ?? 0).toString(16).padStart(2, '0')}`);
}

/** A name of at most `width` characters, its middle left out. */
export function shorten(text: string, width: number): string {
  if (text.length <= width) return text;
  const tail = Math.floor((width - 1) / 2);
  return `${text.slice(0, Math.max(0, width - 1 - tail))}…${tail > 0 ? text.slice(-tail) : ''}`;
}

/** Lines of at most `width` characters, broken between words. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/)) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

export function shapeText(shape: readonly (Dim | null)[]): string {
  return `[${shape.map(d => (typeof d === 'string' ? printable(d) : (d ?? '?'))).join(', ')}]`;
}

export function typeName(type: ValueType | undefined): string {
  if (type === undefined) return 'unknown';
  switch (type.kind) {
    case 'tensor':
      return type.elem;
    case 'sparse':
      return `sparse ${type.elem}`;
    case 'sequence':
    case 'optional':
      return `${type.kind} of ${typeName(type.of)}`;
    case 'other':
      return 'other';
  }
}

export function bytesText(bytes: number): string {
  return scaled(bytes, 1024, ['B', 'KiB', 'MiB', 'GiB', 'TiB']);
}

/** Bytes of a tensor; dimensions that are open stay as factors: `64 KiB × batch`. */
export function tensorBytesText(type: DataType, shape: readonly Dim[]): string {
  const { bytes, open } = tensorBytes(type, shape);
  return [bytesText(bytes), ...open.map(d => printable(d))].join(' × ');
}

export function tensorBytes(type: DataType, shape: readonly Dim[]): { bytes: number; open: string[] } {
  const open: string[] = [];
  let bits = bitsOf(type);
  for (const dim of shape) {
    if (typeof dim === 'number') bits *= dim;
    else open.push(dim === undefined ? '?' : /^\w+$/.test(dim) ? dim : `(${dim})`);
  }
  return { bytes: bits / 8, open };
}

export function flopsText(flops: number | null | undefined): string {
  return flops === null || flops === undefined
    ? '?'
    : scaled(flops, 1000, ['FLOP', 'kFLOP', 'MFLOP', 'GFLOP', 'TFLOP']);
}

export function percent(share: number | null | undefined): string {
  return share === null || share === undefined ? '?' : `${(100 * share).toFixed(1)} %`;
}

export function milliseconds(ms: number | null): string {
  if (ms === null || !Number.isFinite(ms)) return '–';
  return ms >= 1000 ? `${significant(ms / 1000)} s` : `${significant(ms)} ms`;
}

export function decimal(x: number, digits: number): string {
  if (Number.isFinite(x)) return x.toFixed(digits);
  return Number.isNaN(x) ? '–' : '∞';
}

export function plural(count: number, word: string, many = `${word}s`): string {
  return `${count} ${count === 1 ? word : many}`;
}

/** Runs of numbers, and runs of equal steps: `0-11`, `2, 4 … 26`. */
export function rangesText(numbers: readonly number[]): string {
  const parts: string[] = [];
  for (let i = 0; i < numbers.length; ) {
    const first = numbers[i] ?? 0;
    const step = (numbers[i + 1] ?? first) - first;
    let end = i;
    while (end + 1 < numbers.length && (numbers[end + 1] ?? 0) - (numbers[end] ?? 0) === step) end++;
    const last = numbers[end] ?? first;
    if (end === i) parts.push(`${first}`);
    else if (step === 1) parts.push(`${first}-${last}`);
    else if (end - i >= 3) parts.push(`${first}, ${first + step} … ${last}`);
    else parts.push(numbers.slice(i, end + 1).join(', '));
    i = end + 1;
  }
  return parts.join(', ');
}

function scaled(value: number, base: number, units: readonly string[]): string {
  let unit = 0;
  let rest = value;
  while (rest >= base && unit < units.length - 1) {
    rest /= base;
    unit++;
  }
  return `${unit === 0 ? Math.round(rest) : significant(rest)} ${units[unit]}`;
}

/** Three significant digits without an exponent. */
function significant(x: number): string {
  if (x >= 100) return x.toFixed(0);
  return x >= 10 ? x.toFixed(1) : x.toFixed(2);
}
