import { DATA_TYPES, type DataType } from '../../types.js';
import { type Rule, type Rules, type Site, tensor } from '../site.js';
import { matMulShape } from './contraction.js';
import { conv } from './convolution.js';

function outputType(at: Site): DataType | undefined {
  const number = at.node.int('output_dtype', 0);
  return number === 0 ? undefined : DATA_TYPES[number];
}

const quantize: Rule = at => [tensor(at.elem(2) ?? outputType(at) ?? 'uint8', at.shape(0))];

const dequantize: Rule = at => [tensor(outputType(at) ?? at.elem(1) ?? 'float32', at.shape(0))];

const dynamicQuantize: Rule = at => [
  tensor('uint8', at.shape(0)),
  tensor('float32', []),
  tensor('uint8', []),
];

/** Inputs: a, its scale and zero point, b, its scale and zero point, the output's scale and zero point. */
const qLinearMatMul: Rule = at => [tensor(at.elem(7) ?? at.elem(0), matMulShape(at.shape(0), at.shape(3)))];

function product(elem: (at: Site) => DataType | undefined): Rule {
  return at => [tensor(elem(at), matMulShape(at.shape(0), at.shape(1)))];
}

export const quantised: Rules = {
  QuantizeLinear: quantize,
  DequantizeLinear: dequantize,
  DynamicQuantizeLinear: dynamicQuantize,
  QLinearMatMul: qLinearMatMul,
  QLinearConv: conv(3, at => at.elem(7) ?? at.elem(0)),
  MatMulInteger: product(() => 'int32'),
  ConvInteger: conv(1, () => 'int32'),
  'com.microsoft::QuantizeLinear': quantize,
  'com.microsoft::DequantizeLinear': dequantize,
  'com.microsoft::DynamicQuantizeMatMul': product(at => at.elem(0)),
  'com.microsoft::MatMulIntegerToFloat': product(at => at.elem(2)),
};
