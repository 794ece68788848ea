import { beforeAll, describe, expect, it } from 'vitest';
import { defined, FIXTURES } from '../blocks/fixtures.js';
import { build } from '../decisions/compiled.js';
import { has, python, written } from './python.js';

/** A method beside another library's implementation of it, on the same model, inputs and options. */
interface Pair {
  readonly family: string;
  readonly method: string;
  readonly set: Readonly<Record<string, unknown>>;
  readonly library: string;
  readonly options: Readonly<Record<string, unknown>>;
  /** Steps after which predictions differ, as the method's page says. */
  readonly alike?: number;
  /** Whether each block decides for itself. */
  readonly each?: boolean;
}

const STEPS = 30;

const whole = { tokens: 'full' };

const firstBlockCache = (family: string, threshold: number): Pair => ({
  family,
  method: 'first-block-cache',
  set: { threshold, ...whole },
  library: 'first_block_cache',
  options: { threshold },
});

/** Any will do. */
const ratios = Array.from({ length: STEPS }, (_, s) => Number((1 + 0.04 * Math.sin(s)).toFixed(4)));
const magCache = (family: string): Pair => ({
  family,
  method: 'magcache',
  set: { threshold: 0.06, most: 3, retention: 0.2, ratios: ratios.join(',') },
  library: 'mag_cache',
  options: { threshold: 0.06, max_skip_steps: 3, retention_ratio: 0.2, mag_ratios: ratios },
});

const taylorseer = (family: string, order: number, modules: readonly string[]): Pair => ({
  family,
  method: 'taylorseer',
  set: { interval: 2, order, warmup: 4, region: 'branch' },
  library: 'taylorseer',
  options: { modules, cache_interval: 2, disable_cache_before_step: 4, max_order: order },
});

const dbcache = (
  family: string,
  { front, back, order }: { front: number; back: number; order: number },
): Pair => ({
  family,
  method: 'dbcache',
  set: { front, back, threshold: 0.12, warmup: 4, order, ...whole },
  library: 'dbcache',
  options: {
    Fn_compute_blocks: front,
    Bn_compute_blocks: back,
    residual_diff_threshold: 0.12,
    max_warmup_steps: 4,
    order,
  },
});

const dbprune = (
  family: string,
  { back, order, relax }: { back: number; order: number; relax: number },
): Pair => ({
  family,
  method: 'dbprune',
  set: { front: 1, back, threshold: 0.06, warmup: 4, order, relax, ...whole },
  library: 'dbprune',
  options: {
    Fn_compute_blocks: 1,
    Bn_compute_blocks: back,
    residual_diff_threshold: 0.06,
    max_warmup_steps: 4,
    order,
    enable_dynamic_prune_threshold: relax > 0,
    dynamic_prune_threshold_relax_ratio: relax,
  },
  each: true,
});

/** On the grid of the tokens of Wan's fixture. */
const seacache = ({ order, most }: { order: number; most: number }): Pair => ({
  family: 'wan',
  method: 'seacache',
  set: { threshold: 0.25, most, order, ...whole },
  library: 'sea_cache',
  options: { grid: [3, 4, 4], threshold: 0.25, max_consecutive_cached: most, residual_order: order },
});

/** Timesteps between which steps 6 to 23 lie, by the samplers of the profiles. */
const WAN_WINDOW = [450, 930];
const DDIM_WINDOW = [180, 775];
const window = { from: 0.2, to: 0.8 };

const PAIRS: readonly Pair[] = [
  firstBlockCache('wan', 0.1),
  firstBlockCache('dit', 0.1),
  firstBlockCache('flux', 0.1),
  magCache('wan'),
  magCache('dit'),
  magCache('flux'),
  taylorseer('wan', 1, ['blocks\\.\\d+\\.(attn1|attn2|ffn)']),
  taylorseer('dit', 2, ['transformer_blocks\\.\\d+\\.(attn1|ff)']),
  {
    family: 'wan',
    method: 'pab',
    set: { spatial: 2, temporal: 0, cross: 3, ...window },
    library: 'pyramid_attention_broadcast',
    options: {
      modules: ['blocks\\.\\d+\\.attn[12]'],
      spatial_attention_block_skip_range: 2,
      spatial_attention_timestep_skip_range: WAN_WINDOW,
      cross_attention_block_skip_range: 3,
      cross_attention_timestep_skip_range: WAN_WINDOW,
    },
  },
  {
    family: 'latte',
    method: 'pab',
    set: { spatial: 0, temporal: 3, cross: 0, ...window },
    library: 'pyramid_attention_broadcast',
    options: {
      modules: ['temporal_transformer_blocks\\.\\d+\\.attn1'],
      temporal_attention_block_skip_range: 3,
      temporal_attention_timestep_skip_range: DDIM_WINDOW,
    },
  },
  {
    family: 'dit',
    method: 'fastercache',
    set: { interval: 2, from: 0.2, weight: 0.9 },
    library: 'faster_cache',
    options: {
      modules: ['transformer_blocks\\.\\d+\\.attn1'],
      weights: Array.from({ length: STEPS }, (_, s) => (0.9 * Math.max(0, s - 6)) / 24),
      spatial_attention_block_skip_range: 2,
      spatial_attention_timestep_skip_range: [-1, DDIM_WINDOW[1]],
    },
    // Its second reuse goes on from the first: see the method's page.
    alike: 9,
  },
  dbcache('wan', { front: 2, back: 0, order: 0 }),
  dbcache('wan', { front: 1, back: 2, order: 1 }),
  dbprune('wan', { back: 0, order: 0, relax: 0 }),
  dbprune('wan', { back: 1, order: 1, relax: 1.25 }),
  seacache({ order: 0, most: 0 }),
  seacache({ order: 1, most: 2 }),
];

interface Answer {
  /** A text a step: a letter, or one for each block that may be skipped. */
  readonly theirs: readonly string[];
  readonly ours: readonly string[];
  readonly differences: readonly number[];
}

const LIBRARIES = has('torch, diffusers, cache_dit, onnxruntime');

describe.skipIf(!LIBRARIES)('another implementation, in PyTorch', () => {
  let answers: readonly Answer[] = [];
  beforeAll(() => {
    const tasks = PAIRS.map(({ family, method, set, library, options, each = false }, i) => {
      const fixture = defined(FIXTURES.find(f => f.family === family && f.exporter === 'dynamo'));
      const model = written(build(fixture, { method, set, steps: STEPS }), `${i}`);
      return { family, library, options, each, profile: fixture.profile, ...model };
    });
    answers = python('hooks.py', tasks) as Answer[];
  }, 600_000);

  it.each(PAIRS.map((pair, i) => ({ ...pair, i })))(
    '$library decides and predicts as $method does, $family',
    ({ i, alike }) => {
      const { theirs, ours, differences } = defined(answers[i]);
      expect(ours).toEqual(theirs);
      expect(new Set(ours.join(''))).toEqual(new Set(['C', '.']));
      // Float32 in another order of operations, over all steps.
      expect(Math.max(...differences.slice(0, alike))).toBeLessThanOrEqual(1e-5);
    },
  );
});
