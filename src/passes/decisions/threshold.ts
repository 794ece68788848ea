import type { ThresholdDecision } from '../../methods/index.js';
import type { DecisionRule } from './rule.js';

export const threshold: DecisionRule<ThresholdDecision> = {
  start: (_, { threshold: limit }) => ({ less: [[0, limit()]] }),
  level: (_, { value }) => value,
  end: () => new Map(),
};
