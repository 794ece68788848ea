import type { Attribute } from './attribute.js';
import { NEWEST_OPSET, SCHEMAS } from './opset.data.js';
import type { DataType } from './types.js';

/** An operator of the standard domain as one opset version has it. */
export interface OpSchema {
  readonly name: string;
  /** The version that brought this form. */
  readonly since: number;
  readonly minInputs: number;
  readonly maxInputs: number;
  readonly minOutputs: number;
  readonly maxOutputs: number;
  readonly attributes: ReadonlySet<string>;
  /** Attributes that must be given. */
  readonly required: readonly string[];
  /** What an attribute that is left out counts as, as text: of those that are a number or a string. */
  readonly defaults: ReadonlyMap<string, string>;
}

interface Version {
  readonly since: number;
  /** Undefined where the version withdraws the operator. */
  readonly schema: OpSchema | undefined;
}

const LINES: ReadonlyMap<string, string> = new Map(
  SCHEMAS.trim()
    .split('\n')
    .map(line => [line.slice(0, line.indexOf('|')), line] as const),
);

const decoded = new Map<string, readonly Version[]>();

/**
 * Operators that ONNX Runtime registers in the standard domain beside those of the specification
 * (onnxruntime/core/graph/contrib_ops/contrib_defs.cc, `kOnnxDomain`); its optimised and quantised models hold them.
 */
const RUNTIME_EXTRAS: ReadonlySet<string> = new Set([
  'Affine',
  'Crop',
  'DynamicSlice',
  'ImageScaler',
  'LayerNormalization',
  'ParametricSoftplus',
  'ScaledTanh',
  'SimplifiedLayerNormalization',
]);

/** The schema in force at `opset`, or undefined where the operator does not exist (yet, or any more). */
export function schemaOf(op: string, opset: number): OpSchema | undefined {
  const known = inForce.get(opset) ?? new Map<string, OpSchema | undefined>();
  inForce.set(opset, known);
  if (!known.has(op)) known.set(op, versionsOf(op).findLast(version => version.since <= opset)?.schema);
  return known.get(op);
}

const inForce = new Map<number, Map<string, OpSchema | undefined>>();

export interface OpUse {
  readonly op: string;
  readonly inputs: number;
  readonly outputs: number;
  readonly attributes: ReadonlyMap<string, unknown>;
}

/**
 * What is wrong with a node of the standard domain at `opset`: an operator or attribute that does not exist
 * there, a required attribute left out, a number of inputs or outputs it does not take. Empty when nothing is.
 * Opsets newer than the table are judged by its newest version, and what it lacks passes there. Attributes with
 * `__` in front are free, as in onnx's own check (`isInternalSymbol` in onnx/defs/schema.cc).
 */
export function opProblems(use: OpUse, opset: number): string[] {
  const schema = schemaOf(use.op, opset);
  if (schema === undefined) {
    if (opset > NEWEST_OPSET || RUNTIME_EXTRAS.has(use.op)) return [];
    return [`operator ${use.op} does not exist at opset ${opset}`];
  }
  const problems: string[] = [];
  for (const name of use.attributes.keys()) {
    if (schema.attributes.has(name) || opset > NEWEST_OPSET || name.startsWith('__')) continue;
    problems.push(`${use.op} has no attribute ${name} at opset ${opset}`);
  }
  for (const name of schema.required)
    if (!use.attributes.has(name)) problems.push(`${use.op} lacks its attribute ${name}`);
  if (use.inputs < schema.minInputs || (use.inputs > schema.maxInputs && opset <= NEWEST_OPSET)) {
    problems.push(
      `${use.op} has ${use.inputs} inputs, opset ${opset} takes ${range(schema.minInputs, schema.maxInputs)}`,
    );
  }
  if (use.outputs < schema.minOutputs || (use.outputs > schema.maxOutputs && opset <= NEWEST_OPSET)) {
    problems.push(
      `${use.op} has ${use.outputs} outputs, opset ${opset} gives ${range(schema.minOutputs, schema.maxOutputs)}`,
    );
  }
  return problems;
}

/** Whether a node of the standard domain at `opset` would mean the same without this attribute. */
export function isDefault(op: string, attribute: Attribute, opset: number): boolean {
  const text = schemaOf(op, opset)?.defaults.get(attribute.name);
  if (text === undefined) return false;
  switch (attribute.kind) {
    case 'float':
      return Math.fround(Number(text)) === Math.fround(attribute.value);
    case 'int':
      return text === attribute.value.toString();
    case 'string':
      return text === attribute.value;
    default:
      return false;
  }
}

function range(min: number, max: number): string {
  if (min === max) return `${min}`;
  return max === Number.POSITIVE_INFINITY ? `${min} or more` : `${min} to ${max}`;
}

function versionsOf(op: string): readonly Version[] {
  const known = decoded.get(op);
  if (known) return known;
  const [, ...fields] = LINES.get(op)?.split('|') ?? [];
  const versions = fields.map(field => decodeVersion(op, field));
  decoded.set(op, versions);
  return versions;
}

