import type { Analysis } from '../blocks/index.js';
import type { Model, Value } from '../ir/index.js';
import { configure, findMethod } from '../methods/index.js';
import { makePlan } from '../plan/index.js';

/** Where a stream enters and leaves all blocks; without `enter` where the two differ in shape. */
export interface StreamEnds {
  readonly enter: Value | undefined;
  readonly exit: Value;
}

/** The ends of the region that holds all blocks, as a compiled model would be cut. */
export function stackEnds(model: Model, analysis: Analysis): readonly StreamEnds[] {
  const whole = configure(findMethod('bwcache'), { reuse: 'residual' });
  const { plan } = makePlan(model, analysis, whole, { source: '', steps: 1 });
  return (plan.regions[0]?.exits ?? []).map(({ enters, value }) => ({ enter: enters, exit: value }));
}
