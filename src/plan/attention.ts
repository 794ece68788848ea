import type { Analysis, Update } from '../blocks/index.js';
import type { Dim, Node, Value } from '../ir/index.js';
import { sameDim } from '../ir/infer/index.js';
import type { OpenAttention } from './plan.js';

const PRODUCTS: ReadonlySet<string> = new Set(['MatMul', 'com.microsoft::FusedMatMul']);

/**
 * Operators that treat each element by itself. Not those that quantise: ONNX Runtime makes one operator of them and their product, and
 * another one where something else reads what is between.
 */
const ELEMENTWISE: ReadonlySet<string> = new Set(['Mul', 'Div', 'Cast', 'Identity']);

/** Those that a score or weight may pass: scaled, masked, and where all keys are masked a zero. */
const BETWEEN: ReadonlySet<string> = new Set([...ELEMENTWISE, 'Add', 'Where', 'IsNaN']);

/** Those in front of a product, and what turns its operand: ONNX Runtime takes them into the product. */
const INTO_PRODUCT: ReadonlySet<string> = new Set([...ELEMENTWISE, 'Transpose']);

/**
 * The attention of a branch, where it is one, and of tokens to tokens of the same sequence, and where the graph shows its scores: a
 * product, a softmax and a product, with nothing between but what treats each score by itself or masks keys for all queries alike.
 */
export function openAttentionOf(analysis: Analysis, { cores }: Update): OpenAttention | undefined {
  const found = cores.flatMap(core => openAttentionAt(analysis, core, cores) ?? []);
  return found.length === 1 ? found[0] : undefined;
}

function openAttentionAt(
  { flow, inferred }: Analysis,
  product: Node,
  cores: readonly Node[],
): OpenAttention | undefined {
  const [weights, values] = product.inputs;
  if (weights === undefined || values === undefined || !isPlain(product)) return undefined;
  const shape = inferred.shapeOf(weights) ?? [];
  const [rank, tokens] = [shape.length, shape.at(-1)];
  const giving = elementwise(inferred, weights, tokens, product, node => node.op === 'Softmax');
  const [scores] = giving?.from.inputs ?? [];
  if (giving === undefined || scores === undefined) return undefined;
  const softmax = giving.from;
  const scoring = elementwise(inferred, scores, tokens, softmax, node => cores.includes(node));
  const [queries, keys] = scoring?.from.inputs ?? [];
  if (scoring === undefined || queries === undefined || keys === undefined) return undefined;
  const turned = scoring.from.int('transB', 0) === 1;
  const axis = softmax.int('axis', -1);
  const elem = inferred.elemOf(scores);
  if (!isPlain(scoring.from, turned) || rank < 3 || (axis !== -1 && axis !== rank - 1)) return undefined;

  const lengths = [
    [weights, -2],
    [queries, -2],
    [keys, turned ? -2 : -1],
    [values, -2],
  ] as const;
  const isAmongTokens = lengths.every(([value, at]) => {
    const dims = inferred.shapeOf(value) ?? [];
    return dims.length === rank && sameDim(dims.at(at), tokens);
  });
  const channels = inferred.shapeOf(values)?.at(-1);
  if (!isAmongTokens || elem === undefined || typeof channels !== 'number') return undefined;

  const near = [queries, keys, values].map(value => nearTo(inferred, value));
  const inOrder = (nodes: readonly Node[]): readonly Node[] =>
    [...nodes].sort((a, b) => (flow.position.get(a) ?? 0) - (flow.position.get(b) ?? 0));
  return {
    enters: [...new Set(near.map(({ from }) => from))],
    near: inOrder(near.flatMap(({ nodes }) => nodes)),
    queries,
    keys,
    values,
    turned,
    masks: [...new Set([...scoring.masks, ...giving.masks])].map(value => ({
      value,
      rank: inferred.shapeOf(value)?.length ?? rank,
    })),
    scoring: inOrder([scoring.from, ...scoring.nodes]),
    softmax,
    giving: inOrder([...giving.nodes, product]),
    elem,
    tokens,
    rank,
    channels,
  };
}

/** A product of matrices as they are, or the second one turned. */
function isPlain(node: Node, turned = false): boolean {
  const others = ['transA', 'transBatchA', 'transBatchB', ...(turned ? [] : ['transB'])];
  return PRODUCTS.has(node.op) && others.every(name => node.int(name, 0) === 0);
}

interface Between {
  readonly from: Node;
  readonly nodes: readonly Node[];
  /** What is said of each key, for all queries alike: [.., 1, tokens]. */
  readonly masks: readonly Value[];
}

/** How a value comes element by element from one node, of which `reader` alone reads the value, and these alone what is between. */
function elementwise(
  inferred: Analysis['inferred'],
  value: Value,
  tokens: Dim,
  reader: Node,
  isStart: (node: Node) => boolean,
): Between | undefined {
  const nodes = new Set<Node>();
  const starts = new Set<Node>();
  const masks = new Set<Value>();
  const work = [value];
  for (let at = work.pop(); at !== undefined; at = work.pop()) {
    const { producer } = at;
    const shape = inferred.shapeOf(at) ?? [undefined];
    if (shape.every(dim => dim === 1)) continue;
    if (producer && isStart(producer)) starts.add(producer);
    else if (shape.at(-2) === 1 && sameDim(shape.at(-1), tokens)) masks.add(at);
    else if (producer === undefined || !BETWEEN.has(producer.op)) return undefined;
    else if (!nodes.has(producer)) {
      nodes.add(producer);
      for (const input of producer.inputs) if (input) work.push(input);
    }
  }
  const [from, ...more] = starts;
  if (from === undefined || more.length > 0) return undefined;
  const isRead = (node: Node): boolean =>
    [...node.output.users].every(user => user === reader || nodes.has(user as Node));
  return [from, ...nodes].every(isRead) ? { from, nodes: [...nodes], masks: [...masks] } : undefined;
}

/** The operators that a product's operand comes through, each of which the next alone reads, and what they come from. */
function nearTo(
  inferred: Analysis['inferred'],
  value: Value,
): { readonly from: Value; readonly nodes: readonly Node[] } {
  const nodes: Node[] = [];
  let from = value;
  for (;;) {
    const { producer } = from;
    const isAlone = [...from.users].length === 1;
    if (producer === undefined || !INTO_PRODUCT.has(producer.op) || !isAlone) return { from, nodes };
    const isNumber = (x: Value): boolean => inferred.shapeOf(x)?.every(dim => dim === 1) === true;
    const [data, ...more] = producer.inputs.filter(x => x !== undefined && !isNumber(x));
    if (data === undefined || more.length > 0) return { from, nodes };
    nodes.push(producer);
    from = data;
  }
}
