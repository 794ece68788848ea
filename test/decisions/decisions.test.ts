import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { denoise } from '../../src/runtime/index.js';
import { type Fixture, TRAINED } from '../blocks/fixtures.js';
import { build, open, type ProfileChanges, profileOf } from './compiled.js';
import { attentionInputs, blockOutputs, type Picked, Recorder } from './record.js';
import { CodeRule, type Decider, PaperRule, type Rule } from './rules.js';

const SEEDS = [100, 101, 102, 103, 104, 105, 106, 107];

/** Relative difference of a measured value from the plain one: sums in float32 against float64. */
const CLOSE = 1e-5;

/** What the signal says of a computed step that was not measured. */
const UNMEASURED = 1000;

const SAMPLED = { share: 1 / 16, samples: 64 };

interface MethodCase {
  readonly method: string;
  readonly picked: (fixture: Fixture) => Picked;
  readonly interval: number;
  readonly rule: (rule: Rule) => Decider;
}

const METHOD_CASES: readonly MethodCase[] = [
  { method: 'bwcache', picked: blockOutputs, interval: 0.1, rule: rule => new PaperRule(rule) },
  { method: 'bwcache-code', picked: () => attentionInputs, interval: 3, rule: rule => new CodeRule(rule) },
];

interface Variant extends ProfileChanges {
  readonly title: string;
  /** Checked on one exporter's file only. */
  readonly once?: true;
  readonly steps: number;
  readonly seeds: readonly number[];
  readonly set?: Readonly<Record<string, unknown>>;
  readonly rule?: {
    readonly threshold?: number;
    readonly interval?: number;
    readonly tokens?: Rule['tokens'];
  };
}

const few = SEEDS.slice(0, 2);

const VARIANTS: readonly Variant[] = [
  { title: '30 steps', steps: 30, seeds: SEEDS },
  { title: '50 steps', steps: 50, seeds: SEEDS },
  {
    title: 'all tokens',
    once: true,
    steps: 30,
    seeds: few,
    set: { tokens: 'full' },
    rule: { tokens: undefined },
  },
  {
    title: 'threshold 0.05',
    once: true,
    steps: 50,
    seeds: few,
    set: { threshold: 0.05 },
    rule: { threshold: 0.05 },
  },
  {
    title: 'threshold 0.08',
    once: true,
    steps: 30,
    seeds: few,
    set: { threshold: 0.08 },
    rule: { threshold: 0.08 },
  },
  { title: 'interval 7', once: true, steps: 30, seeds: few, set: { interval: 7 }, rule: { interval: 7 } },
  {
    title: 'interval of a fifth',
    once: true,
    steps: 30,
    seeds: few,
    set: { interval: 0.2 },
    rule: { interval: 0.2 },
  },
  {
    title: 'fewer tokens',
    once: true,
    steps: 30,
    seeds: few,
    set: { samples: 4, share: 0.5 },
    rule: { tokens: { share: 0.5, samples: 4 } },
  },
  { title: 'a batch of two', once: true, steps: 30, seeds: few, batch: 2 },
];

const cases = TRAINED.flatMap(fixture =>
  METHOD_CASES.map(of => ({ title: `${fixture.exporter}, ${of.method}`, fixture, of })),
);

describe.each(cases)('$title', ({ fixture, of }) => {
  let recorder: Recorder;
  beforeAll(async () => {
    recorder = await Recorder.open(fixture, of.picked(fixture));
  });
  afterAll(() => recorder.close());

  const variants = VARIANTS.filter(v => v.once !== true || fixture.exporter === 'dynamo');
  it.each(variants)('decides as the plain rule does: $title', async variant => {
    const { steps, set = {} } = variant;
    const model = await open(build(fixture, { method: of.method, steps, set }));
    for (const seed of variant.seeds) {
      const base: Rule = { steps, threshold: 0.15, interval: of.interval, tokens: SAMPLED };
      const plain = of.rule({ ...base, ...variant.rule });
      const expected: string[] = [];
      const found: string[] = [];
      for await (const { step, feeds, signals } of denoise(model, profileOf(fixture, variant), seed)) {
        const reuse = plain.reuses(step);
        expected.push(reuse ? '.' : 'C');
        found.push(signals?.computed ? 'C' : '.');
        if (reuse || signals?.computed !== true) {
          expect(signals?.value).toBe(UNMEASURED);
          continue;
        }
        const { value } = plain.computed(step, await recorder.features(feeds));
        if (value === undefined) expect(signals.value).toBe(UNMEASURED);
        else expect(Math.abs((signals.value ?? Number.NaN) - value)).toBeLessThanOrEqual(CLOSE * value);
      }
      expect(found.join('')).toBe(expected.join(''));
      expect(found).toHaveLength(steps);
      expect(new Set(found)).toEqual(new Set(['C', '.']));
    }
    await model.close();
  });
});