function decodeVersion(name: string, field: string): Version {
  const [since = '', inputs = '', outputs = '', attributes = ''] = field.split(' ');
  if (inputs === 'x') return { since: Number(since), schema: undefined };
  const [minInputs, maxInputs] = decodeRange(inputs);
  const [minOutputs, maxOutputs] = decodeRange(outputs);
  const fields = attributes === '' ? [] : attributes.split(',').map(text => text.split('='));
  return {
    since: Number(since),
    schema: {
      name,
      since: Number(since),
      minInputs,
      maxInputs,
      minOutputs,
      maxOutputs,
      attributes: new Set(fields.map(([text = '']) => text.replace('!', ''))),
      required: fields.flatMap(([text = '']) => (text.endsWith('!') ? [text.slice(0, -1)] : [])),
      defaults: new Map(fields.flatMap(([text = '', value]) => (value === undefined ? [] : [[text, value]]))),
    },
  };
}

function decodeRange(text: string): readonly [number, number] {
  const [min = '', max = min] = text.split('-');
  return [Number(min), max === '*' ? Number.POSITIVE_INFINITY : Number(max)];
}

const INTS = ['int8', 'int16', 'int32', 'int64', 'uint8', 'uint16', 'uint32', 'uint64'] as const;
const FLOATS = ['float16', 'float32', 'float64'] as const;
const ARITHMETIC: readonly DataType[] = [...FLOATS, 'bfloat16', ...INTS];
const ORDERED: readonly DataType[] = [...FLOATS, 'int32', 'int64', 'uint32', 'uint64'];
const ANY: readonly DataType[] = [...FLOATS, 'bfloat16', ...INTS, 'bool'];

/**
 * Element types for which ONNX Runtime 1.30 has a CUDA kernel (its docs/OperatorKernels.md), for the operators that
 * `bwc` adds to graphs, in their newest versions. The type is that of the data: `Where`'s branches, `Cast`'s input, `If`'s results.
 */
const CUDA_TYPES: ReadonlyMap<string, readonly DataType[]> = new Map<string, readonly DataType[]>([
  ...each(['Abs', 'Sub', 'Add', 'Mul', 'Div', 'Neg', 'Sign'], ARITHMETIC),
  ...each(['ReduceSum'], [...FLOATS, 'bfloat16', 'int32', 'int64']),
  ...each(['ReduceMean', 'ReduceL1', 'ReduceL2'], [...FLOATS, 'int32']),
  ...each(['ReduceMax', 'ReduceMin'], [...FLOATS, 'int32', 'int64', 'int8', 'uint8']),
  ...each(['ReduceSumSquare'], FLOATS),
  ...each(['Less', 'LessOrEqual', 'Greater', 'GreaterOrEqual'], ORDERED),
  ...each(['Equal'], [...ORDERED, 'bool']),
  ...each(['And', 'Or', 'Xor', 'Not'], ['bool']),
  ...each(['Where'], [...FLOATS, 'bfloat16', 'int32', 'int64', 'uint8']),
  ...each(['Mod', 'Max', 'Min'], [...ORDERED, 'bfloat16']),
  ...each(['GatherND'], [...FLOATS, 'bfloat16', 'int64', 'bool']),
  ...each(['Pad'], [...FLOATS, 'bool']),
  ...each(['TopK'], [...FLOATS, 'int32', 'int64']),
  ...each(['Range'], ['float32', 'float64', 'int16', 'int32', 'int64']),
  ...each(['IsNaN', 'Sqrt', 'Exp', 'Log', 'Floor', 'Cos', 'Pow', 'Sigmoid'], FLOATS),
  ...each(['MatMul', 'LayerNormalization', 'Softmax'], [...FLOATS, 'bfloat16']),
  ...each(
    [
      'Cast',
      'Identity',
      'Concat',
      'Gather',
      'GatherElements',
      'Slice',
      'Split',
      'Squeeze',
      'Unsqueeze',
      'Reshape',
    ],
    ANY,
  ),
  ...each(
    [
      'Expand',
      'Transpose',
      'ScatterElements',
      'ScatterND',
      'ConstantOfShape',
      'Shape',
      'Size',
      'Constant',
      'If',
      'Loop',
    ],
    ANY,
  ),
]);

/** Element types with a CUDA kernel in ONNX Runtime for an operator of the table above. */
export function cudaTypes(op: string): readonly DataType[] {
  return CUDA_TYPES.get(op) ?? [];
}

/**
 * Whether `bwc` may add a standard-domain node of this operator on this element type: there is a CUDA kernel,
 * and a reduction is not in 16 bits, where CUDA overflows above 65,504 (reduction_ops.cc stores sum and count so).
 */
export function addedOpAllowed(op: string, elem: DataType): boolean {
  if (op.startsWith('Reduce') && (elem === 'float16' || elem === 'bfloat16')) return false;
  return cudaTypes(op).includes(elem);
}

function each(ops: readonly string[], types: readonly DataType[]): [string, readonly DataType[]][] {
  return ops.map(op => [op, types]);
}
