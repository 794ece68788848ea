import { refuse } from '../diagnostics/index.js';
import type { DataType, Dim, Model, Value } from '../ir/index.js';
import type { Manifest } from '../plan/index.js';

/** Element types as `model_config.proto` of Triton names them. */
const TYPES: Partial<Record<DataType, string>> = {
  bool: 'TYPE_BOOL',
  uint8: 'TYPE_UINT8',
  uint16: 'TYPE_UINT16',
  uint32: 'TYPE_UINT32',
  uint64: 'TYPE_UINT64',
  int8: 'TYPE_INT8',
  int16: 'TYPE_INT16',
  int32: 'TYPE_INT32',
  int64: 'TYPE_INT64',
  float16: 'TYPE_FP16',
  float32: 'TYPE_FP32',
  float64: 'TYPE_FP64',
  bfloat16: 'TYPE_BF16',
};

export interface TritonOptions {
  /** Name of the model, which is its folder in the repository. */
  readonly name: string;
  /** How long a generation may stand still before its state is dropped. */
  readonly idleSeconds?: number;
}

/** A field of protobuf's text format: its name, and a value, a message, or one of either for each of several. */
type Field = readonly [name: string, value: string | readonly Field[]];

/**
 * The `config.pbtxt` of a compiled model for NVIDIA Triton (`model_config.proto`, `ModelConfig`): ONNX Runtime's backend with
 * sequence batching, one generation a sequence, and Triton's implicit state for each pair of the manifest. Tensors carry
 * their batch themselves (`max_batch_size: 0`), since the counters of a generation have none.
 * @throws Refusal BWC321 for an element type that Triton does not have
 */
export function tritonConfig(model: Model, manifest: Manifest, options: TritonOptions): string {
  const state = new Set(manifest.state.flatMap(pair => [pair.input, pair.output]));
  const ports = (kind: string, values: readonly Value[]): Field[] =>
    values.filter(value => !state.has(value.name)).map((value): Field => [kind, port(value)]);
  return messageText([
    ['name', quoted(options.name)],
    ['backend', quoted('onnxruntime')],
    ['max_batch_size', '0'],
    ...ports('input', model.graph.inputs),
    ...ports('output', model.graph.outputs),
    [
      'sequence_batching',
      [
        ['max_sequence_idle_microseconds', String(Math.round((options.idleSeconds ?? 60) * 1e6))],
        ...manifest.state.map((pair): Field => ['state', stateFields(pair)]),
      ],
    ],
    ['version_policy', [['latest', [['num_versions', '1']]]]],
  ]);
}

function port({ name, type }: Value): Field[] {
  const { elem, shape } =
    type?.kind === 'tensor'
      ? { ...type, shape: type.shape ?? [] }
      : { elem: 'undefined' as const, shape: [] };
  // Triton has no tensors without dimensions, but says how the backend shall see them.
  const isScalar = shape.length === 0;
  return [
    ['name', quoted(name)],
    ['data_type', typeName(name, elem)],
    ['dims', dimsText(isScalar ? [1] : shape)],
    ...(isScalar ? [['reshape', [['shape', '[]']]] as const] : []),
  ];
}

function stateFields({ input, output, type, shape }: Manifest['state'][number]): Field[] {
  // Sizes that the caller chooses must have a number here: the graph finds out that the state is another size's.
  const zeros = shape.map(d => (typeof d === 'number' ? d : 1));
  return [
    ['input_name', quoted(input)],
    ['output_name', quoted(output)],
    ['data_type', typeName(input, type)],
    ['dims', dimsText(shape)],
    [
      'initial_state',
      [
        ['name', quoted('zeros')],
        ['data_type', typeName(input, type)],
        ['dims', dimsText(zeros)],
        ['zero_data', 'true'],
      ],
    ],
  ];
}

function typeName(name: string, type: DataType): string {
  return TYPES[type] ?? refuse('BWC321', { language: 'Triton', name, type });
}

const dimsText = (dims: readonly Dim[]): string =>
  `[${dims.map(d => (typeof d === 'number' ? d : -1)).join(', ')}]`;

/** A string of the text format: UTF-8 in double quotes, with escapes for what may not stand there. */
function quoted(text: string): string {
  const octal = (c: string): string => `\\${c.charCodeAt(0).toString(8).padStart(3, '0')}`;
  return `"${text.replaceAll(/[^\P{Cc}\u0080-\u009f]|["\\]/gu, octal)}"`;
}

function messageText(fields: readonly Field[], indent = ''): string {
  return fields
    .map(([name, value]) =>
      typeof value === 'string'
        ? `${indent}${name}: ${value}\n`
        : `${indent}${name} {\n${messageText(value, `${indent}  `)}${indent}}\n`,
    )
    .join('');
}
