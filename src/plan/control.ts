import { assertNever } from '../ir/index.js';
import { type Decision, memoryOf, type RegionDesign } from '../methods/index.js';

/**
 * Layout of the control vector `bwc.state.control`, float32: counters and scalars that travel from step to step, then
 * the dimensions of the variable inputs, then what was measured.
 */
export interface ControlLayout {
  /** Known when a step starts, unless the decision looks at the step's data. */
  readonly early: readonly string[];
  /** Number of dimensions stored to tell a new shape. */
  readonly dims: number;
  /** Depend on data of the step. */
  readonly measured: readonly string[];
}

/**
 * `step`: calls since the generation began. `count`: computed ones. `time`, `pace`: last timestep, its last change.
 * `run`: steps reused since the last computed one.
 */
const CLOCK = ['step', 'count', 'time', 'pace', 'run'] as const;

/** Steps between the last two computed ones, and between the two before: `gap`, `gap.1`, ... */
export const gapField = (age: number): string => (age === 0 ? 'gap' : `gap.${age}`);

/** What a region's exits need to know of the past: as many gaps as the longest memory has. */
export function gapsOf(regions: readonly Pick<RegionDesign, 'reuse'>[]): number {
  return Math.max(
    0,
    ...regions.map(({ reuse }) => (reuse.weights?.kind === 'taylor' ? memoryOf(reuse) - 1 : 0)),
  );
}

export function controlLayout(decision: Decision, gaps: number, dims: number): ControlLayout {
  const early = [...CLOCK, ...Array.from({ length: gaps }, (_, i) => gapField(i))];
  return { early, dims, measured: ['value', ...measuredFields(decision)] };
}

/** What a decision keeps beside the last similarity, `value`. */
function measuredFields(decision: Decision): readonly string[] {
  switch (decision.kind) {
    // `fired`: 1 + the step at which the trigger first fired, or 0. `armed`: 1 while the last measurement allows reuse.
    case 'trigger':
      return ['fired', 'armed'];
    // Steps that may be reused since the last computed one.
    case 'countdown':
      return ['left'];
    case 'schedule':
    case 'threshold':
      return [];
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

/** Number of elements of the control vector. */
export function controlLength(layout: ControlLayout): number {
  return layout.early.length + layout.dims + layout.measured.length;
}

/** Elements of the knobs input `bwc.knobs`, float32; zero means "as compiled". */
export const KNOBS = [
  { name: 'force', doc: '1 computes this step' },
  { name: 'reset', doc: '1 forgets all state: a new generation begins' },
  { name: 'threshold', doc: 'replaces the compiled threshold; below zero nothing is reused' },
  { name: 'steps', doc: 'replaces the compiled number of denoising steps' },
] as const;
