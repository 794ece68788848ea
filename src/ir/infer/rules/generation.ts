import { DATA_TYPES, type DataType, type Dim, isFloat } from '../../types.js';
import { addDims, ceilDivDims, floorDivDims, maxDims, subDims } from '../dims.js';
import { axisOf, type Output, type Rule, type Rules, type Site, tensor, withDim } from '../site.js';
import { shapeInput } from './movement.js';

const SCALARS: Readonly<Record<string, DataType>> = {
  value_int: 'int64',
  value_float: 'float32',
  value_string: 'string',
};

const VECTORS: Readonly<Record<string, DataType>> = {
  value_ints: 'int64',
  value_floats: 'float32',
  value_strings: 'string',
};

const constant: Rule = at => {
  for (const attribute of at.node.attributes.values()) {
    if (attribute.kind === 'tensor') return [tensor(attribute.value.elem, attribute.value.dims)];
    const scalar = SCALARS[attribute.name];
    if (scalar !== undefined) return [tensor(scalar, [])];
    const vector = VECTORS[attribute.name];
    if (
      vector !== undefined &&
      (attribute.kind === 'ints' || attribute.kind === 'floats' || attribute.kind === 'strings')
    ) {
      return [tensor(vector, [attribute.value.length])];
    }
  }
  return [];
};

const constantOfShape: Rule = at => {
  const value = at.attribute('value');
  return [tensor(value?.kind === 'tensor' ? value.value.elem : 'float32', shapeInput(at, 0))];
};

/** `max(ceil((limit - start) / delta), 0)` elements (spec: `Range`). */
const range: Rule = at => {
  const [start] = at.data(0) ?? [];
  const [limit] = at.data(1) ?? [];
  const [delta] = at.data(2) ?? [];
  const elem = at.elem(0) ?? at.elem(1);
  return [tensor(elem, [rangeLength(start, limit, delta, elem !== undefined && !isFloat(elem))])];
};

function rangeLength(start: Dim, limit: Dim, delta: Dim, integers: boolean): Dim {
  if (typeof delta !== 'number' || delta === 0) return undefined;
  if (typeof start === 'number' && typeof limit === 'number')
    return Math.max(Math.ceil((limit - start) / delta), 0);
  const whole =
    integers || (typeof start === 'string' && typeof limit === 'string') || Number.isInteger(delta);
  const span = delta < 0 ? subDims(start, limit) : subDims(limit, start);
  return whole && Number.isInteger(delta) ? maxDims(ceilDivDims(span, Math.abs(delta)), 0) : undefined;
}

function typeAttribute(at: Site, fallback: DataType | undefined): DataType | undefined {
  const number = at.node.int('dtype');
  return number === undefined ? fallback : DATA_TYPES[number];
}

const random: Rule = at => [tensor(typeAttribute(at, 'float32'), at.node.ints('shape'))];

const randomLike: Rule = at => [tensor(typeAttribute(at, at.elem(0)), at.shape(0))];

const shape: Rule = at => {
  const rank = at.rank(0);
  if (rank === undefined) return [tensor('int64', [undefined])];
  const clamp = (bound: number): number => Math.min(Math.max(bound < 0 ? bound + rank : bound, 0), rank);
  const length = clamp(at.node.int('end', rank)) - clamp(at.node.int('start', 0));
  return [tensor('int64', [Math.max(length, 0)])];
};

/** Spectrum along one axis; the last dimension holds real and imaginary parts (spec: `DFT`). */
const dft: Rule = at => {
  const input = at.shape(0);
  const elem = at.elem(0);
  const given = at.opset >= 20 ? (at.has(2) ? at.numbers(2)?.[0] : -2) : at.node.int('axis', 1);
  const axis = input && given !== undefined ? axisOf(given, input.length) : undefined;
  if (input === undefined || axis === undefined) return [tensor(elem, undefined)];
  const inverse = at.node.int('inverse', 0) !== 0;
  const onesided = at.node.int('onesided', 0) !== 0;
  if (inverse && onesided) return [tensor(elem, undefined)];
  const length = at.has(1) ? at.data(1)?.[0] : input[axis];
  const bins = onesided ? addDims(floorDivDims(length, 2), 1) : length;
  return [tensor(elem, withDim(withDim(input, axis, bins), input.length - 1, 2))];
};

const size = (): readonly Output[] => [tensor('int64', [])];

export const generation: Rules = {
  Constant: constant,
  ConstantOfShape: constantOfShape,
  Range: range,
  RandomNormal: random,
  RandomUniform: random,
  RandomNormalLike: randomLike,
  RandomUniformLike: randomLike,
  Multinomial: at => [tensor(typeAttribute(at, 'int32'), [at.shape(0)?.[0], at.node.int('sample_size', 1)])],
  EyeLike: randomLike,
  Shape: shape,
  Size: size,
  DFT: dft,
};
