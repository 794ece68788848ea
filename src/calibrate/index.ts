export {
  type Calibrated,
  type CalibrateOptions,
  type CalibrateProgress,
  calibrate,
  profileHash,
} from './calibrate.js';
export { calibrationText, readCalibration, writeWhole } from './file.js';
export { merge, type Part } from './merge.js';
