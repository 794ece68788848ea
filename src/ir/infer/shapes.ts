import type { DataType, Dim, Shape, TensorType, ValueType } from '../types.js';
import { atMost, canonical, differentDims, maxDims, sameDim } from './dims.js';

/**
 * The dimension that two broadcast ones make (spec: "Broadcasting in ONNX"). They are equal or one of them is
 * 1, so it is the larger one (sizes of 0 aside); a number above 1 decides.
 */
export function broadcastDim(a: Dim, b: Dim): Dim {
  if (a === 1) return b;
  if (b === 1) return a;
  if (typeof a === 'number' && typeof b === 'number') return a === b ? a : undefined;
  if (typeof a === 'number') return a;
  if (typeof b === 'number') return b;
  if (a === undefined || b === undefined) return undefined;
  if (a === b || atMost(a, b)) return b;
  return atMost(b, a) ? a : maxDims(a, b);
}

/** The broadcast shape of all; undefined when a rank is unknown. */
export function broadcast(shapes: readonly (Shape | undefined)[]): Shape | undefined {
  let result: Shape | undefined = [];
  for (const shape of shapes) {
    if (shape === undefined) return undefined;
    result = broadcastTwo(result, shape);
  }
  return result;
}

function broadcastTwo(a: Shape, b: Shape): Shape {
  if (a.length === 0) return b;
  const rank = Math.max(a.length, b.length);
  const dims: Dim[] = [];
  for (let x = a.length - rank, y = b.length - rank; x < a.length; x++, y++)
    dims.push(broadcastDim(x < 0 ? 1 : a[x], y < 0 ? 1 : b[y]));
  return dims;
}

/** What is true of both dimensions when both describe the same size. */
export function agreedDim(a: Dim, b: Dim): Dim {
  if (typeof a === 'number') return a;
  return typeof b === 'number' ? b : (a ?? b);
}

/** What is true of each of several types: a value that may be any of them. */
export function unionOf(types: readonly (ValueType | undefined)[]): ValueType | undefined {
  const [first, ...rest] = types;
  let union = first;
  for (const type of rest) union = unionOfTwo(union, type);
  return union;
}

function unionOfTwo(a: ValueType | undefined, b: ValueType | undefined): ValueType | undefined {
  if (a === undefined || b === undefined) return undefined;
  if (a.kind === 'tensor' && b.kind === 'tensor') {
    const elem: DataType = a.elem === b.elem ? a.elem : 'undefined';
    if (a.shape === undefined || b.shape === undefined || a.shape.length !== b.shape.length) {
      return elem === 'undefined' ? undefined : { kind: 'tensor', elem };
    }
    return { kind: 'tensor', elem, shape: a.shape.map((d, i) => (sameDim(d, b.shape?.[i]) ? d : undefined)) };
  }
  if ((a.kind === 'sequence' || a.kind === 'optional') && a.kind === b.kind) {
    const of = unionOfTwo(a.of, b.of);
    return of && { kind: a.kind, of };
  }
  return undefined;
}

/**
 * What the file declares refined by what was inferred. Numbers win over symbols. Of two symbols the file's
 * stays, unless only the inferred one is made of symbols that the model's inputs define (`grounded`). Where
 * the two contradict each other nothing is claimed.
 */
export function refine(
  declared: ValueType | undefined,
  inferred: ValueType | undefined,
  grounded: (dim: Dim) => boolean,
): ValueType | undefined {
  if (inferred === undefined) return declared && canonicalType(declared);
  if (declared === undefined) return inferred;
  if (declared.kind === 'tensor' && inferred.kind === 'tensor')
    return refineTensor(declared, inferred, grounded);
  if ((declared.kind === 'sequence' || declared.kind === 'optional') && inferred.kind === declared.kind) {
    const of = refine(declared.of, inferred.of, grounded);
    return of && { kind: declared.kind, of };
  }
  return canonicalType(declared);
}

/** The type with every symbolic dimension in canonical spelling. */
export function canonicalType(type: ValueType): ValueType {
  switch (type.kind) {
    case 'tensor':
    case 'sparse':
      return type.shape === undefined ? type : { ...type, shape: type.shape.map(canonical) };
    case 'sequence':
    case 'optional':
      return { kind: type.kind, of: canonicalType(type.of) };
    case 'other':
      return type;
  }
}

function refineTensor(
  declared: TensorType,
  inferred: TensorType,
  grounded: (dim: Dim) => boolean,
): TensorType {
  const elem = declared.elem === 'undefined' ? inferred.elem : declared.elem;
  const known = inferred.shape;
  const stated = declared.shape;
  if (stated === undefined)
    return known === undefined ? { kind: 'tensor', elem } : { kind: 'tensor', elem, shape: known };
  if (known === undefined) return { kind: 'tensor', elem, shape: stated.map(canonical) };
  if (known.length !== stated.length) return { kind: 'tensor', elem };
  if (elem === inferred.elem && stated.every((d, i) => d === known[i])) return inferred;
  return { kind: 'tensor', elem, shape: stated.map((d, i) => refineDim(canonical(d), known[i], grounded)) };
}

function refineDim(declared: Dim, inferred: Dim, grounded: (dim: Dim) => boolean): Dim {
  if (declared === undefined || inferred === undefined) return declared ?? inferred;
  if (differentDims(declared, inferred)) return undefined;
  if (typeof inferred === 'number') return inferred;
  if (typeof declared === 'number') return declared;
  return !grounded(declared) && grounded(inferred) ? inferred : declared;
}
