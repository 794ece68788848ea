import { z } from 'zod';
import { defineMethod, reuseOf, shared } from './method.js';

/** EasyCache: arXiv 2507.02860. */
export const easycache = defineMethod({
  name: 'easycache',
  title: 'EasyCache',
  source: 'arXiv 2507.02860',
  summary:
    'Looks at the model from outside: how much the prediction changed for a change of the latent, between the last two ' +
    'computed steps. The latent moves on at every step, so the error of reusing can be estimated and added up; while it ' +
    'is below the threshold, the whole model is skipped and what it added to the latent is added to the fresh one.',
  options: z.object({
    threshold: shared.threshold(0.05),
    warmup: shared.warmup(5),
    tail: shared.tail(1),
    most: shared.most(0),
    wanted: shared.wanted,
    order: shared.order(0),
  }),
  presets: {
    'hunyuan-video': { threshold: 0.025, warmup: 5 },
    'wan-1.3b': { threshold: 0.05, warmup: 10 },
    'wan-14b': { threshold: 0.05, warmup: 10 },
    'wan-i2v-480p': { threshold: 0.05, warmup: 10 },
    'wan-i2v-720p': { threshold: 0.05, warmup: 10 },
  },
  design: o => ({
    regions: [{ span: { kind: 'model' }, reuse: reuseOf('residual', o.order) }],
    decision: { kind: 'rate', threshold: o.threshold },
    guards: { warmup: o.warmup, tail: o.tail, most: o.most },
    wanted: o.wanted,
  }),
});
