import { describe, expect, it } from 'vitest';
import { compile } from '../../src/compile.js';
import { Refusal } from '../../src/diagnostics/index.js';
import { configure, findMethod, METHODS, type ModelFacts, withPreset } from '../../src/methods/index.js';
import { defined, read, TRAINED } from '../blocks/fixtures.js';

/** A model of so many blocks of each series. */
function model(width: number, ...series: readonly number[]): ModelFacts {
  const blocks = series.flatMap((count, group) =>
    Array.from({ length: count }, () => ({ group, branches: [{ kind: 'self-attention' as const }] })),
  );
  return { steps: 30, width, blocks };
}

const taken = (method: string, facts: ModelFacts, wanted?: string, given = {}) => {
  const { configured, diagnostics } = withPreset(configure(findMethod(method), given), facts, wanted);
  return { options: configured.options, codes: diagnostics.map(d => d.code) };
};

describe('published settings', () => {
  it.each(METHODS)('$name accepts those it has', method => {
    for (const settings of Object.values(method.presets ?? {})) {
      const { options } = configure(method, settings);
      for (const name of Object.keys(settings)) expect(options).toHaveProperty(name);
    }
  });

  it('are found by structure, and it is said', () => {
    const { options, codes } = taken('first-block-cache', model(3072, 19, 38));
    expect(options).toMatchObject({ threshold: 0.08 });
    expect(codes).toEqual(['BWC311']);
  });

  it('are found where the first or last block differs from its series', () => {
    expect(taken('first-block-cache', model(3072, 59, 1)).options).toMatchObject({ threshold: 0.2 });
    expect(taken('first-block-cache', model(3072, 1, 59)).options).toMatchObject({ threshold: 0.2 });
  });

  it('are not taken for a model of another width or depth', () => {
    const own = configure(findMethod('first-block-cache'), {}).options;
    for (const facts of [model(1024, 19, 38), model(3072, 19, 37), model(3072, 57)])
      expect(taken('first-block-cache', facts)).toEqual({ options: own, codes: [] });
  });

  it('are not guessed where several models share a structure', () => {
    const wan = model(5120, 40);
    const { options, codes } = taken('teacache', wan);
    expect(options).toEqual(configure(findMethod('teacache'), {}).options);
    expect(codes).toEqual(['BWC312']);
    expect(taken('teacache', wan, 'wan-i2v-720p')).toMatchObject({ options: { threshold: 0.18 }, codes: [] });
    expect(taken('easycache', wan)).toMatchObject({ options: { warmup: 10 }, codes: ['BWC311'] });
  });

  it('give way to what the caller sets, and to `none`', () => {
    const flux = model(3072, 19, 38);
    expect(taken('teacache', flux, 'flux', { threshold: 0.4 }).options).toMatchObject({
      threshold: 0.4,
      published: [498.651651, -283.781631, 55.8554382, -3.82021401, 0.264230861],
    });
    expect(taken('teacache', flux, 'none')).toMatchObject({ options: { published: [] }, codes: [] });
  });

  it('are refused by a name that the method has none for', () => {
    const act = () => compile(read(defined(TRAINED[0])), { method: 'pab', preset: 'flux', steps: 30 });
    expect(act).toThrow(Refusal);
    expect(act).toThrow(/BWC310: pab has no preset flux/);
  });
});
