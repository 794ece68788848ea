export { encodeModel, toBytes } from './encode.js';
export { checkExternalData, externalLocations } from './external.js';
export { modelHash } from './hash.js';
export type { Segment } from './output.js';
export { readModel, readModelFrom } from './read.js';
export { writeModel } from './write.js';
