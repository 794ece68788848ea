import { z } from 'zod';
import { calibrationOf, reuseFrom } from './calibrated.js';
import { eachBlock, eachBranch } from './facts.js';
import { defineMethod, reuseOf, shared } from './method.js';
import { blockCaching as blockTables } from './schedules/index.js';

/** Block Caching, "Cache Me if You Can": arXiv 2312.03209. */
export const blockCaching = defineMethod({
  name: 'block-caching',
  title: 'Block Caching',
  source: 'arXiv 2312.03209',
  calibration: 'required',
  summary:
    'Measures once how much each block changes from step to step. A block reuses until its change since it was last ' +
    'computed has added up to delta, so that every block has a schedule of its own.',
  options: z.object({
    delta: shared.limit(0.5, 'change that may add up before a block is computed again'),
    region: z
      .enum(['branch', 'block'])
      .default('branch')
      .describe('what has a schedule: every attention and feed-forward, or what a whole block adds'),
    order: shared.order(0),
  }),
  design: (o, facts) => {
    const { steps } = facts;
    const tables = blockTables(calibrationOf(facts, 'block-caching'), o);
    if (o.region === 'block')
      return {
        regions: eachBlock(facts, reuseOf('residual', o.order)),
        decision: { kind: 'schedule', reuse: tables.map(({ block }) => reuseFrom(block, steps)) },
      };
    const rows = tables.flatMap(({ branches }) => branches.map(table => reuseFrom(table, steps)));
    return {
      regions: eachBranch(facts, reuseOf('output', o.order)),
      decision: { kind: 'schedule', reuse: rows },
    };
  },
});
