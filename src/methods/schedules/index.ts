export { type BacOptions, bac, bestUpdates } from './bac.js';
export { type BlockCachingOptions, type BlockTables, blockCaching } from './blockcaching.js';
export { lagrange } from './extrapolate.js';
export { leMiCa, minimaxPath, outcomeError } from './lemica.js';
export { type MagCacheOptions, magCache, magRatios } from './magcache.js';
export { atSteps, unevenness } from './resample.js';
export { scaleShift } from './scaleshift.js';
export { type Schedule, scheduleSchema } from './schedule.js';
export {
  type SearchOptions,
  searchFrontier,
  searchSchedule,
  type Target,
} from './search.js';
export { type SmoothCacheOptions, smoothCache } from './smoothcache.js';
export { atTimesteps, type Table } from './table.js';
export { fitPolynomial, type PolynomialFit, teaCacheFit } from './teacache.js';
