import type { Analysis } from '../blocks/index.js';
import { refuse } from '../diagnostics/index.js';
import { type Dim, type Graph, type TensorType, tensorType, type Value } from '../ir/index.js';
import { maxDims, sameDim, symbolsOf } from '../ir/infer/index.js';
import type { Bands, RegionDesign } from '../methods/index.js';
import { type Cut, type Half, OTHERS, type Picture, ROWS } from './plan.js';
import { typesOf } from './region.js';

/** A half of the batch as a region. Refuses with BWC223 where the batch cannot be halved. */
export function halfCut(graph: Graph, analysis: Analysis, { span, reuse }: RegionDesign): Cut | undefined {
  if (span.kind !== 'half') return undefined;
  const { inferred, roles, blocks } = analysis;
  const batch = inferred.shapeOf(roles.latent.value)?.[0];
  if (typeof batch !== 'string') return refuse('BWC223', { reason: 'its size is fixed in the model' });
  const enters = graph.inputs.filter(v => isBatch(analysis, v, batch) && v.initializer === undefined);
  const alias = graph.inputs.find(v => meetsBatch(graph, analysis, v, batch));
  if (alias !== undefined) return refuse('BWC223', { reason: `${alias.name} has it by another name` });
  const [other] = graph.outputs.filter(v => v !== roles.prediction.value && depends(analysis, v, batch));
  if (other !== undefined) return refuse('BWC223', { reason: `the output ${other.name} has it too` });
  const value = roles.prediction.value;
  const types = typesOf(inferred, value);
  if (types.type.shape?.[0] !== batch)
    return refuse('BWC223', { reason: `it is not the first dimension of ${value.name}` });
  const exit = {
    ...types,
    type: typeOver(types.type, OTHERS),
    enters: undefined,
    converted: false,
    addends: undefined,
    tokens: undefined,
  };
  const picture = reuse.bands && pictureOf(types.type, value, reuse.bands);
  const half: Half = { computed: span.computed, batch, ...(picture && { picture }) };
  return {
    name: 'half',
    blocks: blocks.map(b => b.index),
    enters,
    exits: [exit],
    nodes: [],
    shapes: [],
    half,
  };
}

/** True where the batch is the first dimension; refuses where it is another. */
function isBatch({ inferred }: Analysis, value: Value, batch: string): boolean {
  const [first, ...rest] = inferred.shapeOf(value) ?? [];
  if (rest.some(dim => symbolsOf(dim).has(batch)) || (first !== batch && symbolsOf(first).has(batch)))
    refuse('BWC223', { reason: `it is not the first dimension of ${value.name}` });
  return first === batch;
}

/** True where the first dimension has a name of its own, and is then joined with the batch. */
function meetsBatch(graph: Graph, { inferred }: Analysis, value: Value, batch: string): boolean {
  const first = inferred.shapeOf(value)?.[0];
  if (typeof first !== 'string' || first === batch) return false;
  const both = maxDims(batch, first);
  const outputs = graph.nodes.flatMap(node => node.outputs);
  return outputs.some(output => output !== undefined && sameDim(inferred.shapeOf(output)?.[0], both));
}

function depends({ inferred }: Analysis, value: Value, batch: string): boolean {
  return (inferred.shapeOf(value) ?? [batch]).some(dim => symbolsOf(dim).has(batch));
}

/** The type with another first dimension. */
function typeOver(type: TensorType, first: Dim): TensorType {
  return tensorType(type.elem, [first, ...(type.shape ?? []).slice(1)]);
}

/** A type of what is computed of a half, where it has the batch's symbol. */
export function narrowed(type: TensorType, batch: string): TensorType {
  return tensorType(
    type.elem,
    type.shape?.map(dim => (typeof dim === 'string' ? renamed(dim, batch, ROWS) : dim)),
  );
}

/** A dimension's text with one symbol in the place of another. */
export function renamed(dim: string, from: string, to: string): string {
  const symbol = new RegExp(`(?<![\\w.])${from.replace(/[^\w]/g, '\\$&')}(?![\\w.])`, 'g');
  return dim.replace(symbol, to);
}

/** The last two dimensions of a prediction that has channels before; or those that are said of tokens in a line. */
function pictureOf({ shape = [] }: TensorType, of: Value, { grid }: Bands): Picture {
  const [rows, columns] = grid ?? [];
  const channels = shape.at(-1);
  if (shape.length === 3 && typeof channels === 'number' && rows !== undefined && columns !== undefined)
    return { rows, columns, inner: channels };
  if (shape.length < 4) return refuse('BWC221', { value: of.name });
  const axis = (axis: number): Picture['rows'] => {
    const dim = shape[axis];
    return typeof dim === 'number' ? dim : { of, axis };
  };
  return { rows: axis(shape.length - 2), columns: axis(shape.length - 1), inner: 1 };
}
