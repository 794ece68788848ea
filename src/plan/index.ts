export {
  type ControlLayout,
  controlLayout,
  controlLength,
  FIRST,
  type History,
  historyOf,
  KNOBS,
  PULL,
  positionOf,
} from './control.js';
export { narrowed, renamed } from './half.js';
export { makePlan, type PlanOptions } from './make-plan.js';
export { MANIFEST_KEY, type Manifest, manifestSchema } from './manifest.js';
export {
  type AlongPlan,
  type Exit,
  type FrameLayout,
  type GridAxis,
  type Half,
  type OpenAttention,
  type Picture,
  type Plan,
  type ProbePlan,
  type Region,
  ROWS,
  type StatePlan,
  stateElem,
  statesOf,
  type Tap,
  type Taps,
  type Tokens,
} from './plan.js';
export { framesIn, tokenStride, tokensIn } from './probe.js';
