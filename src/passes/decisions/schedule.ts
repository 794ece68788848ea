import type { ScheduleDecision } from '../../methods/index.js';
import { lookupFlags } from '../lookup.js';
import type { DecisionRule } from './rule.js';

export const schedule: DecisionRule<ScheduleDecision> = {
  start: ({ reuse }, { b, index }) => ({ less: [], row: lookupFlags(b, reuse, index(), 'row') }),
  end: () => new Map(),
};
