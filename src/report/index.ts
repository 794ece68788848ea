export { type BenchFacts, benchFacts, benchText, stripText } from './bench.js';
export { type CompileFacts, type CompileRun, compileFacts, compileText } from './compile.js';
export { diagnosticText } from './diagnostic.js';
export { inspectText } from './inspect.js';
export {
  type BlockFacts,
  type InspectFacts,
  type InspectOptions,
  inspectFacts,
  type MethodEffect,
  type PortFacts,
} from './inspect-facts.js';
export { type MethodFacts, methodFacts, methodListText, methodText, type OptionFacts } from './methods.js';
export { coloured, type Paint, plain, type Screen } from './text.js';
export { failures, verifyText } from './verify.js';
