import type { Dim, ValueType } from '../../types.js';
import { addDims, ceilDivDims } from '../dims.js';
import { unionOf } from '../shapes.js';
import { axisOf, filled, type Output, type Rule, type Rules, type Site, tensor, withDim } from '../site.js';

function sequenceOf(of: ValueType | undefined): Output {
  return of && { kind: 'sequence', of };
}

/** A sequence whose elements' types are known one by one. */
function listed(at: Site, types: readonly Output[]): readonly Output[] {
  const [output] = at.node.outputs;
  if (output) at.facts.setElements(output, types);
  return [sequenceOf(unionOf(types))];
}

function elements(at: Site, index: number): readonly Output[] | undefined {
  const value = at.node.inputs[index];
  return value && at.facts.elementsOf(value);
}

function element(at: Site, index: number): Output {
  const type = at.type(index);
  return type?.kind === 'sequence' || type?.kind === 'optional' ? type.of : undefined;
}

/** Longest sequence whose elements are followed one by one. */
const MAX_LISTED = 1024;

/** Parts of 1 without `split`; a scalar `split` is the size of each part, the last one smaller. */
const splitToSequence: Rule = at => {
  const shape = at.shape(0);
  const elem = at.elem(0);
  const axis = shape && axisOf(at.node.int('axis', 0), shape.length);
  if (shape === undefined || axis === undefined) return [sequenceOf(tensor(elem, undefined))];
  const part = (dim: Dim): Output => tensor(elem, withDim(shape, axis, dim));
  const keep = at.node.int('keepdims', 1) !== 0;
  const single = keep ? part(1) : tensor(elem, shape.toSpliced(axis, 1));
  const dim = shape[axis];
  if (!at.has(1))
    return typeof dim === 'number' && dim <= MAX_LISTED
      ? listed(at, filled<Output>(dim, single))
      : [sequenceOf(single)];
  const sizes = at.data(1);
  if (sizes === undefined) return [sequenceOf(part(undefined))];
  if (at.rank(1) === 1) return listed(at, sizes.map(part));
  const [size] = sizes;
  const count = ceilDivDims(dim, size);
  if (typeof count !== 'number' || count > MAX_LISTED || typeof dim !== 'number' || typeof size !== 'number')
    return [sequenceOf(part(undefined))];
  return listed(
    at,
    Array.from({ length: count }, (_, i) => part(Math.min(size, dim - i * size))),
  );
};

const construct: Rule = at =>
  listed(
    at,
    at.node.inputs.map((_, i) => at.type(i)),
  );

const sequenceAt: Rule = at => {
  const types = elements(at, 0);
  const [index] = at.numbers(1) ?? [];
  const known = types !== undefined && index !== undefined ? types.at(index) : undefined;
  return [known ?? element(at, 0)];
};

const insert: Rule = at => {
  const types = elements(at, 0);
  const position = at.has(2) ? at.numbers(2)?.[0] : types?.length;
  if (types !== undefined && position !== undefined) {
    return listed(at, types.toSpliced(position < 0 ? position + types.length : position, 0, at.type(1)));
  }
  const before = element(at, 0);
  return [sequenceOf(unionOf([before, at.type(1)]))];
};

const erase: Rule = at => {
  const types = elements(at, 0);
  const position = at.has(1) ? at.numbers(1)?.[0] : -1;
  if (types !== undefined && position !== undefined) {
    return listed(at, types.toSpliced(position < 0 ? position + types.length : position, 1));
  }
  return [at.type(0)];
};

/** `Concat` of the elements along an axis, or `Stack` along a new one. */
const concatFromSequence: Rule = at => {
  const common = element(at, 0);
  const fresh = at.node.int('new_axis', 0) !== 0;
  if (common?.kind !== 'tensor' || common.shape === undefined) {
    return [common?.kind === 'tensor' ? tensor(common.elem, undefined) : undefined];
  }
  const { elem, shape } = common;
  const types = elements(at, 0);
  const axis = axisOf(at.node.int('axis', 0), shape.length + (fresh ? 1 : 0));
  if (axis === undefined) return [tensor(elem, undefined)];
  if (fresh) return [tensor(elem, shape.toSpliced(axis, 0, types?.length))];
  let joined: Dim = types === undefined ? undefined : 0;
  for (const type of types ?? [])
    joined = addDims(joined, type?.kind === 'tensor' ? type.shape?.[axis] : undefined);
  return [tensor(elem, withDim(shape, axis, joined))];
};

export const sequence: Rules = {
  SplitToSequence: splitToSequence,
  SequenceConstruct: construct,
  SequenceEmpty: () => [],
  SequenceAt: sequenceAt,
  SequenceInsert: insert,
  SequenceErase: erase,
  SequenceLength: () => [tensor('int64', [])],
  ConcatFromSequence: concatFromSequence,
  Optional: at => {
    const type = at.type(0);
    return [type && { kind: 'optional', of: type }];
  },
  OptionalGetElement: at => {
    const type = at.type(0);
    return [type?.kind === 'optional' ? type.of : type];
  },
  OptionalHasElement: () => [tensor('bool', [])],
};
