import { z } from 'zod';
import { stack } from './facts.js';
import { defineMethod, list, reuseOf, shared, tokenSampling } from './method.js';
import type { Presets } from './presets.js';
import { teaCacheFit } from './schedules/index.js';

/** The polynomials that the authors published, and the lowest of their thresholds where there are any. */
const PRESETS: Presets = {
  'open-sora': { published: '217.546007,-118.329252,26.8662585,-0.0459364272,0.048442624' },
  latte: { published: '-2464.34137,308.044764,80.7447667,-4.11385132,0.111001402' },
  'open-sora-plan': { published: '205943.668,-14875.9286,306.085986,1.3141808,0.00239658469' },
  'cogvideox-2b': { published: '-31.0658903,25.4732368,-5.92380459,1.75769064,-0.00361568434' },
  'cogvideox-5b': { published: '-1538.80483,843.202495,-134.363087,7.97131516,-0.0523162339' },
  consisid: { threshold: 0.1, published: '-1538.80483,843.202495,-134.363087,7.97131516,-0.0523162339' },
  'cogvideox1.5-5b': {
    threshold: 0.1,
    published: '250.210439,-165.061612,35.7804877,-0.781551492,0.0358559703',
  },
  'cogvideox1.5-5b-i2v': {
    threshold: 0.1,
    published: '122.842302,-104.088754,26.2981677,-0.306009921,0.037121322',
  },
  flux: { threshold: 0.25, published: '498.651651,-283.781631,55.8554382,-3.82021401,0.264230861' },
  tangoflux: { threshold: 0.25, published: '498.651651,-283.781631,55.8554382,-3.82021401,0.264230861' },
  'hunyuan-video': { threshold: 0.1, published: '733.226126,-401.131952,67.5869174,-3.149878,0.0961237896' },
  mochi: { threshold: 0.06, published: '-3512.41319,811.675948,-60.9400215,2.42429681,0.00305291719' },
  'ltx-video': { threshold: 0.03, published: '21.4700694,-12.8016453,2.31279151,0.792487521,0.00969274326' },
  lumina: { threshold: 0.2, published: '393.76566581,-603.50993606,209.10239044,-23.00726601,0.86377344' },
  lumina2: { threshold: 0.2, published: '225.7042,-608.84537,304.18699,124.21268,-1.40890669' },
  hidream: { threshold: 0.17, published: '-31360.5009,-712.425503,49.1363285,8.2651549,0.108053901' },
  cosmos: { threshold: 0.3, published: '271.156237,-91.9775607,2.2443725,2.08355751,0.14177633' },
  'wan-1.3b': { threshold: 0.05, published: '2396.76752,-1311.10545,201.331979,-8.29855975,0.137887774' },
  'wan-14b': { threshold: 0.14, published: '-5784.54975,5449.50912,-1811.16592,256.271784,-13.022524' },
  'wan-i2v-480p': { threshold: 0.13, published: '-302.33167,223.948934,-52.546397,5.8734844,-0.201973289' },
  'wan-i2v-720p': { threshold: 0.18, published: '-114.363467,65.265245,-18.8222071,4.91518089,-0.23412683' },
};

/** TeaCache: arXiv 2411.19108. */
export const teacache = defineMethod({
  name: 'teacache',
  title: 'Timestep Embedding Aware Cache',
  source: 'arXiv 2411.19108',
  calibration: 'for a polynomial of its own',
  summary:
    'Compares the modulated input of the first block with the step before, turns the relative L1 into an estimate of the ' +
    "output's change by a polynomial, and adds it up. While the sum is below the threshold, all blocks are skipped and " +
    'their residual is added to the fresh input; a computed step sets the sum to zero. The polynomial is given, fitted ' +
    'to the calibration, published for a model, or else the change itself.',
  options: z.object({
    threshold: shared.threshold(0.15),
    published: list('coefficients of a preset, where neither own ones nor a calibration are given'),
    polynomial: list('own coefficients, highest degree first, separated by commas'),
    warmup: shared.warmup(1),
    tail: shared.tail(1),
    most: shared.most(0),
    wanted: shared.wanted,
    order: shared.order(0),
    tokens: shared.tokens,
    share: shared.share,
    samples: shared.samples,
  }),
  presets: PRESETS,
  design: (o, facts) => {
    const { calibration } = facts;
    const fitted = calibration && teaCacheFit(calibration).coefficients;
    const polynomial = [o.polynomial, fitted, o.published].find(p => p !== undefined && p.length > 0);
    return {
      regions: stack(facts, reuseOf('residual', o.order)),
      decision: {
        kind: 'accumulate',
        probe: {
          tensor: 'attention-input',
          blocks: [0],
          tokens: tokenSampling(o.tokens, o.share, o.samples),
        },
        metric: { kind: 'relative-l1', denominator: 'older' },
        threshold: o.threshold,
        ...(polynomial && { polynomial }),
      },
      guards: { warmup: o.warmup, tail: o.tail, most: o.most },
      wanted: o.wanted,
    };
  },
});
