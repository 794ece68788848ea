import { describe, expect, it } from 'vitest';
import { compile } from '../../src/compile.js';
import { tensorType } from '../../src/ir/index.js';
import { defineMethod, findMethod } from '../../src/methods/index.js';
import { toBytes } from '../../src/onnx/index.js';
import { keepRest } from '../../src/passes/index.js';
import { denoise, numbersOf, openModel } from '../../src/runtime/index.js';
import { defined, FIXTURES, type Fixture, read } from '../blocks/fixtures.js';
import { originalSteps } from '../contract/cases.js';
import { build, open, profileOf } from '../decisions/compiled.js';

const fixture = (title: string): Fixture => defined(FIXTURES.find(f => f.title === title));
const trained = fixture('tiny-video-dit.dynamo');

/** What a step did, a letter each. */
async function decisions(
  of: Fixture,
  set: Readonly<Record<string, unknown>>,
  batch: number,
): Promise<string> {
  const model = await open(build(of, { method: 'cfg-cache', steps: 6, set }));
  let found = '';
  for await (const { signals } of denoise(model, profileOf(of, { steps: 6, batch }), 100))
    found += signals?.computed === true ? 'C' : '.';
  await model.close();
  return found;
}

describe('half of a batch', () => {
  it('is skipped where the batch is even', async () => {
    const set = { from: 0, interval: 2 };
    expect(await decisions(trained, set, 1)).toBe('CCCCCC');
    expect(await decisions(trained, set, 2)).toBe('CC.C.C');
    expect(await decisions(trained, set, 3)).toBe('CCCCCC');
    expect(await decisions(trained, set, 4)).toBe('CC.C.C');
  });

  it('is no region of a model whose batch is fixed', () => {
    const model = read(trained);
    for (const input of model.graph.inputs) {
      const { type } = input;
      if (type?.kind === 'tensor') input.type = tensorType(type.elem, [2, ...(type.shape ?? []).slice(1)]);
    }
    expect(() => compile(model, { method: 'cfg-cache' })).toThrow('BWC223');
  });

  it('is no region of a model one of whose inputs has the batch by another name', () => {
    const model = read(fixture('sd3.torchscript'));
    const timestep = defined(model.graph.inputs.find(input => input.name === 'timestep'));
    timestep.type = tensorType('float32', ['step']);
    expect(() => compile(model, { method: 'cfg-cache' })).toThrow('BWC223');
  });

  it('has bands of frequency where the prediction is a picture, or is said to be', () => {
    expect(() => compile(read(fixture('flux.dynamo')), { method: 'cfg-cache' })).toThrow('BWC221');
    const { plan } = build(fixture('flux.dynamo'), { method: 'cfg-cache', set: { grid: '4x4' } });
    expect(plan.regions[0]?.half?.picture).toEqual({ rows: 4, columns: 4, inner: 16 });
  });

  it('is not decided by what is computed of it', () => {
    const { options, design } = findMethod('first-block-cache');
    const both = defineMethod({
      ...findMethod('cfg-cache'),
      options,
      design: (given, facts) => ({
        ...design(given, facts),
        regions: [{ span: { kind: 'half', computed: 'last' }, reuse: { of: 'residual' } }],
      }),
    });
    expect(() => compile(read(trained), { method: both })).toThrow('BWC307');
  });

  it.each(['first', 'last'] as const)('is bounded by the time of the other, %s', async conditional => {
    const { manifest } = build(trained, { method: 'cfg-cache', set: { conditional } });
    const rest = read(trained);
    keepRest(rest, manifest);
    const [step] = await originalSteps(trained, {}, { batch: 2 });
    const model = await openModel(toBytes(rest), { threads: 1 });
    const name = trained.truth.prediction;
    const half = numbersOf(defined((await model.execute(defined(step).feeds)).get(name)));
    const whole = Array.from(numbersOf(defined(defined(step).outputs.get(name))));
    const from = conditional === 'first' ? 0 : half.length;
    expect(half).toHaveLength(whole.length / 2);
    const distance = Math.hypot(...Array.from(half, (x, i) => x - defined(whole[from + i])));
    expect(distance).toBeLessThanOrEqual(1e-5 * Math.hypot(...whole));
    await model.close();
  });
});
