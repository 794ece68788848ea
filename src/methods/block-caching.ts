import { z } from 'zod';
import { diagnostic, refuse } from '../diagnostics/index.js';
import { calibrationOf, reuseFrom } from './calibrated.js';
import type { Calibration, Moments } from './calibration.js';
import type { RegionDesign } from './design.js';
import { eachBlock, eachBranch } from './facts.js';
import { defineMethod, reuseOf, shared } from './method.js';
import { blockCaching as blockTables, scaleShift, type Table } from './schedules/index.js';

/** Block Caching, "Cache Me if You Can": arXiv 2312.03209. */
export const blockCaching = defineMethod({
  name: 'block-caching',
  title: 'Block Caching',
  source: 'arXiv 2312.03209',
  calibration: 'required',
  summary:
    'Measures once how much each block changes from step to step. A block reuses until its change since it was last ' +
    'computed has added up to delta, so that every block has a schedule of its own. What is reused is scaled and shifted ' +
    'as was fitted for each block, step and channel.',
  options: z.object({
    delta: shared.limit(0.5, 'change that may add up before a block is computed again'),
    region: z
      .enum(['branch', 'block'])
      .default('branch')
      .describe('what has a schedule: every attention and feed-forward, or what a whole block adds'),
    order: shared.order(0),
    adjust: z
      .enum(['auto', 'yes', 'no'])
      .default('auto')
      .describe(
        'scale and shift of what is reused as it was: where the calibration has fits, always, or never',
      ),
  }),
  design: (o, facts) => {
    const { steps } = facts;
    const calibration = calibrationOf(facts, 'block-caching');
    const whole = o.region === 'block';
    const each = <T>(parts: { readonly block: T; readonly branches: readonly T[] }): readonly T[] =>
      whole ? [parts.block] : parts.branches;
    const regions = whole
      ? eachBlock(facts, reuseOf('residual', o.order))
      : eachBranch(facts, reuseOf('output', o.order));
    const tables = blockTables(calibration, o).flatMap(each);
    const lacking = whyUnadjusted(calibration, o.order, steps);
    if (o.adjust === 'yes' && lacking !== undefined) refuse('BWC317', { reason: lacking });
    const wanted = o.adjust === 'no' ? undefined : calibration.fits;
    const moments = lacking === undefined ? wanted?.flatMap(each<readonly Moments[]>) : undefined;
    return {
      regions: moments === undefined ? regions : adjusted(regions, calibration, moments, tables),
      decision: { kind: 'schedule', reuse: tables.map(table => reuseFrom(table, steps)) },
      ...(wanted && lacking !== undefined && { notes: [diagnostic('BWC318', { reason: lacking })] }),
    };
  },
});

/** Why no scale and shift can be fitted, if none can. */
function whyUnadjusted({ fits, sampler }: Calibration, order: number, steps: number): string | undefined {
  if (fits === undefined) return 'the calibration has nothing to fit them to';
  if (sampler.steps !== steps) return `the calibration is of ${sampler.steps} steps, not ${steps}`;
  return order > 0 ? 'what is reused is extrapolated' : undefined;
}

/** The regions, with what is fitted for each of their exits. */
function adjusted(
  regions: readonly RegionDesign[],
  calibration: Calibration,
  moments: readonly (readonly Moments[])[],
  tables: readonly Table[],
): readonly RegionDesign[] {
  return regions.map((region, i) => ({
    ...region,
    reuse: {
      of: region.reuse.of,
      adjust: (moments[i] ?? []).map(exit => scaleShift(calibration, exit, tables[i] ?? [])),
    },
  }));
}
