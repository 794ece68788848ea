export { type Bench, type BenchOptions, benchCompiled, type Decision, type SeedBench } from './bench.js';
export { bitEqual } from './bits.js';
export { CachedModel, type CachedOptions, type SavedState } from './cached.js';
export { type DenoiseOptions, type DenoiseStep, denoise, generate } from './denoise.js';
export { type Feeds, prepareFeeds } from './feeds.js';
export { compareTensors, type Fidelity, meanSsim, psnr } from './fidelity.js';
export { type FusionDifference, fusionDifferences, fusionText } from './fusions.js';
export { manifestOf, modelFiles, parseManifest, type SplitPaths, splitPaths } from './manifest.js';
export { type Picture, type PictureOptions, writePicture } from './picture.js';
export {
  type InputSpec,
  loadProfile,
  type ProfileData,
  parseProfile,
  profileSchema,
  type RunProfile,
  type SamplerSpec,
} from './profile.js';
export { Random, randomNumbers } from './random.js';
export { createSampler, type Sampler } from './sampler.js';
export { packState, unpackState } from './saved-state.js';
export {
  type Executor,
  type Level,
  type OnnxRuntime,
  OpenModel,
  openModel,
  type Port,
  type SessionOptions,
  type Signals,
  type StepModel,
  type StepResult,
  type Tensors,
} from './session.js';
export { SplitSession } from './split.js';
export { readTensorFile } from './tensorfile.js';
export { type HostTensor, numbersOf, type RunType } from './tensors.js';
export { verifyCompiled } from './verify.js';
export type { Verification, VerifyOptions } from './verify-pair.js';
export type { Check } from './verify-state.js';
export { WorkerModel } from './worker/model.js';
