import { z } from 'zod';
import { everyNth, stepsOf } from './every-nth.js';
import { blockRun } from './facts.js';
import { defineMethod, reuseOf, shared } from './method.js';

/** Δ-DiT: arXiv 2406.01125. */
export const deltaDit = defineMethod({
  name: 'delta-dit',
  title: 'Δ-DiT',
  source: 'arXiv 2406.01125',
  summary:
    'Rear blocks draw details, front blocks outlines. Early in a generation the rear blocks are skipped, late the front ' +
    'ones, one step in a few being computed in full; what the skipped blocks add is kept as a residual.',
  options: z.object({
    interval: shared.interval(2),
    boundary: z.coerce
      .number()
      .min(0)
      .default(0.5)
      .describe('steps before it skip the rear, later ones the front; below 1 a share of all'),
    depth: z.coerce
      .number()
      .positive()
      .default(0.75)
      .describe('blocks that are skipped; below 1 a share of all'),
    warmup: shared.warmup(1),
    tail: shared.tail(0),
    order: shared.order(0),
  }),
  design: (o, facts) => {
    const { steps } = facts;
    const count = facts.blocks.length;
    const depth = Math.min(count - 1, stepsOf(o.depth, count));
    const reuse = reuseOf('residual', o.order);
    const boundary = stepsOf(o.boundary, steps);
    const early = everyNth(steps, o.interval, 0, boundary);
    const late = everyNth(steps, o.interval, boundary);
    // Blocks that lie in both ranges are a region of their own, since regions do not overlap.
    const front = Math.min(depth, count - depth);
    const rear = Math.max(depth, count - depth);
    return {
      regions: [
        ...blockRun(facts, 0, front, reuse, 0),
        ...(depth > front ? blockRun(facts, front, rear, reuse, 1) : []),
        ...blockRun(facts, rear, count, reuse, 2),
      ],
      decision: { kind: 'schedule', reuse: [late, late.map((x, s) => x || (early[s] ?? false)), early] },
      guards: { warmup: o.warmup, tail: o.tail },
    };
  },
});
