import type { Analysis, Block } from '../blocks/index.js';
import { refuse } from '../diagnostics/index.js';
import { type Dim, type TensorType, tensorType, type Value } from '../ir/index.js';
import {
  type Decision,
  judgesEach,
  type Metric,
  type Probe,
  type ProjectedWeights,
} from '../methods/index.js';
import { framesOf, gridOf } from './grid.js';
import type { AlongPlan, ProbePlan, StatePlan, Tap, Taps } from './plan.js';
import { blockAt, ungated } from './region.js';
import { sizeOf, tensorTypeOf } from './shapes.js';

/** What a decision looks at, or nothing. `skipped` are the blocks of all regions. */
export function probePlan(
  analysis: Analysis,
  decision: Decision,
  skipped: readonly number[],
  batch: Dim,
): ProbePlan | undefined {
  if (decision.kind === 'schedule' || decision.kind === 'tested') return undefined;
  if (decision.kind === 'rate') return latentPlan(analysis, batch);
  const { probe, metric } = decision;
  const taps = chosenTaps(analysis, probe, skipped, batch);
  const apart = judgesEach(decision);
  if (metric.kind === 'learned-gate')
    return { apart, taps, sampling: probe.tokens, filter: probe.filter, metric, references: [] };
  const holds = (n: number): string =>
    n === 1 ? 'what the probe held, to compare with' : `what the ${n} probed blocks held when last computed`;
  return { ...withReferences(taps, probe, metric, batch, holds), apart };
}

/** What is looked at for a reuse on the line through the last two computed steps; `prefix` begins the names of its states. */
export function alongPlan(
  analysis: Analysis,
  { probe }: ProjectedWeights,
  skipped: readonly number[],
  batch: Dim,
  prefix: string,
): AlongPlan {
  const taps = chosenTaps(analysis, probe, skipped, batch);
  const kept = taps.map((group, i) =>
    [0, 1].map(
      (age): StatePlan => ({
        name: `${prefix}along${i === 0 ? '' : `.${i}`}${age === 0 ? '' : `.ago${age}`}`,
        type: sampleType(probe.tokens, group, batch),
        holds: `what is followed, at the last computed step${age === 0 ? '' : ' but one'}`,
      }),
    ),
  );
  return { taps, sampling: probe.tokens, filter: probe.filter, kept };
}

function chosenTaps(
  analysis: Analysis,
  probe: Probe,
  skipped: readonly number[],
  batch: Dim,
): readonly Taps[] {
  const all = analysis.blocks.map(b => b.index);
  const chosen = chooseBlocks(probe.tensor.startsWith('block') ? skipped : all, all, probe.blocks);
  return tapsOf(analysis, probe, chosen, batch);
}

/** The latent in full: what it was at the last step, and at the last computed one. */
function latentPlan(analysis: Analysis, batch: Dim): ProbePlan {
  const probe: Probe = { tensor: 'latent', blocks: [0], tokens: { kind: 'full' } };
  const [taps] = tapsOf(analysis, probe, [0], batch);
  if (taps === undefined) throw new Error('the latent is one group of taps');
  const both = [
    { ...taps, name: 'last' },
    { ...taps, name: 'computed' },
  ];
  const metric: Metric = { kind: 'relative-l1', denominator: 'older' };
  return withReferences(both, probe, metric, batch, () => 'the latent of an earlier step');
}

function withReferences(
  taps: readonly Taps[],
  { tokens: sampling, filter }: Probe,
  metric: Metric,
  batch: Dim,
  holds: (values: number) => string,
): ProbePlan {
  const references = taps.map(
    (group, i): StatePlan => ({
      name: i === 0 ? 'probe' : `probe.${i}`,
      type: sampleType(sampling, group, batch),
      holds: holds(group.values.length),
    }),
  );
  return { apart: undefined, taps, sampling, filter, metric, references };
}

function tapsOf(analysis: Analysis, probe: Probe, chosen: readonly number[], batch: Dim): readonly Taps[] {
  if (probe.filter && analysis.roles.timestep === undefined) refuse('BWC222', {});
  const byShape = new Map<string, Taps & { values: Tap[] }>();
  let channel = 0;
  for (const index of chosen) {
    const block = blockAt(analysis, index);
    for (const found of probed(analysis, block, probe)) {
      const mixed =
        found.less && analysis.inferred.elemOf(found.less) !== analysis.inferred.elemOf(found.value);
      const tap = { ...found, ...(mixed === true && { mixed }), channel: channel++ };
      const { elem, shape } = tensorTypeOf(analysis.inferred, tap.value);
      const channels = probe.tensor === 'latent' ? 1 : shape?.at(-1);
      if (shape === undefined || typeof channels !== 'number')
        return refuse('BWC204', { value: tap.value.name, what: 'shape' });
      const plain =
        probe.tensor !== 'latent' && shape.length === 3 && shape[0] !== undefined && shape[0] === batch;
      const key = `${block.group} ${elem} ${shape.join(',')}`;
      const size = sizeOf(probe.tensor === 'latent' ? shape : shape.slice(0, -1), batch);
      const taps = byShape.get(key) ?? {
        name: `group ${block.group}`,
        values: [],
        elem,
        tokens: size === undefined || typeof batch !== 'number' ? size : size / batch,
        channels,
        plain,
        ...(probe.filter && { grid: gridOf(analysis, tap.value, probe.filter) }),
        ...(probe.frames && {
          frames: framesOf(analysis, tap.value, probe.frames) ?? refuse('BWC224', { value: tap.value.name }),
        }),
      };
      taps.values.push(tap);
      byShape.set(key, taps);
    }
  }
  return [...byShape.values()];
}

