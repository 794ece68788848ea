import { describe, expect, it } from 'vitest';
import { compile } from '../../src/compile.js';
import { defineMethod, eachBranch, findMethod } from '../../src/methods/index.js';
import { denoise } from '../../src/runtime/index.js';
import { defined, FIXTURES, type Fixture, read } from '../blocks/fixtures.js';
import { build, open, profileOf } from '../decisions/compiled.js';

const fixture = (title: string): Fixture => defined(FIXTURES.find(f => f.title === title));

/** What was measured, and what is kept of the motion, at each step of a generation. */
async function seen(of: Fixture, set: Readonly<Record<string, unknown>>): Promise<readonly number[]> {
  const model = await open(build(of, { method: 'adacache', steps: 6, set: { ...set, usual: 1 } }));
  const found: number[] = [];
  for await (const { signals } of denoise(model, profileOf(of, { steps: 6 }), 100)) {
    const control = defined(model.save().get('bwc.state.control'));
    found.push(signals?.value ?? Number.NaN, Number(control.data.at(-1)));
  }
  await model.close();
  return found;
}

const notes = (of: Fixture, set: Readonly<Record<string, unknown>> = {}): readonly string[] =>
  compile(read(of), { method: 'adacache', set, steps: 6 }).diagnostics.map(({ code }) => code);

describe('the frames of a video', () => {
  it.each([
    ['tiny-video-dit.torchscript', '8x4x4'],
    ['wan.dynamo', '3x4x4'],
    ['wan.torchscript', '3x4x4'],
  ])('of %s are found: measured is what %s gives', async (title, grid) => {
    const found = await seen(fixture(title), {});
    const told = await seen(fixture(title), { grid });
    found.forEach((x, i) => {
      expect(Math.abs(x - defined(told[i]))).toBeLessThanOrEqual(1e-5 * x);
    });
    expect(found).not.toEqual(await seen(fixture(title), { grid: '2x2x4' }));
    expect(notes(fixture(title))).toEqual([]);
  });

  it.each(['latte.dynamo', 'latte.torchscript'])('of %s are found where they are folded', title => {
    expect(notes(fixture(title), { block: 2 })).toEqual([]);
    expect(notes(fixture(title), { block: 3 })).toEqual([]);
  });

  it.each(['dit.dynamo', 'sd3.dynamo', 'flux.torchscript'])(
    'of %s are not there, or not to be told',
    title => {
      expect(notes(fixture(title))).toEqual(['BWC319']);
      expect(notes(fixture(title), { motion: 'no' })).toEqual([]);
      expect(notes(fixture(title), { grid: '2x2x4' })).toEqual([]);
    },
  );

  it('must be known to a method that looks at them', () => {
    const { options, design } = findMethod('adacache');
    const own = defineMethod({
      name: 'own',
      title: 'Own',
      source: 'test',
      summary: '',
      options,
      design: (o, facts) => ({
        ...design({ ...o, motion: 'no' }, facts),
        regions: eachBranch(facts, { of: 'output' }, () => 0),
        decision: {
          kind: 'threshold',
          probe: { tensor: 'stack-input', blocks: [0], tokens: { kind: 'full' }, frames: {} },
          metric: { kind: 'relative-l1', denominator: 'older' },
          threshold: 1,
        },
      }),
    });
    expect(() => compile(read(fixture('dit.dynamo')), { method: own, steps: 6 })).toThrow('BWC224');
  });
});
