import { ancestors, type Graph, type Node, readsOf, type Value } from '../ir/index.js';

/** Operators that multiply by a weight when one operand is constant, or data by data when none is. */
const CONTRACTIONS: ReadonlySet<string> = new Set([
  'MatMul',
  'Gemm',
  'Conv',
  'Einsum',
  'MatMulInteger',
  'QLinearMatMul',
  'com.microsoft::MatMulNBits',
  'com.microsoft::FusedMatMul',
  'com.microsoft::TransposeMatMul',
  'com.microsoft::FusedGemm',
  'com.microsoft::GemmFastGelu',
  'com.microsoft::DynamicQuantizeMatMul',
  'com.microsoft::MatMulIntegerToFloat',
]);

/** Operators that are a whole attention core. */
const FUSED_ATTENTION: ReadonlySet<string> = new Set([
  'Attention',
  'com.microsoft::Attention',
  'com.microsoft::MultiHeadAttention',
  'com.microsoft::GroupQueryAttention',
  'com.microsoft::PackedMultiHeadAttention',
]);

/** Operators whose output is only the shape of what they read. */
const SHAPE_OPS: ReadonlySet<string> = new Set(['Shape', 'Size']);

/**
 * Which graph inputs each value's *data* depends on. A value that depends on an input only through its shape
 * does not depend on it, and the second input of CastLike gives only a type.
 */
export class Flow {
  readonly graph: Graph;
  readonly position: ReadonlyMap<Node, number>;
  readonly #bit: ReadonlyMap<Value, bigint>;
  readonly #depends = new Map<Value, bigint>();
  #live: ReadonlySet<Node> | undefined;

  constructor(graph: Graph) {
    this.graph = graph;
    const inputs = graph.inputs.filter(v => v.initializer === undefined);
    this.#bit = new Map(inputs.map((v, i) => [v, 1n << BigInt(i)]));
    const position = new Map<Node, number>();
    for (const node of graph.nodes) {
      position.set(node, position.size);
      let mask = 0n;
      if (!SHAPE_OPS.has(node.op)) for (const value of dataReads(node)) mask |= this.#mask(value);
      if (mask !== 0n) for (const output of node.outputs) if (output) this.#depends.set(output, mask);
    }
    this.position = position;
  }

  /** True when no graph input's data reaches the value. */
  isConstant(value: Value): boolean {
    return this.#mask(value) === 0n;
  }

  dependsOn(value: Value, input: Value): boolean {
    return (this.#mask(value) & (this.#bit.get(input) ?? 0n)) !== 0n;
  }

  /** True for a node that no output of the graph needs. */
  isDead(node: Node): boolean {
    this.#live ??= ancestors(this.graph, this.graph.outputs);
    return !this.#live.has(node);
  }

  /** The graph inputs whose data reaches the value. */
  sources(value: Value): Value[] {
    const mask = this.#mask(value);
    return [...this.#bit].filter(([, bit]) => (mask & bit) !== 0n).map(([input]) => input);
  }

  /** Position of the value's producer in execution order; -1 for inputs and initializers. */
  at(value: Value): number {
    return value.producer === undefined ? -1 : (this.position.get(value.producer) ?? -1);
  }

  /** True for a product with a constant (a weight, however transposed, cast or dequantised). */
  isProjection(node: Node): boolean {
    return CONTRACTIONS.has(node.op) && operands(node).some(v => this.isConstant(v));
  }

  /** True for a product of data with data, and for fused attention. */
  isAttentionCore(node: Node): boolean {
    if (FUSED_ATTENTION.has(node.op)) return true;
    return CONTRACTIONS.has(node.op) && node.op !== 'Conv' && !operands(node).some(v => this.isConstant(v));
  }

  #mask(value: Value): bigint {
    return this.#bit.get(value) ?? this.#depends.get(value) ?? 0n;
  }
}

/** The factors of a product: the first two inputs, or the data and packed weight of quantised forms. */
export function operands(node: Node): Value[] {
  return node.inputs.slice(0, 2).filter(v => v !== undefined);
}

function dataReads(node: Node): readonly Value[] {
  return node.op === 'CastLike' ? node.inputs.slice(0, 1).filter(v => v !== undefined) : readsOf(node);
}
