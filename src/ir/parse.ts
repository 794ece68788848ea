import type { Model } from './model.js';
import { buildModel } from './text/build.js';
import { Grammar } from './text/grammar.js';

export { TextError } from './text/cursor.js';

/**
 * Reads a model in ONNX's textual syntax, as `print` and onnx's own printer write it (onnx, docs/Syntax.md). Within a
 * graph, a name is one value wherever it stands; a name that nothing defines becomes a value without a definition. So
 * models that break an invariant can be read too, and `verify` tells what is wrong with them. Tensors that were
 * printed elided keep type, dimensions and hash, and have no bytes.
 * @throws {TextError} when the text is not in the syntax.
 */
export function parse(text: string): Model {
  return buildModel(new Grammar(text).model());
}
