import type { Model, Tensor } from '../ir/index.js';
import { originOf, rawSpan } from './encode-tensor.js';
import { MovedOrigin } from './origin.js';
import type { Segment } from './output.js';
import { initializersOf, relocated } from './weights.js';

/** Smaller tensors stay in the model, as in ONNX's own converter. Bytes. */
const SMALL = 1024;
/** Tensors from `LARGE` bytes on start at a multiple of a page, so that they can be mapped into memory; others at one of 64. */
const LARGE = 1024 * 1024;
const PAGE = 4096;
const LINE = 64;

/** Tensors that leave the model, and the file that they go to. */
export interface Spilled {
  readonly moved: ReadonlyMap<Tensor, Tensor>;
  readonly segments: readonly Segment[];
  readonly bytes: number;
}

/** Moves the elements of all initializers but the small ones to a file of that name. */
export function spill(model: Model, moved: ReadonlyMap<Tensor, Tensor>, location: string): Spilled {
  const result = new Map(moved);
  const segments: Segment[] = [];
  let bytes = 0;
  for (const tensor of initializersOf(model)) {
    const now = moved.get(tensor) ?? tensor;
    const data = now.external === undefined ? elementsOf(now) : undefined;
    if (data === undefined) continue;
    const { length } = data;
    if (length < SMALL) continue;
    const offset = roundUp(bytes, length < LARGE ? LINE : PAGE);
    if (offset > bytes) segments.push({ kind: 'bytes', bytes: new Uint8Array(offset - bytes) });
    segments.push(data.segment);
    bytes = offset + length;
    result.set(tensor, relocated(now, { location, offset, length }));
  }
  return { moved: result, segments, bytes };
}

/** Elements as they would lie in `raw_data`; undefined where the file spells them otherwise. */
function elementsOf(tensor: Tensor): { readonly segment: Segment; readonly length: number } | undefined {
  const origin = originOf(tensor);
  const span =
    tensor.origin instanceof MovedOrigin
      ? tensor.origin.data
      : origin === undefined
        ? undefined
        : rawSpan(tensor, origin);
  if (span !== undefined) return { segment: { kind: 'range', ...span }, length: span.end - span.start };
  const bytes = origin === undefined ? tensor.bytes() : undefined;
  return bytes && { segment: { kind: 'bytes', bytes }, length: bytes.length };
}

function roundUp(value: number, to: number): number {
  return Math.ceil(value / to) * to;
}
