import { refuse } from '../diagnostics/index.js';
import type { BlockFits, Calibration, CalibrationSample } from '../methods/calibration.js';
import { rangeOf } from '../runtime/fidelity.js';
import { denoise, type HostTensor, numbersOf, type RunProfile, type StepModel } from '../runtime/index.js';
import type { EndTaps, Tap, Taps } from './instrument.js';
import { ChangeMeter, Gram, MomentMeter, meanAbs, normRatio, relativeL1, type Sketch } from './statistics.js';

/** What one generation showed. */
export interface Recorded {
  readonly sample: CalibrationSample;
  readonly blocks: Calibration['blocks'];
  readonly fits: readonly BlockFits[];
}

/**
 * Runs one generation of the instrumented model and measures it step by step. Holds eight steps of each block's
 * sketch, and the stack's residual and the prediction of all steps.
 * @param lags over how many steps scales and shifts are fitted, where the taps show what to
 * @param onStep told after each step
 * @throws Refusal BWC515 when the model gives numbers that are not finite
 */
export async function record(
  model: StepModel,
  taps: Taps,
  profile: RunProfile,
  seed: number,
  lags: number,
  onStep: (done: number) => void = () => undefined,
): Promise<Recorded> {
  const meters = taps.blocks.map(block => ({
    streams: block.streams.map(metered),
    branches: block.branches.map(({ kind, tap }) => ({ kind, ...metered(tap) })),
  }));
  const fits = taps.fits.map(({ block, branches }) => ({
    block: block.map(ends => fitted(ends, lags)),
    branches: branches.map(branch => branch.map(ends => fitted(ends, lags))),
  }));
  const residual = new Gram();
  const prediction = new Gram();
  const sample = emptySample(seed);
  let before: Step | undefined;
  let final: HostTensor | undefined;
  for await (const run of denoise(model, profile, seed)) {
    const sketch = ({ output, start, end }: Tap): Sketch =>
      numbersOf(given(run.outputs.get(output))).subarray(start, end);
    const latent = numbersOf(
      given([...run.feeds].find(([name]) => profile.inputs[name]?.role === 'latent')?.[1]),
    );
    const now = stepOf(taps, sketch, latent, numbersOf(run.prediction));
    residual.add(now.residuals);
    prediction.add([now.predicted]);
    for (const { streams, branches } of meters)
      for (const { meter, tap } of [...streams, ...branches]) meter.add(sketch(tap));
    for (const { block, branches } of fits)
      for (const { meter, ends } of [...block, ...branches.flat()])
        meter.add(ends.enter ? minus(sketch(ends.exit), sketch(ends.enter)) : sketch(ends.exit));
    sample.latentSize.push(sharp(meanAbs(now.latent)));
    sample.predictedSize.push(sharp(meanAbs(now.predicted)));
    if (before !== undefined) compareSteps(sample, taps, now, before);
    before = now;
    final = run.latent;
    onStep(run.step + 1);
  }
  const [low, high] = profile.display?.range ?? rangeOf(given(final));
  const numbers = {
    ...sample,
    residual: residual.triangle().map(exact),
    prediction: prediction.triangle().map(exact),
    range: sharp(high - low),
  };
  const blocks = taps.blocks.map(({ group, kind, work }, i) => ({
    group,
    kind,
    ...(work !== undefined && { work }),
    streams: meters[i]?.streams.map(({ meter }) => meter.change) ?? [],
    branches:
      meters[i]?.branches.map(({ kind: branch, meter }) => ({ kind: branch, change: meter.change })) ?? [],
  }));
  if (![...numbers.residual, ...numbers.prediction, ...numbers.exit].every(Number.isFinite))
    refuse('BWC515', { seed: String(seed) });
  const moments = fits.map(({ block, branches }) => ({
    block: block.map(({ meter }) => meter.moments),
    branches: branches.map(branch => branch.map(({ meter }) => meter.moments)),
  }));
  return { sample: numbers, blocks, fits: moments };
}

interface Step {
  readonly residuals: readonly Sketch[];
  readonly enters: readonly Sketch[];
  readonly exits: readonly Sketch[];
  readonly probe: Sketch;
  readonly latent: Sketch;
  readonly predicted: Sketch;
}

function metered(tap: Tap): { tap: Tap; meter: ChangeMeter } {
  return { tap, meter: new ChangeMeter(tap.channels) };
}

function fitted(ends: EndTaps, lags: number): { ends: EndTaps; meter: MomentMeter } {
  return { ends, meter: new MomentMeter(ends.exit.channels, lags) };
}

function stepOf(taps: Taps, sketch: (tap: Tap) => Sketch, latent: Sketch, predicted: Sketch): Step {
  const exits = taps.ends.map(end => sketch(end.exit));
  const enters = taps.ends.flatMap(end => end.enter ?? []).map(sketch);
  return {
    exits,
    enters,
    residuals: taps.reuses === 'output' ? exits : exits.map((exit, i) => minus(exit, enters[i] ?? exit)),
    probe: sketch(taps.probe),
    latent,
    predicted: predicted.slice(),
  };
}

type Samples = { -readonly [K in keyof CalibrationSample]: CalibrationSample[K] };

function emptySample(seed: number): Samples {
  return {
    seed,
    residual: [],
    prediction: [],
    ratio: [],
    probe: [],
    entry: [],
    exit: [],
    latent: [],
    predicted: [],
    latentSize: [],
    predictedSize: [],
    range: 0,
  };
}

function compareSteps(sample: Samples, taps: Taps, now: Step, before: Step): void {
  const channels = taps.ends.map(end => end.exit.channels);
  sample.ratio.push(
    sharp(mean(now.residuals.map((r, i) => normRatio(r, before.residuals[i] ?? r, channels[i] ?? 1)))),
  );
  const change = (a: readonly Sketch[], b: readonly Sketch[]): number =>
    sharp(mean(a.map((x, i) => relativeL1(x, b[i] ?? x))));
  sample.probe.push(change([now.probe], [before.probe]));
  sample.entry.push(change(now.enters, before.enters));
  sample.exit.push(change(now.exits, before.exits));
  sample.latent.push(change([now.latent], [before.latent]));
  sample.predicted.push(change([now.predicted], [before.predicted]));
}

/** Six digits: more than differ between machines is not worth its bytes. */
function sharp(x: number): number {
  return Number(x.toPrecision(6));
}

/** Ten digits: differences of inner products must stay sharp. */
function exact(x: number): number {
  return Number(x.toPrecision(10));
}

function mean(x: readonly number[]): number {
  return x.length === 0 ? 0 : x.reduce((a, b) => a + b, 0) / x.length;
}

function minus(a: Sketch, b: Sketch): Float32Array {
  const out = new Float32Array(a.length);
  for (let i = 0; i < out.length; i++) out[i] = (a[i] ?? 0) - (b[i] ?? 0);
  return out;
}

function given<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('an instrumented model gives all its taps');
  return value;
}
