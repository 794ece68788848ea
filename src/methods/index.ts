import { refuse } from '../diagnostics/index.js';
import { adacache } from './adacache.js';
import { auto } from './auto.js';
import { bac } from './bac.js';
import { blockCaching } from './block-caching.js';
import { blockdance } from './blockdance.js';
import { bwcache } from './bwcache.js';
import { bwcacheCode } from './bwcache-code.js';
import { cfgCache } from './cfg-cache.js';
import { dbcache } from './dbcache.js';
import { dbprune } from './dbprune.js';
import { deltaDit } from './delta-dit.js';
import { dicache } from './dicache.js';
import { easycache } from './easycache.js';
import { fastercache } from './fastercache.js';
import { firstBlockCache } from './first-block-cache.js';
import { flashblock } from './flashblock.js';
import { flowcache } from './flowcache.js';
import { fora } from './fora.js';
import { lazydit } from './lazydit.js';
import { learningToCache } from './learning-to-cache.js';
import { lemica } from './lemica.js';
import { magcache } from './magcache.js';
import type { Method } from './method.js';
import { mixcache } from './mixcache.js';
import { pab } from './pab.js';
import { quantcache } from './quantcache.js';
import { seacache } from './seacache.js';
import { skipDit } from './skip-dit.js';
import { smoothcache } from './smoothcache.js';
import { sortblock } from './sortblock.js';
import { taylorseer } from './taylorseer.js';
import { teacache } from './teacache.js';
import { toca } from './toca.js';

export { type Calibration, parseCalibration, requireCalibrationOf } from './calibration.js';
export * from './design.js';
export type { BlockFact, BranchFact, ModelFacts } from './facts.js';
export { blockRun, eachAttention, eachBlock, eachBranch, stack } from './facts.js';
export {
  type ConfiguredMethod,
  configure,
  defineMethod,
  isMethod,
  type Method,
  reuseOf,
  shared,
  tokenSampling,
} from './method.js';
export { type KnownModel, type Presets, withPreset } from './presets.js';

/** The built-in methods, in the order in which `bwc methods` shows them. */
export const METHODS: readonly Method[] = [
  bwcache,
  bwcacheCode,
  blockCaching,
  auto,
  firstBlockCache,
  dbcache,
  dbprune,
  teacache,
  seacache,
  flowcache,
  dicache,
  easycache,
  adacache,
  quantcache,
  sortblock,
  fastercache,
  cfgCache,
  mixcache,
  taylorseer,
  fora,
  toca,
  flashblock,
  pab,
  deltaDit,
  blockdance,
  skipDit,
  magcache,
  smoothcache,
  lemica,
  bac,
  learningToCache,
  lazydit,
];

/** The method of that name, or BWC301. */
export function findMethod(name: string): Method {
  const method = METHODS.find(m => m.name === name);
  return method ?? refuse('BWC301', { name, known: METHODS.map(m => m.name).join(', ') });
}
