export { type SplitFiles, splitFiles, type WrittenSplit, writeSplit } from './split.js';
export { type TritonOptions, tritonConfig } from './triton.js';
