export { applyDelta, PatchError } from './apply.js';
export { type Compared, type DiffOptions, diffModels, isEmpty, type ModelDiff } from './diff.js';
export { type Delta, deltaSchema } from './encoded.js';
export { type DiffFacts, diffFacts, diffSchema } from './facts.js';
export { diffText, statText } from './text.js';
