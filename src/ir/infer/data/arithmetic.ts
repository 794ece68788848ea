import type { DataType, Dim } from '../../types.js';
import {
  addDims,
  atLeast,
  differentDims,
  maxDims,
  minDims,
  modDims,
  mulDims,
  sameDim,
  subDims,
  truncDivDims,
} from '../dims.js';
import type { Site } from '../site.js';
import { broadcastData, type Data, type DataRule, type DataRules } from './rule.js';

type Binary = (a: Dim, b: Dim) => Dim;

/** An operation on broadcast operands; `onFloats` computes what integer arithmetic cannot hold. */
function binary(onIntegers: Binary, onFloats: (a: number, b: number) => number): DataRule {
  return (at, shape) => {
    const operate = operation(at, onIntegers, onFloats);
    const b = broadcastData(at, 1, shape);
    return operate && broadcastData(at, 0, shape).map((x, i) => operate(x, b[i]));
  };
}

/** An operation on any number of broadcast operands. */
function variadic(onIntegers: Binary, onFloats: (a: number, b: number) => number): DataRule {
  return (at, shape) => {
    const operate = operation(at, onIntegers, onFloats);
    if (operate === undefined) return undefined;
    let result: Data = broadcastData(at, 0, shape);
    for (let i = 1; i < at.count; i++) {
      const next = broadcastData(at, i, shape);
      result = result.map((x, j) => operate(x, next[j]));
    }
    return result;
  };
}

/** Narrow and unsigned integers wrap around, which is not followed. */
function operation(
  at: Site,
  onIntegers: Binary,
  onFloats: (a: number, b: number) => number,
): Binary | undefined {
  const elem = at.elem(0);
  if (elem === 'int64' || elem === 'int32') return onIntegers;
  const round = ROUNDING[elem ?? 'undefined'];
  return round && real(round, onIntegers, onFloats);
}

const ROUNDING: Partial<Record<DataType, (x: number) => number>> = { float32: Math.fround, float64: x => x };

/** Float arithmetic, rounded as the element type rounds; symbols stay integers and take integer operands only. */
function real(
  round: (x: number) => number,
  onIntegers: Binary,
  onFloats: (a: number, b: number) => number,
): Binary {
  return (a, b) => {
    if (a === undefined || b === undefined) return undefined;
    if (typeof a === 'number' && typeof b === 'number') return round(onFloats(a, b));
    return onIntegers === truncDivDims || onIntegers === modDims ? undefined : onIntegers(a, b);
  };
}

function unary(onNumber: (x: number) => number, onSymbol: (x: string) => Dim): DataRule {
  return at => at.data(0)?.map(x => (typeof x === 'number' ? onNumber(x) : x && onSymbol(x)));
}

const keep: DataRule = at => at.data(0);

/** ONNX `Cast` between numbers: integers drop the fraction, booleans become 0 or 1. */
const cast: DataRule = at => {
  const to = at.node.op === 'CastLike' ? at.elem(1) : castTarget(at);
  const data = at.data(0);
  if (to === 'bool') return data?.map(x => truth(x));
  if (to === 'float64') return data;
  if (to === 'float32') return data?.map(x => (typeof x === 'number' ? Math.fround(x) : x));
  return to === 'int64' || to === 'int32'
    ? data?.map(x => (typeof x === 'number' ? Math.trunc(x) : x))
    : undefined;
};

function castTarget(at: Site): string | undefined {
  return CAST_TARGETS.get(at.node.int('to', 0));
}

/** `TensorProto.DataType` numbers of the types that sizes are computed in. */
const CAST_TARGETS: ReadonlyMap<number, string> = new Map([
  [1, 'float32'],
  [6, 'int32'],
  [7, 'int64'],
  [9, 'bool'],
  [11, 'float64'],
]);

/** 1 or 0 when it is known whether `x` is other than 0. */
function truth(x: Dim): Dim {
  if (typeof x === 'number') return Number(x !== 0);
  return differentDims(x, 0) ? 1 : undefined;
}

function flag(known: boolean | undefined): Dim {
  return known === undefined ? undefined : Number(known);
}

