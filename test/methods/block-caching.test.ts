import { describe, expect, it } from 'vitest';
import { compile } from '../../src/compile.js';
import { Refusal } from '../../src/diagnostics/index.js';
import type { Calibration } from '../../src/methods/index.js';
import { defined, FIXTURES, read } from '../blocks/fixtures.js';
import { calibrationOf } from '../decisions/calibrations.js';

const fixture = defined(FIXTURES.find(f => f.title === 'sd3.dynamo'));
const STEPS = 6;
const measured = calibrationOf(fixture, STEPS);
const { fits: _, ...others } = measured;
const { fits: __, ...sketch } = measured.sketch;
const without: Calibration = { ...others, sketch };

/** Codes of what is said, and whether anything is scaled. */
function compiled(
  set: Readonly<Record<string, unknown>>,
  calibration: Calibration = measured,
  steps = STEPS,
): { readonly codes: readonly string[]; readonly scaled: boolean } {
  try {
    const { plan, diagnostics } = compile(read(fixture), {
      method: 'block-caching',
      set,
      calibration,
      steps,
    });
    const scaled = plan.regions.some(({ reuse }) => reuse.adjust !== undefined);
    return { codes: diagnostics.map(({ code }) => code), scaled };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { codes: [error.diagnostic.code], scaled: false };
  }
}

describe('scale and shift', () => {
  it('are taken where the calibration has what they are fitted to', () => {
    expect(compiled({})).toEqual({ codes: [], scaled: true });
    expect(compiled({ adjust: 'no' })).toEqual({ codes: [], scaled: false });
    expect(compiled({}, without)).toEqual({ codes: [], scaled: false });
  });

  it('are told to be left out where they do not apply', () => {
    expect(compiled({ order: 1 })).toEqual({ codes: ['BWC318'], scaled: false });
    expect(compiled({}, measured, 8)).toEqual({ codes: ['BWC318'], scaled: false });
  });

  it('are refused where they are asked for and cannot be had', () => {
    expect(compiled({ adjust: 'yes' }, without).codes).toEqual(['BWC317']);
    expect(compiled({ adjust: 'yes', order: 1 }).codes).toEqual(['BWC317']);
    expect(compiled({ adjust: 'yes' }, measured, 8).codes).toEqual(['BWC317']);
    expect(compiled({}, { ...measured, model: '1'.repeat(64) }).codes).toEqual(['BWC513']);
    const narrow = (rows: readonly number[][]): number[][] => rows.map(row => row.slice(1));
    const fits = measured.fits?.map(({ block, branches }) => ({
      block,
      branches: branches.map(branch =>
        branch.map(({ mean, square, product }) => ({
          mean: narrow(mean),
          square: narrow(square),
          product: product.map(narrow),
        })),
      ),
    }));
    expect(compiled({}, { ...measured, ...(fits && { fits }) }).codes).toEqual(['BWC317']);
  });
});
