/** The public surface of `bwc`. */

export { type Analysis, analyse, type Block, type BlockGroup, type RoleHints } from './blocks/index.js';
export { type CiConfig, type CiPipeline, type CiResult, ciConfigSchema, ciResultSchema } from './ci/index.js';
export { type ClientOptions, type Language, writeClient } from './clients/index.js';
export { type Compiled, type CompileOptions, compile, type Split } from './compile.js';
export { CATALOGUE, type Code, type Diagnostic, Refusal } from './diagnostics/index.js';
export { Model, parse, print, structurallyEqual } from './ir/index.js';
export {
  blockRun,
  type Calibration,
  type Design,
  defineMethod,
  eachBlock,
  eachBranch,
  findMethod,
  METHODS,
  type Method,
  type ModelFacts,
  parseCalibration,
  reuseOf,
  shared,
  stack,
  tokenSampling,
} from './methods/index.js';
export {
  checkExternalData,
  externalLocations,
  modelHash,
  readModel,
  readModelFrom,
  toBytes,
  verifyChecksums,
  type Weights,
  type WriteOptions,
  type Written,
  writeModel,
} from './onnx/index.js';
export { keepRest, prepare } from './passes/index.js';
export { strip } from './passes/strip.js';
export { MANIFEST_KEY, type Manifest, manifestSchema, type Plan } from './plan/index.js';
export { inspectFacts } from './report/index.js';
export {
  type Bench,
  type BenchOptions,
  benchCompiled,
  CachedModel,
  type CachedOptions,
  type Check,
  type Decision,
  type DenoiseOptions,
  type DenoiseStep,
  denoise,
  generate,
  type HostTensor,
  loadProfile,
  manifestOf,
  OpenModel,
  openModel,
  type PictureOptions,
  packState,
  parseManifest,
  parseProfile,
  type RunProfile,
  type SavedState,
  type Signals,
  SplitSession,
  type StepModel,
  type StepResult,
  type Tensors,
  unpackState,
  type Verification,
  type VerifyOptions,
  verifyCompiled,
  WorkerModel,
  writePicture,
} from './runtime/index.js';
export {
  type SplitFiles,
  splitFiles,
  type TritonOptions,
  tritonConfig,
  type WrittenSplit,
  writeSplit,
} from './serve/index.js';