function compare(test: (a: Dim, b: Dim) => boolean | undefined): DataRule {
  return (at, shape) => {
    const b = broadcastData(at, 1, shape);
    return broadcastData(at, 0, shape).map((x, i) => flag(test(x, b[i])));
  };
}

function equal(a: Dim, b: Dim): boolean | undefined {
  if (typeof a === 'number' && typeof b === 'number') return a === b;
  if (sameDim(a, b)) return true;
  return differentDims(a, b) ? false : undefined;
}

function less(a: Dim, b: Dim): boolean | undefined {
  if (typeof a === 'number' && typeof b === 'number') return a < b;
  if (atLeast(subDims(a, b)) >= 0) return false;
  return atLeast(subDims(b, a)) > 0 ? true : undefined;
}

function not(known: boolean | undefined): boolean | undefined {
  return known === undefined ? undefined : !known;
}

function logical(table: (a: boolean | undefined, b: boolean | undefined) => boolean | undefined): DataRule {
  return compare((a, b) => table(known(a), known(b)));
}

function known(x: Dim): boolean | undefined {
  return typeof x === 'number' ? x !== 0 : undefined;
}

const where: DataRule = (at, shape) => {
  const yes = broadcastData(at, 1, shape);
  const no = broadcastData(at, 2, shape);
  return broadcastData(at, 0, shape).map((choice, i) => {
    if (typeof choice === 'number') return choice === 0 ? no[i] : yes[i];
    return sameDim(yes[i], no[i]) ? yes[i] : undefined;
  });
};

const clip: DataRule = at => {
  if (at.opset < 11 || at.elem(0) !== 'int64') return undefined;
  const low = at.has(1) ? at.data(1)?.[0] : Number.MIN_SAFE_INTEGER;
  const high = at.has(2) ? at.data(2)?.[0] : Number.MAX_SAFE_INTEGER;
  return at.data(0)?.map(x => minDims(maxDims(x, low), high));
};

/** Rounds halves to even (spec: `Round`). */
function roundEven(x: number): number {
  const floor = Math.floor(x);
  const rest = x - floor;
  if (rest !== 0.5) return Math.round(x);
  return floor % 2 === 0 ? floor : floor + 1;
}

const symbolic = (x: string): Dim => x;

/** The remainder with the divisor's sign, which only integers have (`fmod` 0). */
const mod: DataRule = binary(modDims, () => Number.NaN);

export const arithmeticData: DataRules = {
  Add: binary(addDims, (a, b) => a + b),
  Sub: binary(subDims, (a, b) => a - b),
  Mul: binary(mulDims, (a, b) => a * b),
  Div: binary(truncDivDims, (a, b) => a / b),
  Mod: (at, shape) => (at.node.int('fmod', 0) === 0 ? mod(at, shape, 0) : undefined),
  Pow: binary(
    () => undefined,
    (a, b) => a ** b,
  ),
  Min: variadic(minDims, Math.min),
  Max: variadic(maxDims, Math.max),
  Sum: variadic(addDims, (a, b) => a + b),
  Neg: unary(
    x => 0 - x,
    x => mulDims(x, -1),
  ),
  Abs: unary(Math.abs, x => (atLeast(x) >= 0 ? x : undefined)),
  Floor: unary(Math.floor, symbolic),
  Ceil: unary(Math.ceil, symbolic),
  Round: unary(roundEven, symbolic),
  Clip: clip,
  Cast: cast,
  CastLike: cast,
  Identity: keep,
  Dropout: (at, _, index) => (index === 0 ? at.data(0) : undefined),
  Where: where,
  Equal: compare(equal),
  Less: compare(less),
  Greater: compare((a, b) => less(b, a)),
  LessOrEqual: compare((a, b) => not(less(b, a))),
  GreaterOrEqual: compare((a, b) => not(less(a, b))),
  Not: unary(
    x => Number(x === 0),
    () => undefined,
  ),
  And: logical((a, b) =>
    a === false || b === false ? false : a === undefined || b === undefined ? undefined : true,
  ),
  Or: logical((a, b) =>
    a === true || b === true ? true : a === undefined || b === undefined ? undefined : false,
  ),
  Xor: logical((a, b) => (a === undefined || b === undefined ? undefined : a !== b)),
};
