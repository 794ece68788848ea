export {
  type Calibrated,
  type CalibrateOptions,
  type CalibrateProgress,
  calibrate,
  profileHash,
} from './calibrate.js';
export { divide } from './choose.js';
export { CutModel, type Kept } from './cut.js';
export { calibrationText, readCalibration, writeWhole } from './file.js';
export { type Truth, truthOf } from './fit.js';
export { type FrontierOptions, runFrontier } from './frontier.js';
export { merge, type Part } from './merge.js';
export { polish } from './polish.js';
export {
  type RefineOptions,
  refineAll,
  refineSchedule,
  type SearchRuns,
  truthsOf,
} from './refine.js';
export { fidelityOf, runSchedule } from './runs.js';
export { refine, type SearchRunOptions } from './search.js';
