import { assertNever } from '../ir/index.js';
import type { Decision } from '../methods/index.js';

/**
 * Layout of the control vector `bwc.state.control`, float32: counters and scalars that travel from step to step, then
 * the dimensions of the variable inputs, then what was measured.
 */
export interface ControlLayout {
  /** Known when a step starts. */
  readonly early: readonly string[];
  /** Number of dimensions stored to tell a new shape. */
  readonly dims: number;
  /** Depend on data of the step. */
  readonly measured: readonly string[];
}

/** `step`: calls since the generation began. `count`: computed ones. `time`, `pace`: last timestep, its last change. */
const CLOCK = ['step', 'count', 'time', 'pace'] as const;

/**
 * `run`: steps reused since the last computed one. `value`: the last similarity. `fired`: 1 + the step at which the
 * trigger first fired, or 0. `armed`: 1 while the last measurement allows reuse.
 */
export function controlLayout(decision: Decision, dims: number): ControlLayout {
  switch (decision.kind) {
    case 'trigger':
      return { early: [...CLOCK, 'run'], dims, measured: ['value', 'fired', 'armed'] };
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
