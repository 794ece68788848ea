export { changesBetween } from './changes.js';
export {
  type CiConfig,
  type CiModel,
  type CiPipeline,
  ciConfigSchema,
  type Gates,
  gatesOf,
  loadCiConfig,
  parseCiConfig,
  shardOf,
} from './config.js';
export { passGates } from './gates.js';
export { junitXml } from './junit.js';
export { mergeResults } from './merge.js';
export { type CiResult, ciResult, ciResultSchema, type GateResult, type ModelResult } from './result.js';
export { summaryMarkdown } from './summary.js';
export { ciText } from './text.js';
