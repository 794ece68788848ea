import { analyse } from '../../src/blocks/index.js';
import { blockEnds, type StreamEnds } from '../../src/calibrate/region.js';
import type { Model } from '../../src/ir/index.js';
import { LAGS } from '../../src/methods/calibration.js';
import { type Calibration, parseCalibration } from '../../src/methods/index.js';
import { modelHash } from '../../src/onnx/index.js';
import { prepare } from '../../src/passes/index.js';
import { type Fixture, read } from '../blocks/fixtures.js';

const made = new Map<string, Calibration>();

/** Steps over which scales and shifts are fitted. */
const FITTED_OVER = 2;

/**
 * A calibration as a run of the fixture could have given it, with changes of the U shape of the papers: what methods
 * make of it can be tested without a run.
 */
export function calibrationOf(fixture: Fixture, steps: number): Calibration {
  const key = `${fixture.title} ${steps}`;
  const known = made.get(key);
  if (known !== undefined) return known;
  const model = read(fixture);
  const hash = modelHash(model);
  prepare(model);
  const analysis = analyse(model);
  const { blocks, inferred } = analysis;
  const bySteps = <T>(of: (step: number) => T): T[] => Array.from({ length: steps }, (_, s) => of(s));
  const change = (step: number, lag: number): number => {
    const x = (2 * (step - lag / 2)) / steps - 1;
    return 0.01 * lag * (1 + 8 * x * x);
  };
  const lags = (scale: number): number[][] =>
    bySteps(step =>
      Array.from({ length: Math.min(step, LAGS) }, (_, i) => Math.round(scale * change(step, i + 1) * 1e7)),
    );
  const of = (scale: number) => ({
    older: lags(scale),
    newer: lags(scale * 0.98),
    angle: lags(scale * 0.1),
    size: bySteps(() => 1e7),
    ratio: bySteps(s => (s === 0 ? 0 : Math.round((1 - 0.5 * change(s, 1)) * 1e7))),
  });
  const moments = ({ exit }: StreamEnds) => {
    const channels = Number(inferred.shapeOf(exit)?.at(-1));
    const row = (of: (channel: number) => number): number[] =>
      Array.from({ length: channels }, (_, c) => Math.round(1e9 * of(c)));
    return {
      mean: bySteps(s => row(c => 0.01 * s * Math.sin(c))),
      square: bySteps(s => row(c => 1 + (0.01 * s * Math.sin(c)) ** 2)),
      product: bySteps(s =>
        Array.from({ length: Math.min(s, FITTED_OVER) }, (_, i) =>
          row(c => 1 - change(s, i + 1) + 1e-4 * s * (s - i - 1) * Math.sin(c) ** 2),
        ),
      ),
    };
  };
  const triangle = Array.from({ length: steps }, (_, a) =>
    Array.from({ length: a + 1 }, (_, b) => Math.exp(-(((a - b) / steps) ** 2)) * (1 + b / steps)),
  ).flat();
  const later = bySteps(s => change(s, 1)).slice(1);
  const calibration = parseCalibration(
    {
      kind: 'bwc.calibration',
      version: 1,
      model: hash,
      profile: '0'.repeat(64),
      sampler: {
        kind: 'flow-euler',
        steps,
        timesteps: bySteps(s => 1000 * (1 - s / steps)),
        keep: bySteps(() => 1),
        take: bySteps(() => -1 / steps),
      },
      elements: 1024,
      sketch: { seed: 1, stack: 0, block: 0, fits: { elements: 0, lags: FITTED_OVER } },
      reuses: 'residual',
      blocks: blocks.map(({ group, kind, streams, branches }, i) => ({
        group,
        kind,
        streams: streams.map(() => of(1 + 0.1 * i)),
        branches: branches.map((branch, j) => ({ kind: branch.kind, change: of(1 + 0.1 * i + 0.05 * j) })),
      })),
      fits: blockEnds(model, analysis).map(({ block, branches }) => ({
        block: block.map(moments),
        branches: branches.map(branch => branch.map(moments)),
      })),
      samples: [
        {
          seed: 1,
          residual: triangle,
          prediction: triangle,
          ratio: later.map(x => 1 - 0.5 * x),
          probe: later,
          entry: later,
          exit: later.map(x => 2 * x + 0.01),
          latent: later,
          predicted: later,
          latentSize: bySteps(() => 1),
          predictedSize: bySteps(() => 1),
          range: 2,
        },
      ],
    },
    'the test',
  );
  made.set(key, calibration);
  return calibration;
}

/** Gates as training gives them, the same at every step: small numbers of both signs. */
export function learnedGates(model: Model): string {
  prepare(model);
  const { blocks, inferred } = analyse(model);
  const widths = blocks.flatMap(({ branches }) =>
    branches.map(({ update }) => Number(inferred.shapeOf(update.input)?.at(-1))),
  );
  const gate = (width: number, i: number): number[] =>
    Array.from({ length: width }, (_, j) => 0.01 * Math.sin(1 + 7 * i + 3 * j));
  return JSON.stringify({ kind: 'bwc.gates', version: 1, weights: [widths.map(gate)] });
}

/** A table as a trained router gives it: every other step of every other branch is reused. */
export function learnedTable(fixture: Fixture, steps: number): string {
  const model = read(fixture);
  prepare(model);
  const branches = analyse(model).blocks.flatMap(block => block.branches).length;
  const row = (step: number): number[] =>
    Array.from({ length: branches }, (_, i) => (step % 2 === 1 && i % 2 === 0 ? 0 : 1));
  return JSON.stringify(Array.from({ length: steps }, (_, step) => row(step)));
}
