import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CachedModel, type HostTensor, numbersOf, type Tensors } from '../../src/runtime/index.js';
import { defined } from '../blocks/fixtures.js';
import { build, open } from '../decisions/compiled.js';
import {
  type Done,
  doubled,
  eager,
  FEW_CASES,
  feed,
  feedsOf,
  originalSteps,
  outputsOf,
  pairsOf,
  STEPS,
  spoiled,
} from './cases.js';

const EXACT = { level: 'disabled' } as const;

function expectSame(found: Done, wanted: Done, from = 0, until?: number): void {
  expect(found.decisions).toBe(wanted.decisions.slice(from, until));
  wanted.bytes.slice(from, until).forEach((bytes, i) => {
    expect(found.bytes[i]?.equals(bytes), `step ${from + i}`).toBe(true);
  });
}

describe.each(FEW_CASES)('$title', ({ fixture, method }) => {
  let model: CachedModel;
  let feeds: Tensors[];
  let outputs: Buffer[];
  let whole: Done;
  const { latent } = fixture.truth;

  beforeAll(async () => {
    const steps = await originalSteps(fixture, EXACT, pairsOf(method));
    feeds = feedsOf(steps);
    outputs = outputsOf(steps);
    model = await open(build(fixture, { method, steps: STEPS, set: eager(method) }), EXACT);
    whole = await feed(model, feeds);
  });
  afterAll(() => model.close());

  const computedAsOriginal = (done: Done, at: number, step: number): void => {
    expect(done.decisions[at]).toBe('C');
    expect(done.bytes[at]?.equals(defined(outputs[step])), `step ${step}`).toBe(true);
  };
  const withLatent = (step: number, change: (latent: HostTensor) => HostTensor): Tensors => {
    const given = defined(feeds[step]);
    return new Map([...given, [latent, change(defined(given.get(latent)))]]);
  };

  it('computes first, then reuses', () => {
    const { decisions } = whole;
    expect(decisions).toMatch(/^C.*[.p]/);
    decisions.split('').forEach((letter, step) => {
      expect(whole.bytes[step]?.equals(defined(outputs[step])), `step ${step}`).toBe(letter === 'C');
    });
  });

  it('gives the same bits again from zeros, of no size and of full size', async () => {
    const full = [...model.save()].map(([name, t]): [string, HostTensor] => [
      name,
      { ...t, data: t.data.slice().fill(0 as never) },
    ]);
    model.reset();
    expectSame(await feed(model, feeds), whole);
    model.restore(new Map(full));
    expectSame(await feed(model, feeds), whole);
  });

  it('holds in its state what its signals tell', async () => {
    const { bytes, manifest } = build(fixture, { method, steps: STEPS, set: eager(method) });
    const signals = manifest.signals.map(signal => ({ ...signal, stored: undefined }));
    const asking = await open({ bytes, manifest: { ...manifest, signals } }, EXACT);
    model.reset();
    for (const step of feeds)
      expect((await model.run(step)).signals).toEqual((await asking.run(step)).signals);
    await asking.close();
  });

  it('notices a new generation, after a whole one and after a broken-off one', async () => {
    model.reset();
    await feed(model, feeds);
    expectSame(await feed(model, feeds), whole);
    await feed(model, feeds.slice(0, 3));
    expectSame(await feed(model, feeds), whole);
  });

  it('goes on from saved state as if nothing had happened', async () => {
    for (const at of [1, 3, 5]) {
      model.reset();
      await feed(model, feeds.slice(0, at));
      const saved = model.save();
      await feed(model, [...feeds].reverse());
      model.restore(saved);
      expectSame(await feed(model, feeds.slice(at)), whole, at);
    }
  });

  it('forgets everything on the reset knob', async () => {
    model.reset();
    const fresh = await feed(model, feeds.slice(2));
    model.reset();
    await feed(model, feeds.slice(0, 2));
    model.setKnobs({ reset: 1 });
    const first = await feed(model, feeds.slice(2, 3));
    model.setKnobs({ reset: 0 });
    const rest = await feed(model, feeds.slice(3));
    expectSame(first, fresh, 0, 1);
    expectSame(rest, fresh, 1);
    computedAsOriginal(first, 0, 2);
  });

  it('does not trust a control vector that is not a number', async () => {
    const control = defined(model.manifest.state[0]).input;
    const size = numbersOf(defined(model.save().get(control))).length;
    for (let field = 0; field < size; field++) {
      model.reset();
      await feed(model, feeds.slice(0, 2));
      const state = new Map(model.save());
      state.set(
        control,
        spoiled(defined(state.get(control)), Number.NaN, i => i === field),
      );
      model.restore(state);
      computedAsOriginal(await feed(model, feeds.slice(2, 3)), 0, 2);
    }
  });

  it.each([
    ['one element not a number', Number.NaN, (i: number) => i === 5],
    ['all infinite', Number.POSITIVE_INFINITY, () => true],
  ])('computes in full after a step with %s', async (_, x, where) => {
    for (let broken = 0; broken < STEPS - 1; broken++) {
      model.reset();
      await feed(model, feeds.slice(0, broken));
      const during = await feed(model, [withLatent(broken, t => spoiled(t, x, where))]);
      const after = await feed(model, feeds.slice(broken + 1));
      if (during.decisions === 'C') computedAsOriginal(after, 0, broken + 1);
      for (const bytes of after.bytes) expect(isFinite32(bytes)).toBe(true);
    }
  });

  it('computes in full after a step with a sample that is not a number', async () => {
    const two = await originalSteps(fixture, EXACT, doubled(method));
    const expected = outputsOf(two);
    for (const sample of [0, 1]) {
      for (const broken of [0, 1, 4]) {
        const given = feedsOf(two);
        const x = defined(given[broken]?.get(latent));
        const half = x.data.length / 2;
        const bad = spoiled(x, Number.NaN, i => Math.floor(i / half) === sample);
        model.reset();
        await feed(model, given.slice(0, broken));
        const during = await feed(model, [new Map([...defined(given[broken]), [latent, bad]])]);
        const after = await feed(model, given.slice(broken + 1, broken + 2));
        if (during.decisions === 'C') {
          expect(after.decisions).toBe('C');
          expect(after.bytes[0]?.equals(defined(expected[broken + 1]))).toBe(true);
        }
        for (const bytes of after.bytes) expect(isFinite32(bytes)).toBe(true);
      }
    }
  });

  it('notices that the batch has another size', async () => {
    const two = await originalSteps(fixture, EXACT, doubled(method));
    model.reset();
    await feed(model, feeds.slice(0, 2));
    const other = await feed(model, feedsOf(two).slice(2, 3));
    expect(other.decisions).toBe('C');
    expect(other.bytes[0]?.equals(defined(outputsOf(two)[2]))).toBe(true);
    computedAsOriginal(await feed(model, feeds.slice(3, 4)), 0, 3);
  });

  const compares = build(fixture, { method, steps: STEPS, set: eager(method) }).plan.decision.kind;
  it.skipIf(compares === 'schedule' || compares === 'rate')(
    'decides for a batch by the sample that changed most',
    async () => {
      const [first, second] = feedsOf(await originalSteps(fixture, EXACT, doubled(method)));
      const both = await measured([defined(first), defined(second)]);
      const singles: number[] = [];
      for (const sample of [0, 1]) {
        const part = (given: Tensors): Tensors => sampleOf(given, defined(feeds[0]), sample);
        singles.push(await measured([part(defined(first)), part(defined(second))]));
      }
      expect(singles[0]).not.toBe(singles[1]);
      expect(Math.abs(both / Math.max(...singles) - 1)).toBeLessThan(1e-4);
    },
  );

  async function measured(steps: readonly Tensors[]): Promise<number> {
    model.reset();
    // Some tables reuse the second step, and measure what is computed.
    model.setKnobs({ force: 1 });
    const { values } = await feed(model, steps);
    model.setKnobs({ force: 0 });
    return defined(values.at(-1));
  }
});

/** One sample of inputs that have a batch; the others as they are. */
function sampleOf(batch: Tensors, single: Tensors, sample: number): Tensors {
  return new Map(
    [...batch].map(([name, t]): [string, HostTensor] => {
      const { dims } = defined(single.get(name));
      if (dims.join() === t.dims.join()) return [name, t];
      const size = dims.reduce((a, b) => a * b, 1);
      return [name, { ...t, dims, data: t.data.slice(sample * size, (sample + 1) * size) }];
    }),
  );
}

/** Whether the float32 elements behind the header of one output are finite. */
function isFinite32(bytes: Buffer): boolean {
  const header = bytes.indexOf(' ', bytes.indexOf(' ') + 1) + 1;
  for (let i = header; i + 4 <= bytes.length; i += 4)
    if (!Number.isFinite(bytes.readFloatLE(i))) return false;
  return true;
}
