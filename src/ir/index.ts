export * as attr from './attribute.js';
export { type Attribute, type AttributeKind, float, graphsOf, int, ints, string } from './attribute.js';
export { Builder, type OpOptions } from './builder.js';
export { cloneModel } from './clone.js';
export { structurallyEqual } from './equal.js';
export { Graph } from './graph.js';
export { type FunctionDef, Model, type ModelInit } from './model.js';
export { Names } from './names.js';
export { cloneNode, Node, type NodeInit } from './node.js';
export type { Origin } from './origin.js';
export { parse } from './parse.js';
export { applyPatch, type Patch, PatchError, type Replacement } from './patch.js';
export { print, printGraph } from './print.js';
export {
  type ExternalData,
  fromBrain,
  fromHalf,
  Tensor,
  type TensorInit,
  type TypedArray,
  toHalf,
} from './tensor.js';
export * from './traverse.js';
export * from './types.js';
export { type User, Value } from './value.js';
export { snapshotInterface, Verifier, type Violation, verify } from './verify.js';
