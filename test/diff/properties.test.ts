import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { structurallyEqual } from '../../src/ir/index.js';
import { applyDelta } from '../../src/report/diff/apply.js';
import { compareGraphs } from '../../src/report/diff/compare.js';
import { Contents } from '../../src/report/diff/contents.js';
import { diffModels, isEmpty } from '../../src/report/diff/diff.js';
import { deltaOf } from '../../src/report/diff/encode.js';
import { deltaSchema } from '../../src/report/diff/encoded.js';
import { sideOf } from '../../src/report/diff/side.js';
import { Interner, Signatures } from '../../src/report/diff/signature.js';
import { models } from '../ir/arbitrary.js';
import { apply, copyOf, costOf, EDIT, renameAll, truePairs } from './edits.js';

const MODEL = models(true).map(copyOf);
const SCRIPT = fc.array(EDIT, { minLength: 1, maxLength: 6 });

/** Models made by a generator shrink too slowly to be worth it: a failure names its seed. */
const RUNS = { numRuns: 100, endOnFailure: true };

/** A diff costs at most `FACTOR` times what the pairs known from the making cost, and `SLACK` more. */
const FACTOR = 2;
const SLACK = 4;

describe('diff', () => {
  it('of a model with itself is empty', () => {
    fc.assert(
      fc.property(MODEL, model => {
        const diff = diffModels({ model }, { model: copyOf(model) });
        expect(isEmpty(diff)).toBe(true);
        expect(diff.main.renamed + diff.main.remarks.length).toBe(0);
      }),
      RUNS,
    );
  });

  it('after everything is renamed is empty', () => {
    fc.assert(
      fc.property(MODEL, model => {
        const renamed = copyOf(model);
        renameAll(renamed);
        expect(isEmpty(diffModels({ model }, { model: renamed }))).toBe(true);
      }),
      RUNS,
    );
  });

  it(`after random edits is at most ${FACTOR} times as large as they are, and ${SLACK} changes more`, () => {
    fc.assert(
      fc.property(MODEL, SCRIPT, (model, script) => {
        const edited = copyOf(model);
        const truth = truePairs(model, edited, () => {
          script.forEach((edit, i) => {
            apply(edited, edit, i);
          });
        });
        const [a, b] = [sideOf(model.graph, undefined), sideOf(edited.graph, undefined)];
        const signatures = new Signatures(new Contents(false, new Set()), new Interner());
        const least = costOf(compareGraphs(a, b, truth, signatures));
        expect(costOf(diffModels({ model }, { model: edited }).main)).toBeLessThanOrEqual(
          FACTOR * least + SLACK,
        );
      }),
      RUNS,
    );
  });
});

describe('patch', () => {
  it('makes of A what the diff from A to B was made of, names included', () => {
    fc.assert(
      fc.property(MODEL, SCRIPT, fc.boolean(), (model, script, rename) => {
        const edited = copyOf(model);
        script.forEach((edit, i) => {
          apply(edited, edit, i);
        });
        if (rename) renameAll(edited);
        const delta = deltaSchema.parse(
          JSON.parse(JSON.stringify(deltaOf(diffModels({ model }, { model: edited })))),
        );
        const patched = copyOf(model);
        applyDelta(patched, delta);
        expect(structurallyEqual(copyOf(patched), edited)).toEqual([]);
      }),
      RUNS,
    );
  });

  it('takes any model to any other', () => {
    fc.assert(
      fc.property(MODEL, MODEL, (model, other) => {
        const delta = deltaOf(diffModels({ model }, { model: other }));
        applyDelta(model, delta);
        expect(structurallyEqual(model, other)).toEqual([]);
      }),
      RUNS,
    );
  });
});
