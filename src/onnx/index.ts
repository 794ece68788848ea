export { encodeModel, toBytes } from './encode.js';
export { checkExternalData, externalLocations, verifyChecksums } from './external.js';
export { modelHash } from './hash.js';
export type { Segment } from './output.js';
export { readModel, readModelFrom } from './read.js';
export { Staging } from './staging.js';
export { WEIGHTS, type Weights } from './weights.js';
export { type Part, type WriteOptions, type Written, writeModel, writeSharing } from './write.js';
