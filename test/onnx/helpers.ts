import onnxProto from 'onnx-proto';
import { Refusal } from '../../src/diagnostics/index.js';
import type { Model, Node, Value } from '../../src/ir/index.js';
import { readModelFrom, toBytes } from '../../src/onnx/index.js';

/** onnx-proto's own decoder: knows all of IR version 8 and nothing of this project. */
export const decode = (bytes: Uint8Array): onnxProto.onnx.ModelProto =>
  onnxProto.onnx.ModelProto.decode(bytes);

export const again = (model: Model): Model => readModelFrom(toBytes(model));

export const includes = (bytes: Uint8Array, part: Uint8Array): boolean =>
  Buffer.from(bytes).includes(Buffer.from(part));

export const same = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;

export function at<T>(list: readonly T[], index: number): T {
  const item = list.at(index);
  if (item === undefined) throw new Error(`nothing at ${index}`);
  return item;
}

export function defined<T>(item: T | null | undefined): T {
  if (item === undefined || item === null) throw new Error('not there');
  return item;
}

export const names = (values: readonly (Value | undefined)[]): (string | undefined)[] =>
  values.map(value => value?.name);

export const nodeNamed = (model: Model, name: string): Node =>
  defined(model.graph.nodes.find(node => node.name === name));

/** The code that a call refuses with; any other error is thrown on. */
export function codeOf(call: () => unknown): string | undefined {
  try {
    call();
  } catch (error) {
    if (error instanceof Refusal) return error.diagnostic.code;
    throw error;
  }
  return undefined;
}

export async function codeOfAsync(promise: Promise<unknown>): Promise<string | undefined> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof Refusal) return error.diagnostic.code;
    throw error;
  }
  return undefined;
}
