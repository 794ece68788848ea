import { closeSync, openSync, readSync } from 'node:fs';
import { dirname, join } from 'node:path';
import {
  type Attribute,
  allGraphs,
  allNodes,
  attr,
  DATA_TYPES,
  type DataType,
  type ExternalData,
  fromBrain,
  fromHalf,
  type Model,
  Tensor,
  type Value,
  type ValueType,
} from '../ir/index.js';
import { MANIFEST_KEY } from '../plan/manifest.js';
import { parseManifest } from './manifest.js';
import type { RunProfile } from './profile.js';

const NARROW: ReadonlyMap<DataType, (bits: number) => number> = new Map([
  ['float16', fromHalf],
  ['bfloat16', fromBrain],
]);

/** Attributes that name an element type by its number. */
const TYPE_ATTRIBUTES: ReadonlySet<string> = new Set(['to', 'dtype', 'output_dtype']);

const wide = (elem: DataType): DataType => (NARROW.has(elem) ? 'float32' : elem);

/** True when a value or constant of the main graph, or a branch of it, is a 16-bit float. */
export function isNarrow(model: Model): boolean {
  return [...valuesOf(model)].some(v => {
    const elem = v.initializer?.elem ?? (v.type?.kind === 'tensor' ? v.type.elem : undefined);
    return elem !== undefined && NARROW.has(elem);
  });
}

/**
 * Makes every 16-bit float of a model float32, in place: types, constants, conversions, and the manifest of a compiled
 * one. Every constant keeps its value. Model-local functions must have been inlined.
 * @param path of the file that the model was read from, beside which its other weights lie
 */
export function widen(model: Model, path: string): void {
  const widened = (tensor: Tensor): Tensor => widenTensor(tensor, dirname(path));
  for (const value of valuesOf(model)) {
    if (value.type !== undefined) value.type = widenType(value.type);
    if (value.initializer !== undefined) value.initializer = widened(value.initializer);
  }
  for (const node of allNodes(model.graph)) {
    for (const attribute of [...node.attributes.values()]) {
      const instead = widenAttribute(attribute, widened);
      if (instead !== attribute) node.setAttribute(instead);
    }
  }
  const text = model.metadata.get(MANIFEST_KEY);
  if (text === undefined) return;
  const manifest = parseManifest(text, path);
  const state = manifest.state.map(pair => ({ ...pair, type: wide(pair.type) }));
  model.metadata.set(MANIFEST_KEY, JSON.stringify({ ...manifest, state }));
}

/** The profile that drives a widened model. */
export function widenProfile(profile: RunProfile): RunProfile {
  const entries = Object.entries(profile.inputs);
  const inputs = entries.map(([name, spec]) => [
    name,
    NARROW.has(spec.type) ? { ...spec, type: 'float32' as const } : spec,
  ]);
  return { ...profile, inputs: Object.fromEntries(inputs) };
}

function* valuesOf(model: Model): IterableIterator<Value> {
  for (const graph of allGraphs(model.graph)) {
    yield* graph.inputs;
    for (const value of graph.initializers) if (!value.isGraphInput) yield value;
    for (const node of graph.nodes) for (const output of node.outputs) if (output) yield output;
  }
}

function widenType(type: ValueType): ValueType {
  switch (type.kind) {
    case 'tensor':
    case 'sparse':
      return { ...type, elem: wide(type.elem) };
    case 'sequence':
    case 'optional':
      return { ...type, of: widenType(type.of) };
    case 'other':
      return type;
  }
}

function widenAttribute(attribute: Attribute, widened: (tensor: Tensor) => Tensor): Attribute {
  if (attribute.kind === 'tensor') {
    const tensor = widened(attribute.value);
    return tensor === attribute.value ? attribute : attr.tensor(attribute.name, tensor);
  }
  if (attribute.kind !== 'int' || !TYPE_ATTRIBUTES.has(attribute.name)) return attribute;
  const elem = DATA_TYPES[Number(attribute.value)];
  return elem !== undefined && NARROW.has(elem)
    ? attr.int(attribute.name, DATA_TYPES.indexOf('float32'))
    : attribute;
}

function widenTensor(tensor: Tensor, folder: string): Tensor {
  const decode = NARROW.get(tensor.elem);
  if (decode === undefined) return tensor;
  const load = (): Uint8Array => {
    const bytes = tensor.external ? readExternal(folder, tensor.external, tensor.byteLength) : tensor.bytes();
    if (bytes === undefined) throw new Error(`constant ${tensor.name} cannot be read`);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const numbers = new Float32Array(tensor.size);
    for (let i = 0; i < numbers.length; i++) numbers[i] = decode(view.getUint16(2 * i, true));
    return new Uint8Array(numbers.buffer);
  };
  return new Tensor({ elem: 'float32', dims: tensor.dims, name: tensor.name, load });
}

function readExternal(folder: string, { location, offset }: ExternalData, length: number): Uint8Array {
  const file = openSync(join(folder, location), 'r');
  try {
    const bytes = new Uint8Array(length);
    for (let at = 0; at < length; ) {
      const count = readSync(file, bytes, at, length - at, offset + at);
      if (count === 0) throw new Error(`${location} ends before its tensors do`);
      at += count;
    }
    return bytes;
  } finally {
    closeSync(file);
  }
}
