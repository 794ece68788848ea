import { type Builder, int, Tensor, type Value } from '../ir/index.js';

/** ONNX Runtime keeps a lookup on the host while its table has at most as many elements. */
const SMALL = 100;

/** Flags that one number carries: float32 holds them exactly. */
const WORD = 16;

/** The number of `table` at `index` (int64 [1]), float32 [1]. Long tables are looked up in pieces. */
export function lookup(b: Builder, table: readonly number[], index: Value, name: string): Value {
  const pieces: Value[] = [];
  for (let from = 0; from < table.length; from += SMALL) {
    const piece = table.slice(from, from + SMALL);
    const here = from === 0 && table.length <= SMALL ? index : within(b, index, from, piece.length);
    pieces.push(b.op('Gather', [vector(b, piece), here], { name, attributes: [int('axis', 0)] }));
  }
  const [first, ...rest] = pieces;
  if (first === undefined) throw new Error('a table has entries');
  return rest.reduce((found, piece, i) => {
    const beyond = b.op('Less', [b.i64((i + 1) * SMALL - 1), index]);
    return b.op('Where', [beyond, piece, found], { name });
  }, first);
}

/** The column of a table of flags (rows by channel) at `index`: 1 or 0, float32 [rows]. */
export function lookupFlags(
  b: Builder,
  rows: readonly (readonly boolean[])[],
  index: Value,
  name: string,
): Value {
  const words: Value[] = [];
  for (let from = 0; from < rows.length; from += WORD) {
    const part = rows.slice(from, from + WORD);
    const table = (part[0] ?? []).map((_, step) =>
      part.reduce((sum, row, i) => sum + (row[step] === true ? 2 ** i : 0), 0),
    );
    const word = lookup(b, table, index, name);
    if (part.length === 1) words.push(word);
    else {
      const shifted = b.op('Floor', [b.op('Mul', [word, b.f32(...part.map((_, i) => 2 ** -i))])]);
      const even = b.op('Mul', [b.op('Floor', [b.op('Mul', [shifted, b.f32(0.5)])]), b.f32(2)]);
      words.push(b.op('Sub', [shifted, even]));
    }
  }
  return b.concat(words, 0);
}

/** The index in a piece of a table, moved to its nearest end where it lies outside. */
function within(b: Builder, index: Value, from: number, length: number): Value {
  const low = b.op('Max', [b.op('Sub', [index, b.i64(from)]), b.i64(0)]);
  return b.op('Min', [low, b.i64(length - 1)]);
}

function vector(b: Builder, numbers: readonly number[]): Value {
  return b.constant(Tensor.float32(numbers), `table ${numbers.join(' ')}`, 'table');
}
