import { refuse } from '../diagnostics/index.js';
import { bwcache } from './bwcache.js';
import { bwcacheCode } from './bwcache-code.js';
import type { Method } from './method.js';

export {
  type ConfiguredMethod,
  configure,
  type Decision,
  type Design,
  type Method,
  type Metric,
  type Probe,
  type ReuseRule,
  type TokenSampling,
  type TriggerDecision,
} from './method.js';

/** The built-in methods, in the order in which `bwc methods` shows them. */
export const METHODS: readonly Method[] = [bwcache, bwcacheCode];

/** The method of that name, or BWC301. */
export function findMethod(name: string): Method {
  const method = METHODS.find(m => m.name === name);
  return method ?? refuse('BWC301', { name, known: METHODS.map(m => m.name).join(', ') });
}
