import { type Analysis, foldOf } from '../blocks/index.js';
import { refuse } from '../diagnostics/index.js';
import type { Dim, Node, Shape, Value } from '../ir/index.js';
import { type Inferred, mulDims, productOf, sameDim } from '../ir/infer/index.js';
import type { Filter, Frames } from '../methods/index.js';
import type { FrameLayout, GridAxis } from './plan.js';

/** Operators behind which tokens lie in the same order. */
const KEEP_ORDER: ReadonlySet<string> = new Set([
  'Add',
  'Sub',
  'Mul',
  'Div',
  'MatMul',
  'Gemm',
  'Cast',
  'Identity',
  'Transpose',
  'Squeeze',
  'Unsqueeze',
  'LayerNormalization',
]);

/**
 * The axes of the grid on which the tokens of a probed value lie: its own where it has several, or those of which
 * the tokens of the first block's stream were made by a reshape. Refuses with BWC221 where they are not to be told.
 */
export function gridOf(analysis: Analysis, value: Value, { grid }: Filter): readonly GridAxis[] {
  return grid ?? axesBehind(analysis, value) ?? refuse('BWC221', { value: value.name });
}

/**
 * How the tokens of a probed value make the frames of a video; undefined where there are none, or they are not to be told. A
 * stream may have frames or positions folded into its batch. Where all tokens are in a line, the first of three axes is
 * that of the frames, and of two where the latent has several frames.
 */
export function framesOf(analysis: Analysis, value: Value, { grid }: Frames = {}): FrameLayout | undefined {
  const { inferred, roles } = analysis;
  const fold = foldOf(value, inferred, roles.latent.value);
  const [, dim] = inferred.shapeOf(value) ?? [];
  if (fold?.kept === 'positions') return { count: fold.by, order: 'frames-first' };
  if (fold !== undefined)
    return { count: typeof dim === 'number' ? dim : { of: value, axis: 1 }, order: 'positions-first' };
  const axes = grid ?? axesBehind(analysis, value) ?? [];
  const video = inferred.shapeOf(roles.latent.value);
  const several = grid === undefined && video?.length === 5 && !video.slice(1, 3).includes(1);
  const [count] = axes;
  if (count === undefined || !(axes.length === 3 || (axes.length === 2 && several))) return undefined;
  return { count, order: 'frames-first' };
}

/** The axes of the grid on which the tokens of a value lie, where they can be told. */
function axesBehind(analysis: Analysis, value: Value): readonly GridAxis[] | undefined {
  const { inferred, blocks, roles } = analysis;
  const shape = inferred.shapeOf(value);
  if (value === roles.latent.value) return undefined;
  if (shape !== undefined && shape.length > 3) return axesOf(inferred, value, 1, shape.length - 1);
  const stream = blocks[0]?.streams[0]?.in;
  const like = stream && inferred.shapeOf(stream);
  if (stream === undefined || shape?.length !== 3 || like?.length !== 3) return undefined;
  if (!sameDim(shape[0], like[0]) || !sameDim(shape[1], like[1])) return undefined;
  return mergedInto(analysis, stream, shape[1]);
}

/** The axes that a reshape made one of, looked for from the value back to the latent; the nearest such. */
function mergedInto(
  { inferred, roles }: Analysis,
  from: Value,
  tokens: Dim,
): readonly GridAxis[] | undefined {
  const seen = new Set<Value>([from]);
  for (const value of seen) {
    const { producer } = value;
    if (producer === undefined || value === roles.latent.value) continue;
    if (producer.op === 'Reshape') {
      const axes = mergedBy(inferred, producer, tokens);
      if (axes !== undefined) return axes;
    }
    if (producer.op !== 'Reshape' && !KEEP_ORDER.has(producer.op)) continue;
    for (const input of producer.inputs)
      if (input !== undefined && (inferred.shapeOf(input) ?? []).length > 2) seen.add(input);
  }
  return undefined;
}

/** The axes of a reshape's input that its output has as one of so many tokens. */
function mergedBy(inferred: Inferred, reshape: Node, tokens: Dim): readonly GridAxis[] | undefined {
  const [input] = reshape.inputs;
  const before = input && inferred.shapeOf(input);
  const after = inferred.shapeOf(reshape.output);
  const at = after?.findIndex(dim => sameDim(dim, tokens)) ?? -1;
  if (input === undefined || before === undefined || after === undefined || at < 0) return undefined;
  const run = runOf(before, productOf(after.slice(0, at)), tokens);
  return run && axesOf(inferred, input, ...run);
}

/** Two or more neighbouring dimensions of that product, with such a product before them. */
function runOf(shape: Shape, before: Dim, product: Dim): readonly [from: number, to: number] | undefined {
  for (let from = 0; from < shape.length; from++) {
    if (!sameDim(productOf(shape.slice(0, from)), before)) continue;
    let size = shape[from];
    for (let to = from + 2; to <= shape.length; to++) {
      size = mulDims(size, shape[to - 1]);
      if (sameDim(size, product)) return [from, to];
    }
  }
  return undefined;
}

/** Axes `from` to `to` (excluded) of a value, without those that are 1 long. */
function axesOf(inferred: Inferred, value: Value, from: number, to: number): readonly GridAxis[] {
  const shape = inferred.shapeOf(value) ?? [];
  return shape.slice(from, to).flatMap((dim, i): GridAxis[] => {
    if (typeof dim === 'number') return dim === 1 ? [] : [dim];
    return [{ of: value, axis: from + i }];
  });
}
