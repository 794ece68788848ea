import type { Decision } from '../../methods/index.js';
import { accumulate } from './accumulate.js';
import { countdown } from './countdown.js';
import { each } from './each.js';
import { eachAhead } from './each-ahead.js';
import { graded } from './graded.js';
import { ranked } from './ranked.js';
import { rate } from './rate.js';
import type { DecisionRule } from './rule.js';
import { schedule } from './schedule.js';
import { tested } from './tested.js';
import { threshold } from './threshold.js';
import { trigger } from './trigger.js';
import { watched } from './watched.js';

export type { Pair, Start } from './rule.js';

const RULES: { readonly [K in Decision['kind']]: DecisionRule<Extract<Decision, { kind: K }>> } = {
  trigger,
  countdown,
  schedule,
  watched,
  tested,
  threshold,
  accumulate,
  rate,
  ranked,
  each,
  'each-ahead': eachAhead,
  graded,
};

/** A decision's rule, with the decision filled in. */
export type BoundRule = {
  readonly [K in keyof DecisionRule<Decision>]: DecisionRule<Decision>[K] extends infer F
    ? F extends (decision: Decision, at: infer A) => infer R
      ? (at: A) => R
      : F
    : never;
};

export function ruleOf(decision: Decision): BoundRule {
  // The table is keyed by kind, so that the rule found takes this very decision.
  const { start, measured, compare, compared, level, limit, everyStep, test, behind, end } = RULES[
    decision.kind
  ] as DecisionRule<Decision>;
  return {
    start: at => start(decision, at),
    ...(measured && { measured: at => measured(decision, at) }),
    ...(compare && { compare: at => compare(decision, at) }),
    ...(compared && { compared: at => compared(decision, at) }),
    ...(level && { level: at => level(decision, at) }),
    ...(limit && { limit: at => limit(decision, at) }),
    ...(everyStep && { everyStep }),
    ...(test && { test: at => test(decision, at) }),
    ...(behind && { behind: at => behind(decision, at) }),
    end: at => end(decision, at),
  };
}
