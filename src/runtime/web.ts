/** What of the runtime works without Node: `bwc/web`. Give `CachedModel.open` the module `onnxruntime-web` and the manifest. */
export { Refusal } from '../diagnostics/index.js';
export type { Manifest } from '../plan/manifest.js';
export { CachedModel, type CachedOptions, type SavedState } from './cached.js';
export { Random, randomNumbers } from './random.js';
export { createSampler, type Sampler } from './sampler.js';
export type { OnnxRuntime, Port, SessionOptions, Signals, StepResult, Tensors } from './session.js';
export { fromNumbers, type HostTensor, numbersOf, type RunType } from './tensors.js';
