import type { ScheduleDecision } from '../../methods/index.js';
import { field } from '../keep-time.js';
import { lookupFlags } from '../lookup.js';
import type { DecisionRule } from './rule.js';

/** A threshold that is set below zero still means that nothing is reused. */
const BELOW_ZERO = -1e-30;

export const schedule: DecisionRule<ScheduleDecision> = {
  start({ reuse }, { b, clock, index }) {
    return {
      less: [[BELOW_ZERO, field(clock.knobs, 'threshold')]],
      row: lookupFlags(b, reuse, index(), 'row'),
    };
  },
  end: () => new Map(),
};
