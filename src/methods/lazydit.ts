import { z } from 'zod';
import { refuse } from '../diagnostics/index.js';
import { stretched } from './calibrated.js';
import { eachBranch } from './facts.js';
import { parseGates } from './gates.js';
import { defineMethod, imported, reuseOf, shared } from './method.js';

/** LazyDiT: arXiv 2412.12444. The gates are trained elsewhere and imported. */
export const lazydit = defineMethod({
  name: 'lazydit',
  title: 'LazyDiT',
  source: 'arXiv 2412.12444',
  summary:
    'A learned linear gate on what each attention and feed-forward reads says whether it is computed or what it gave last is ' +
    'reused. Norms, scales and gates of the model stay fresh. The gate of the next step looks at what this one reads, which ' +
    'costs no copy from the device; or each looks in front of its branch, as published, which costs one for each.',
  options: z.object({
    gates: imported('JSON of kind bwc.gates: weights by step and branch; @FILE reads it from a file'),
    decide: z
      .enum(['ahead', 'at-once'])
      .default('ahead')
      .describe(
        'for the next step, by its gate on what this one reads; or in front of each branch (a copy a branch)',
      ),
    threshold: z.coerce
      .number()
      .min(0)
      .default(0.5)
      .describe(
        'a branch is reused while its score, high where it must be computed, is below; 0 never reuses',
      ),
    warmup: shared.warmup(1),
    tail: shared.tail(0),
    most: shared.most(0),
    order: shared.order(0),
  }),
  design: (o, facts) => {
    const branches = facts.blocks.flatMap(block => block.branches);
    const gates = parseGates(o.gates.text, branches);
    if (typeof gates === 'string')
      return refuse('BWC303', { name: 'gates', value: 'the gates', reason: gates });
    const { weights, bias, high } = gates;
    return {
      regions: eachBranch(facts, reuseOf('output', o.order)),
      decision: {
        kind: o.decide === 'ahead' ? 'each-ahead' : 'each',
        probe: { tensor: 'branch-input', blocks: 1, tokens: { kind: 'summed' } },
        metric: {
          kind: 'learned-gate',
          weights: stretched(weights, facts.steps),
          ...(bias && { bias: stretched(bias, facts.steps) }),
          high,
        },
        threshold: o.threshold,
      },
      guards: { warmup: o.warmup, tail: o.tail, most: o.most },
    };
  },
});
