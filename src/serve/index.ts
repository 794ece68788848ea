export { type TritonOptions, tritonConfig } from './triton.js';
