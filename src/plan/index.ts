export {
  type ControlLayout,
  controlLayout,
  controlLength,
  FIRST,
  type History,
  KNOBS,
  positionOf,
} from './control.js';
export { makePlan, type PlanOptions } from './make-plan.js';
export { MANIFEST_KEY, type Manifest, manifestSchema } from './manifest.js';
export {
  type AlongPlan,
  type Exit,
  type GridAxis,
  type Plan,
  type ProbePlan,
  type Region,
  type StatePlan,
  stateElem,
  statesOf,
  type Tap,
  type Taps,
  type Tokens,
} from './plan.js';
export { tokenStride } from './probe.js';
