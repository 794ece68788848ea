import { assertNever } from '../ir/index.js';
import { type Decision, memoryOf, type RegionDesign, type Reuse } from '../methods/index.js';

/**
 * Layout of the control vector `bwc.state.control`, float32: counters and scalars that travel from step to step, then
 * the dimensions of the variable inputs, then what was measured.
 */
export interface ControlLayout {
  /** Known when a step starts, unless the decision looks at the step's data. */
  readonly early: readonly string[];
  /** Number of dimensions stored to tell a new shape. */
  readonly dims: number;
  /** Which of the early fields tell of computed steps that are expanded. */
  readonly histories: readonly History[];
  /** Depend on data of the step. */
  readonly measured: readonly string[];
  /** The same, a number for each of so many channels. */
  readonly vectors: readonly string[];
  readonly channels: number;
}

/**
 * `step`: calls since the generation began. `count`: computed ones. `time`, `pace`: last timestep, its last change.
 * `run`: steps reused since the last computed one.
 */
const CLOCK = ['step', 'count', 'time', 'pace', 'run'] as const;

/** The timestep of the generation's first step, where the noise is told from it. */
export const FIRST = 'first';

/** How far the threshold has moved towards a wanted share of reuse: the logarithm of what it is multiplied with. */
export const PULL = 'pull';

/** What an expansion over the computed steps of one channel has to know of them. */
export interface History {
  readonly channel: number;
  /** Steps reused since the last computed one, and number of computed ones. */
  readonly run: string;
  readonly count: string;
  /** Steps between the last two computed ones, between the two before, ... */
  readonly gaps: readonly string[];
}

/**
 * One for each channel whose regions are expanded, with as many gaps as its longest memory has. Where there are several
 * channels, each counts for itself: a step may compute one and reuse another.
 */
export function historiesOf(regions: readonly Pick<RegionDesign, 'channel' | 'reuse'>[]): readonly History[] {
  const channels = [...new Set(regions.map(({ channel = 0 }) => channel))];
  return channels.flatMap(channel => {
    const longest = Math.max(
      ...regions.filter(region => (region.channel ?? 0) === channel).map(({ reuse }) => gapsOf(reuse)),
    );
    if (longest === 0) return [];
    const of = (field: string): string => (channels.length === 1 ? field : `${field}@${channel}`);
    const gaps = Array.from({ length: longest }, (_, age) => of(age === 0 ? 'gap' : `gap.${age}`));
    return [{ channel, run: of('run'), count: of('count'), gaps }];
  });
}

/** What is known of the computed steps of a channel that is expanded. */
export function historyOf({ layout }: { readonly layout: ControlLayout }, channel: number): History {
  const history = layout.histories.find(h => h.channel === channel);
  if (history === undefined) throw new Error(`channel ${channel} is not counted`);
  return history;
}

/** How many gaps between computed steps it has to know. */
function gapsOf(reuse: Reuse): number {
  switch (reuse.weights?.kind) {
    case 'taylor':
      return memoryOf(reuse) - 1;
    case 'trapezoid':
      return 1;
    default:
      return 0;
  }
}

export function controlLayout(
  decision: Decision,
  histories: readonly History[],
  dims: number,
  channels: number,
  { filtered = false, steered = false }: { readonly filtered?: boolean; readonly steered?: boolean } = {},
): ControlLayout {
  const counted = histories.flatMap(({ run, count, gaps }) => [run, count, ...gaps]);
  const early = [
    ...new Set([...CLOCK, ...counted, ...(filtered ? [FIRST] : []), ...(steered ? [PULL] : [])]),
  ];
  const measured = ['value', ...measuredFields(decision)];
  return { early, dims, histories, measured, vectors: measuredVectors(decision), channels };
}

/** What a decision keeps of each channel. `age`: steps since it was last computed. */
function measuredVectors(decision: Decision): readonly string[] {
  switch (decision.kind) {
    case 'trigger':
    case 'countdown':
    case 'schedule':
    case 'watched':
    case 'tested':
    case 'threshold':
    case 'accumulate':
    case 'rate':
    case 'graded':
      return [];
    // `rests`: 1 while it may be reused, until all are ranked again.
    case 'ranked':
      return ['age', 'rests'];
    case 'each':
      return ['age'];
    // `level`: the change that the next step is expected to see.
    case 'each-ahead':
      return ['age', 'level'];
    default:
      return assertNever(decision);
  }
}

/** What a decision keeps beside the last similarity, `value`. */
function measuredFields(decision: Decision): readonly string[] {
  switch (decision.kind) {
    // `fired`: 1 + the step at which the trigger first fired, or 0. `armed`: 1 while the last measurement allows reuse.
    case 'trigger':
      return ['fired', 'armed'];
    // Steps that may be reused since the last computed one; and the last motion, by what is usual.
    case 'countdown':
      return decision.motion ? ['left', 'motion'] : ['left'];
    case 'schedule':
    case 'threshold':
    case 'each':
    case 'each-ahead':
      return [];
    // Steps since all channels were computed; what changed then, as a share of the threshold.
    case 'graded':
      return ['since', 'grade'];
    // Steps since all channels were computed and ranked.
    case 'ranked':
      return ['since'];
    // 1 once the run went another way than those that were measured; the mean that the next latent should have.
    case 'watched':
      return decision.course ? ['departed', 'course'] : ['departed'];
    // How far what would have stood in for the last computed step was off.
    case 'tested':
      return ['error'];
    // Sum of changes since the last computed step.
    case 'accumulate':
      return ['total'];
    // `gain`: change of the prediction by change of the latent, by the prediction's size.
    case 'rate':
      return ['total', 'gain'];
    default:
      return assertNever(decision);
  }
}

/** Index of a scalar field in the control vector. */
export function positionOf({ early, dims, measured }: ControlLayout, field: string): number {
  const known = early.indexOf(field);
  return known >= 0 ? known : early.length + dims + measured.indexOf(field);
}

/** Number of elements of the control vector. */
export function controlLength(layout: ControlLayout): number {
  const { early, dims, measured, vectors, channels } = layout;
  return early.length + dims + measured.length + vectors.length * channels;
}

/** Elements of the knobs input `bwc.knobs`, float32; zero means "as compiled". */
export const KNOBS = [
  { name: 'force', doc: '1 computes this step' },
  { name: 'reset', doc: '1 forgets all state: a new generation begins' },
  { name: 'threshold', doc: 'replaces the compiled threshold; below zero nothing is reused' },
  { name: 'steps', doc: 'replaces the compiled number of denoising steps' },
] as const;
