export * from './dims.js';
export { flopsOf } from './flops.js';
export { inferTypes } from './infer.js';
export type { Inferred } from './inferred.js';