function probed(analysis: Analysis, block: Block, probe: Probe): readonly Omit<Tap, 'channel'>[] {
  const value = (found: Value | undefined): Value => {
    if (found === undefined) throw new Error(`block ${block.index} has no stream`);
    return found;
  };
  const [stream] = block.streams;
  const out = stream?.out ?? block.branches.at(-1)?.update.out;
  const [first] = block.branches;
  switch (probe.tensor) {
    case 'block-input':
      return [{ value: value(stream?.in) }];
    case 'block-output':
      return [{ value: value(out) }];
    case 'block-residual':
      return [{ value: value(out), less: value(stream?.in) }];
    case 'front-residual':
      return [{ value: value(out), less: value(analysis.blocks[0]?.streams[0]?.in) }];
    case 'attention-input':
      return [{ value: value(first?.update.input) }];
    case 'attention-output':
      return [{ value: value(first && ungated(analysis.inferred, first.update)) }];
    case 'branch-input':
      return block.branches.map(({ update }) => ({ value: update.input }));
    case 'stack-input':
      return [{ value: value(analysis.blocks[0]?.streams[0]?.in) }];
    case 'stack-entry':
      return [{ value: value(analysis.blocks[0]?.streams[0]?.in) }, { value: value(first?.update.input) }];
    case 'latent':
      return [{ value: analysis.roles.latent.value }];
  }
}

function chooseBlocks(
  skipped: readonly number[],
  all: readonly number[],
  choice: Probe['blocks'],
): readonly number[] {
  if (typeof choice !== 'number') {
    const bad = choice.find(i => !all.includes(i));
    if (bad !== undefined || choice.length === 0) {
      refuse('BWC303', {
        name: 'blocks',
        value: choice.join(','),
        reason: `the model has blocks 0 to ${all.length - 1}`,
      });
    }
    return choice;
  }
  const count = Math.max(1, Math.round(skipped.length * choice));
  return Array.from(
    { length: count },
    (_, i) => skipped[Math.floor(((i + 0.5) * skipped.length) / count)] ?? 0,
  );
}

/** Step between sampled tokens: odd, so that it does not fall in step with even grids. */
export function tokenStride(tokens: number, share: number, most: number): number {
  return 2 * Math.max(Math.floor(0.5 / share), Math.floor(tokens / (2 * most))) + 1;
}

/** Samples of a group of taps: float32 [batch, values, elements]. */
function sampleType(sampling: Probe['tokens'], group: Taps, batch: Dim): TensorType {
  return tensorType('float32', [batch, group.values.length, sampledElements(sampling, group)]);
}

/** Elements of one probed tensor that are kept per sample, where known. */
function sampledElements(sampling: Probe['tokens'], taps: Taps): Dim {
  const frames = framesIn(taps);
  const tokens = tokensIn(taps);
  const one = sampling.kind === 'pooled' || sampling.kind === 'summed';
  if (frames === undefined || (tokens === undefined && !one))
    return `bwc_probe_${taps.name.replace(/\W/g, '_')}`;
  return frames * (tokens === undefined || one ? 1 : chosenOf(sampling, tokens)) * taps.channels;
}

function chosenOf(sampling: Probe['tokens'], tokens: number): number {
  if (sampling.kind !== 'strided') return tokens;
  return Math.ceil(tokens / tokenStride(tokens, sampling.share, sampling.most));
}

/** Frames among which tokens are chosen alike, where their number is known; 1 where all tokens are one choice. */
export function framesIn({ frames }: Taps): number | undefined {
  if (frames === undefined) return 1;
  return typeof frames.count === 'number' ? frames.count : undefined;
}

/** Tokens that are chosen from: of a frame, or of a sample; where known. */
export function tokensIn(taps: Taps): number | undefined {
  const frames = framesIn(taps);
  return taps.tokens === undefined || frames === undefined ? undefined : taps.tokens / frames;
}
