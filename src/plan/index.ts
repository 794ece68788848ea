export { type ControlLayout, controlLayout, controlLength, KNOBS } from './control.js';
export { makePlan, type PlanOptions, tokenStride } from './make-plan.js';
export { MANIFEST_KEY, type Manifest, manifestSchema } from './manifest.js';
export {
  type Exit,
  type Plan,
  type ProbePlan,
  type Region,
  type StatePlan,
  stateElem,
  statesOf,
  type Taps,
} from './plan.js';
