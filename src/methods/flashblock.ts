import { z } from 'zod';
import { refuse } from '../diagnostics/index.js';
import { everyNth } from './every-nth.js';
import { eachAttention } from './facts.js';
import { defineMethod, shared } from './method.js';

/** FlashBlock: arXiv 2602.05305. */
export const flashblock = defineMethod({
  name: 'flashblock',
  title: 'FlashBlock',
  source: 'arXiv 2602.05305',
  summary:
    'For long sequences, where attention is most of a step. Tokens are cut into chunks. In between computed steps each token ' +
    'attends to its own chunk anew, and what all other chunks gave it is taken from the last computed step: both are merged ' +
    'as one softmax would. Everything else stays fresh.',
  options: z.object({
    chunks: z.coerce
      .number()
      .int()
      .min(2)
      .default(4)
      .describe('chunks that the tokens are cut into, in their order: of a video, runs of frames'),
    interval: shared.interval(2),
    warmup: shared.warmup(0),
    tail: shared.tail(0),
  }),
  design: (o, facts) => {
    const regions = eachAttention(facts, { of: 'output', outside: { count: o.chunks } });
    if (regions.length === 0) refuse('BWC225', { where: 'any block' });
    return {
      regions,
      decision: { kind: 'schedule', reuse: [everyNth(facts.steps, o.interval)] },
      guards: { warmup: o.warmup, tail: o.tail },
    };
  },
});
