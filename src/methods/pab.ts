import { z } from 'zod';
import { everyNth, shareOf } from './every-nth.js';
import { type BranchFact, eachBranch } from './facts.js';
import { defineMethod, reuseOf } from './method.js';

const every = (fallback: number, what: string) =>
  z.coerce
    .number()
    .int()
    .min(0)
    .default(fallback)
    .describe(`${what} is computed once in so many steps; 0 always computes it`);

/** Pyramid Attention Broadcast: arXiv 2408.12588. */
export const pab = defineMethod({
  name: 'pab',
  title: 'Pyramid Attention Broadcast',
  source: 'arXiv 2408.12588',
  summary:
    'In the middle of a generation the output of attention is kept for a few steps: the less it changes, the longer, ' +
    'which is spatial, then temporal, then cross-attention. Norms, gates and residual additions stay fresh.',
  options: z.object({
    spatial: every(2, 'spatial (or full) self-attention and joint attention'),
    temporal: every(4, 'temporal attention'),
    cross: every(6, 'cross-attention'),
    mlp: every(0, 'the feed-forward'),
    from: z.coerce.number().min(0).max(1).default(0.15).describe('share of the steps before the window'),
    to: z.coerce.number().min(0).max(1).default(0.85).describe('share of the steps before its end'),
  }),
  presets: {
    'open-sora': { spatial: 2, temporal: 4, cross: 6, from: 0.07, to: 0.55 },
    latte: { spatial: 2, temporal: 3, cross: 6, from: 0.2, to: 0.9 },
    'cogvideox-2b': { spatial: 2, from: 0.15, to: 0.9 },
    'cogvideox-5b': { spatial: 2, from: 0.15, to: 0.9 },
  },
  design: (o, facts) => {
    const channels = ['spatial', 'temporal', 'cross', 'mlp'] as const;
    const used = channels.filter(name => o[name] > 1);
    const window = [shareOf(o.from, facts.steps), shareOf(o.to, facts.steps)] as const;
    return {
      regions: eachBranch(facts, reuseOf('output', 0), branch => {
        const at = used.indexOf(channelOf(branch));
        return at < 0 ? undefined : at;
      }),
      decision: { kind: 'schedule', reuse: used.map(name => everyNth(facts.steps, o[name], ...window)) },
    };
  },
});

function channelOf({ kind, axis }: BranchFact): 'spatial' | 'temporal' | 'cross' | 'mlp' {
  switch (kind) {
    case 'self-attention':
      return axis === 'temporal' ? 'temporal' : 'spatial';
    case 'joint-attention':
    case 'parallel':
      return 'spatial';
    case 'cross-attention':
      return 'cross';
    case 'feed-forward':
      return 'mlp';
  }
}
