import { calibrate } from '../../src/calibrate/index.js';
import { chooseRows } from '../../src/calibrate/sketch.js';
import type { Calibration } from '../../src/methods/index.js';
import { denoise, openModel } from '../../src/runtime/index.js';
import { defined, type Fixture } from '../blocks/fixtures.js';
import { profileOf } from './compiled.js';
import { minus } from './memory.js';
import { branches, branchKinds, trainedEntry } from './places.js';
import { attentionInputs, blockOutputs, Recorder } from './record.js';
import type { Feature } from './rules.js';

/** The one generation that calibrations and plain tables are made from. */
const SEED = 100;

const calibrations = new Map<string, Promise<Calibration>>();

/** What `bwc calibrate` makes of one generation. */
export function calibrationOf(fixture: Fixture, steps: number): Promise<Calibration> {
  const key = `${fixture.title} ${steps}`;
  const made =
    calibrations.get(key) ??
    calibrate(fixture.path, profileOf(fixture, { steps }), {
      seeds: [SEED],
      threads: 1,
      fits: FITTED_OVER,
    }).then(({ calibration }) => calibration);
  calibrations.set(key, made);
  return made;
}

/** Steps over which scales and shifts are fitted. */
export const FITTED_OVER = 4;

/** Elements of a block's or branch's tensor that a calibration looks at, in whole tokens. */
const LOOKED = 512;

/** The same generation of the original, by step. */
export interface Measured {
  /** What all blocks add. */
  readonly residual: readonly Feature[];
  /** What enters the blocks, as it is and as the first attention reads it. */
  readonly entries: readonly (readonly Feature[])[];
  /** What each block returns, and each branch adds (behind its gate): the tokens that a calibration looks at. */
  readonly blocks: readonly (readonly Feature[])[];
  readonly branches: readonly (readonly Feature[])[];
  readonly kinds: readonly string[];
  /** What each block adds, and each branch gives before its gate, of all tokens. */
  readonly added: readonly (readonly Feature[])[];
  readonly given: readonly (readonly Feature[])[];
}

let measured: Promise<Measured> | undefined;

/** Of the trained model. */
export function measuredOf(fixture: Fixture, steps: number): Promise<Measured> {
  measured ??= measure(fixture, steps);
  return measured;
}

async function measure(fixture: Fixture, steps: number): Promise<Measured> {
  const kinds = branchKinds(fixture);
  const depth = fixture.truth.blocks.length;
  const recorder = await Recorder.open(fixture, model => [
    trainedEntry(model),
    defined(attentionInputs(model)[0]),
    ...blockOutputs(fixture)(model),
    ...branches(fixture)(model).map(({ exits: [exit] }) => {
      const [gate] = exit?.users ?? [];
      return defined(gate !== undefined && 'output' in gate ? gate.output : undefined);
    }),
    ...branches(fixture)(model).map(({ exits: [exit] }) => defined(exit)),
  ]);
  const model = await openModel(fixture.path, { threads: 1 });
  const residual: Feature[] = [];
  const entries: Feature[][] = [];
  const blocks: Feature[][] = Array.from({ length: depth }, () => []);
  const results: Feature[][] = kinds.map(() => []);
  const given: Feature[][] = kinds.map(() => []);
  const added: Feature[][] = blocks.map(() => []);
  for await (const { feeds } of denoise(model, profileOf(fixture, { steps }), SEED)) {
    const [entry, modulated, ...features] = await recorder.features(feeds);
    entries.push([defined(entry), defined(modulated)]);
    residual.push(minus(defined(features[depth - 1]), defined(entry)));
    features.forEach((feature, i) => {
      const branch = i - depth;
      if (branch >= kinds.length) given[branch - kinds.length]?.push(feature);
      else (i < depth ? blocks[i] : results[branch])?.push(lookedAt(feature));
      if (i < depth) added[i]?.push(minus(feature, defined(i === 0 ? entry : features[i - 1])));
    });
  }
  await Promise.all([recorder.close(), model.close()]);
  return { residual, entries, blocks, branches: results, kinds, added, given };
}

function lookedAt({ dims, data }: Feature): Feature {
  const [, tokens = 0, channels = 0] = dims;
  const rows = chooseRows(tokens, channels, LOOKED) ?? Array.from({ length: tokens }, (_, i) => i);
  const chosen = rows.flatMap(row =>
    Array.from({ length: channels }, (_, i) => data[row * channels + i] ?? 0),
  );
  return { dims: [1, rows.length, channels], data: chosen };
}
