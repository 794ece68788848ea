import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Model, Value } from '../../src/ir/index.js';
import { denoise, numbersOf } from '../../src/runtime/index.js';
import { defined, FIXTURES, type Fixture } from '../blocks/fixtures.js';
import { build, open, profileOf } from './compiled.js';
import { distance } from './memory.js';
import { branches, branchKinds } from './places.js';
import type { Feature } from './rules.js';
import { Spliced } from './spliced.js';

const STEPS = 9;

const OPTIONS = { interval: 3, ratio: 0.2, modules: 2, layers: 0.5, steps: 0.4, age: 0.3 };

/** Distance of a prediction from that of the original with plain arrays put in, by its norm. */
const NEAR = 1e-5;

/** What the normalisation before a feed-forward reads, found by going back from what it gives. */
function streamBehind(exit: Value): Value {
  const seen = new Set([exit]);
  for (const value of seen) {
    if (value.producer?.op === 'LayerNormalization') return defined(value.producer.inputs[0]);
    for (const input of value.producer?.inputs ?? []) if (input) seen.add(input);
  }
  throw new Error('no normalisation');
}

const streamsOf =
  (fixture: Fixture) =>
  (model: Model): readonly Value[] =>
    branches(fixture)(model)
      .filter((_, i) => branchKinds(fixture)[i] === 'feed-forward')
      .flatMap(({ exits }) => exits.map(streamBehind));

/** How many tokens a feed-forward computes in between, as the method's page says. */
function countOf(block: number, blocks: number, step: number, tokens: number): number {
  const layer = 1 + OPTIONS.layers - (2 * OPTIONS.layers * block) / (blocks - 1);
  const late = 1 + OPTIONS.steps - (2 * OPTIONS.steps * (STEPS - 1 - step)) / STEPS;
  return Math.max(1, Math.trunc(Math.fround(tokens * OPTIONS.ratio * OPTIONS.modules * layer * late)));
}

/** Kept tokens of one feed-forward, and how long each has waited. */
class Kept {
  readonly #dims: readonly number[];
  readonly #data: Float64Array;
  readonly #ages: number[];

  constructor(feature: Feature) {
    const [batch = 1, tokens = 1] = feature.dims;
    this.#dims = feature.dims;
    this.#data = Float64Array.from(feature.data);
    this.#ages = Array.from({ length: batch * tokens }, () => 0);
  }

  /** Takes the tokens of the highest scores from `fresh`. */
  refresh(stream: Feature, fresh: Feature, count: (tokens: number) => number): Feature {
    const [batch = 1, tokens = 1, channels = 1] = this.#dims;
    const streamed = Float64Array.from(stream.data);
    for (let sample = 0; sample < batch; sample++) {
      const at = (token: number): number => sample * tokens + token;
      const norms = Array.from({ length: tokens }, (_, token) => {
        const from = at(token) * channels;
        return Math.hypot(...streamed.slice(from, from + channels));
      });
      const whole = Math.hypot(...norms);
      const scores = norms.map(
        (norm, token) => norm / whole + (OPTIONS.age / OPTIONS.interval) * defined(this.#ages[at(token)]),
      );
      const order = scores.map((_, token) => token).sort((a, b) => defined(scores[b]) - defined(scores[a]));
      for (let token = 0; token < tokens; token++) this.#ages[at(token)] = defined(this.#ages[at(token)]) + 1;
      for (const token of order.slice(0, count(tokens))) {
        this.#ages[at(token)] = 0;
        const from = at(token) * channels;
        for (let i = from; i < from + channels; i++) this.#data[i] = fresh.data[i] ?? Number.NaN;
      }
    }
    return { dims: this.#dims, data: Float64Array.from(this.#data) };
  }
}

const fixtures = ['tiny-video-dit.dynamo', 'dit.dynamo', 'latte.dynamo'].map(title =>
  defined(FIXTURES.find(f => f.title === title)),
);

describe.each(fixtures)('tokens computed in reused steps, $title', fixture => {
  let original: Spliced;
  beforeAll(async () => {
    original = await Spliced.open(fixture, branches(fixture), streamsOf(fixture));
  });
  afterAll(() => original.close());

  it('are those that plain arrays choose, and give what the original gives for them', async () => {
    const kinds = branchKinds(fixture);
    const blockOf = fixture.truth.blocks.flatMap((block, i) => block.branches.map(() => i));
    const model = await open(build(fixture, { method: 'toca', steps: STEPS, set: OPTIONS }));
    let attention: (readonly Feature[] | undefined)[] = [];
    let forwards: readonly (readonly Kept[])[] = [];
    let decisions = '';
    for await (const { step, feeds, outputs, signals } of denoise(
      model,
      profileOf(fixture, { steps: STEPS }),
      100,
    )) {
      decisions += signals?.computed ? 'C' : '.';
      const output = defined(outputs.get(fixture.truth.prediction));
      const found: Feature = { dims: output.dims, data: numbersOf(output) };
      if (signals?.computed) {
        const { places, prediction } = await original.run(feeds);
        const exits = places.map(place => place.map(({ exit }) => exit));
        attention = exits.map((place, i) => (kinds[i] === 'feed-forward' ? undefined : place));
        forwards = exits.map((place, i) =>
          kinds[i] === 'feed-forward' ? place.map(exit => new Kept(exit)) : [],
        );
        expect(distance(found, prediction), `computed ${step}`).toBeLessThanOrEqual(NEAR);
        continue;
      }
      // One feed-forward after the other: what the next reads depends on what stands for the one before.
      const stands = [...attention];
      let looked = 0;
      for (const [place, kept] of forwards.entries()) {
        if (kept.length === 0) continue;
        const ran = await original.run(feeds, stands);
        const count = (tokens: number): number =>
          countOf(defined(blockOf[place]), fixture.truth.blocks.length, step, tokens);
        stands[place] = kept.map((each, i) =>
          each.refresh(defined(ran.looked[looked + i]), defined(ran.places[place]?.[i]).exit, count),
        );
        looked += kept.length;
      }
      const { prediction } = await original.run(feeds, stands);
      expect(distance(found, prediction), `reused ${step}`).toBeLessThanOrEqual(NEAR);
    }
    await model.close();
    expect(decisions).toBe('C..C..C..');
  });
});
