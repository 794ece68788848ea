import type { Manifest } from '../plan/index.js';

/** What decides, in words. */
export const DECIDES: Readonly<Record<Manifest['decision'], string>> = {
  trigger: 'a measurement, for the steps to come',
  countdown: 'a measurement, for the steps to come',
  schedule: 'a table',
  watched: 'a table, for as long as the run goes as measured',
  tested: 'a table, while computed steps are as reuse would have made them',
  threshold: 'against the last computed step',
  accumulate: 'changes added up by step',
  rate: 'changes added up by step',
  ranked: 'a ranking, for the steps to come',
  graded: 'a measurement, for the steps to come and by region',
  each: 'each against its last computed step',
  'each-ahead': 'each against its last computed step, as of the step before',
};

/** What decides in a compiled model, and whether a step waits for it. */
export function decidedBy({ decision, options, cost }: Manifest): string {
  const { threshold } = options;
  const level = typeof threshold === 'number' ? `, with a threshold of ${threshold}` : '';
  const when = cost.deviceToHost === 0 ? 'known when a step starts' : 'decided within the step';
  return `${DECIDES[decision]}${level}; ${when}`;
}
