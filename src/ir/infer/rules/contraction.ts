import type { Dim, Shape } from '../../types.js';
import { addDims, divideExactly, mulDims } from '../dims.js';
import { broadcast } from '../shapes.js';
import { type Rule, type Rules, tensor } from '../site.js';
import { einsumShape } from './einsum.js';

/** Shape of a matrix product with NumPy's rules for vectors and leading dimensions (spec: `MatMul`). */
export function matMulShape(a: Shape | undefined, b: Shape | undefined): Shape | undefined {
  if (a === undefined || b === undefined || a.length === 0 || b.length === 0) return undefined;
  const batch = broadcast([a.slice(0, -2), b.slice(0, -2)]);
  if (batch === undefined) return undefined;
  const rows = a.length === 1 ? [] : [a.at(-2)];
  const columns = b.length === 1 ? [] : [b.at(-1)];
  return [...batch, ...rows, ...columns];
}

export const matMul: Rule = at => [tensor(at.elem(0) ?? at.elem(1), matMulShape(at.shape(0), at.shape(1)))];

export const gemm: Rule = at => {
  const a = at.shape(0);
  const b = at.shape(1);
  const m = a?.[at.node.int('transA', 0) === 0 ? 0 : 1];
  const n = b?.[at.node.int('transB', 0) === 0 ? 1 : 0];
  return [tensor(at.elem(0) ?? at.elem(1), [m, n])];
};

const einsum: Rule = at => {
  const equation = at.node.string('equation');
  return [tensor(at.elem(0), equation === undefined ? undefined : einsumShape(equation, at.shapes()))];
};

/**
 * Fused attention of opset 23 (spec: `Attention`): operands are (batch, heads, length, size), or
 * (batch, length, heads * size) with the numbers of heads as attributes.
 */
const attention: Rule = at => {
  const q = at.shape(0);
  const k = at.shape(1);
  const v = at.shape(2);
  const elem = at.elem(0);
  const qHeads = at.node.int('q_num_heads');
  const kvHeads = at.node.int('kv_num_heads') ?? qHeads;
  const flat = q?.length === 3;
  const heads: Dim = flat ? qHeads : q?.[1];
  const stored: Dim = flat ? kvHeads : k?.[1];
  const past = at.has(4) ? at.shape(4)?.[2] : 0;
  const length = addDims(past, flat ? k?.[1] : k?.[2]);
  const headSize = (shape: Shape | undefined): Dim =>
    flat ? divideExactly(shape?.[2], kvHeads) : shape?.[3];
  const valueSize = headSize(v);
  const out = q && (flat ? [q[0], q[1], mulDims(heads, valueSize)] : [q[0], q[1], q[2], valueSize]);
  return [
    tensor(elem, out),
    tensor(elem, q && [q[0], stored, length, headSize(k)]),
    tensor(at.elem(2) ?? elem, q && [q[0], stored, length, valueSize]),
    tensor(elem, q && [q[0], heads, flat ? q[1] : q[2], length]),
  ];
};

/** Query (batch, length, size), or (batch, length, heads, 3, head size) with keys and values packed in. */
const multiHeadAttention: Rule = at => {
  const q = at.shape(0);
  const k = at.shape(1);
  const v = at.shape(2);
  const heads = at.node.int('num_heads');
  const elem = at.elem(0);
  const packed = q?.length === 5;
  const size = packed ? mulDims(q[2], q[4]) : valueSize(q, v);
  const headSize = packed ? q[4] : divideExactly(q?.[2], heads);
  const own = packed ? q[1] : k?.length === 4 ? k[2] : k?.[1];
  const length = addDims(at.has(6) ? at.shape(6)?.[2] : 0, own);
  const present = (dim: Dim): Shape | undefined => q && [q[0], heads, length, dim];
  return [
    tensor(elem, q && [q[0], q[1], size]),
    tensor(elem, present(headSize)),
    tensor(elem, present(divideExactly(size, heads))),
    tensor(elem, q && [q[0], heads, q[1], length]),
  ];
};

function valueSize(q: Shape | undefined, v: Shape | undefined): Dim {
  if (v === undefined) return q?.[2];
  return v.length === 4 ? mulDims(v[1], v[3]) : v[2];
}

/** com.microsoft `Attention`: weights hold the query, key and value projections side by side. */
const projectedAttention: Rule = at => {
  const input = at.shape(0);
  const sizes = at.node.ints('qkv_hidden_sizes');
  const total = at.shape(1)?.[1] ?? at.shape(2)?.[0];
  const size = sizes?.[2] ?? divideExactly(total, 3);
  return [tensor(at.elem(0), input && [input[0], input[1], size])];
};

/** com.microsoft `GroupQueryAttention`: without a key input the query holds keys and values as well. */
const groupQueryAttention: Rule = at => {
  const q = at.shape(0);
  const heads = at.node.int('num_heads', 0);
  const stored = at.node.int('kv_num_heads', 0);
  const packed = !at.has(1);
  const headSize = divideExactly(q?.[2], packed ? heads + 2 * stored : heads);
  const size = packed ? mulDims(headSize, heads) : q?.[2];
  const elem = at.elem(0);
  const present = tensor(elem, q && [q[0], stored, undefined, headSize]);
  return [tensor(elem, q && [q[0], q[1], size]), present, present];
};

/** com.microsoft `FusedMatMul`: `transBatch` moves the first leading dimension next to the matrix's columns. */
const fusedMatMul: Rule = at => {
  const operand = (index: number, side: 'A' | 'B'): Shape | undefined => {
    let shape = at.shape(index);
    if (shape === undefined || shape.length < 2) return shape;
    if (at.node.int(`transBatch${side}`, 0) !== 0) {
      shape = [...shape.slice(1, -1), shape[0], shape.at(-1)];
    }
    const swap = at.node.int(`trans${side}`, 0) !== 0;
    return swap ? [...shape.slice(0, -2), shape.at(-1), shape.at(-2)] : shape;
  };
  return [tensor(at.elem(0) ?? at.elem(1), matMulShape(operand(0, 'A'), operand(1, 'B')))];
};

const matMulNBits: Rule = at => {
  const a = at.shape(0);
  return [tensor(at.elem(0), a && [...a.slice(0, -1), at.node.int('N')])];
};

const det: Rule = at => [tensor(at.elem(0), at.shape(0)?.slice(0, -2))];

export const contraction: Rules = {
  MatMul: matMul,
  Gemm: gemm,
  Einsum: einsum,
  Det: det,
  Attention: attention,
  'com.microsoft::Attention': projectedAttention,
  'com.microsoft::MultiHeadAttention': multiHeadAttention,
  'com.microsoft::GroupQueryAttention': groupQueryAttention,
  'com.microsoft::FusedMatMul': fusedMatMul,
  'com.microsoft::FusedGemm': gemm,
  'com.microsoft::GemmFastGelu': matMul,
  'com.microsoft::MatMulNBits': matMulNBits,
};
