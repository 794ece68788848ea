import type { Decision } from '../methods/index.js';
import { assertNever } from '../ir/index.js';

/**
 * Layout of the control vector `bwc.state.control`, float32: counters and scalars that travel from step to step.
 * Those known when a step starts come first; `measured` ones depend on data of the step.
 */
export interface ControlLayout {
  /** `step`: calls since the generation began. `time`, `direction`: the last timestep and its sign of change. */
  readonly early: readonly string[];
  readonly measured: readonly string[];
  /** Dimensions of the inputs whose shape may change, compared to tell a new shape. */
  readonly dims: number;
}

const CLOCK = ['step', 'time', 'direction', 'count'] as const;

/**
 * `run`: steps reused since the last computed one. `value`: the last similarity. `fired`: 1 + the step at which the
 * trigger first fired, or 0. `armed`: 1 while the last measurement allows reuse.
 */
export function controlLayout(decision: Decision, dims: number): ControlLayout {
  switch (decision.kind) {
    case 'trigger':
      return { early: [...CLOCK, 'run'], measured: ['value', 'fired', 'armed'], dims };
    default:
      return assertNever(decision.kind);
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
