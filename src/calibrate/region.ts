import { z } from 'zod';
import type { Analysis } from '../blocks/index.js';
import type { Model, Value } from '../ir/index.js';
import {
  configure,
  defineMethod,
  eachBlock,
  eachBranch,
  type ModelFacts,
  type RegionDesign,
  reuseOf,
  stack,
} from '../methods/index.js';
import { makePlan, type Region } from '../plan/index.js';

/** Where a stream enters and leaves a region; without `enter` where no residual is taken of it. */
export interface StreamEnds {
  readonly enter: Value | undefined;
  readonly exit: Value;
}

/** The ends of the region that holds all blocks, as a compiled model would be cut. */
export function stackEnds(model: Model, analysis: Analysis): readonly StreamEnds[] {
  const [whole] = regionsOf(model, analysis, facts => stack(facts, reuseOf('residual', 0)));
  return (whole?.exits ?? []).map(({ enters, value }) => ({ enter: enters, exit: value }));
}

/** The ends of what is reused of a block as a whole, and of each of its branches. */
export interface BlockEnds {
  readonly block: readonly StreamEnds[];
  readonly branches: readonly (readonly StreamEnds[])[];
}

/** The same of each block, and each of its branches. */
export function blockEnds(model: Model, analysis: Analysis): readonly BlockEnds[] {
  const blocks = regionsOf(model, analysis, facts => eachBlock(facts, reuseOf('residual', 0))).map(reusedOf);
  const branches = regionsOf(model, analysis, facts => eachBranch(facts, reuseOf('output', 0))).map(reusedOf);
  let from = 0;
  return analysis.blocks.map((block, i) => {
    const to = from + block.branches.length;
    const ends = { block: blocks[i] ?? [], branches: branches.slice(from, to) };
    from = to;
    return ends;
  });
}

/** Between which values lies what a region reuses. */
function reusedOf({ exits, reuse }: Region): readonly StreamEnds[] {
  return exits.map(({ enters, value }) => ({
    enter: reuse.of === 'residual' ? enters : undefined,
    exit: value,
  }));
}

/** Regions as a plan cuts them. */
function regionsOf(
  model: Model,
  analysis: Analysis,
  regions: (facts: ModelFacts) => readonly RegionDesign[],
): readonly Region[] {
  const method = defineMethod({
    name: 'calibrate',
    title: 'What is measured',
    source: 'bwc',
    summary: '',
    options: z.object({}),
    design: (_, facts) => {
      const all = regions(facts);
      return { regions: all, decision: { kind: 'schedule', reuse: all.map(() => [false]) } };
    },
  });
  return makePlan(model, analysis, configure(method, {}), { source: '', steps: 1 }).plan.regions;
}
