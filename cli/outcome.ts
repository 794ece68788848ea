import type { Diagnostic } from '../src/diagnostics/index.js';
import type { Screen } from '../src/report/text.js';

/** What a command has done: rendered by whoever ran it, for people or for programs. */
export interface Outcome {
  /** False when a check failed. */
  readonly ok: boolean;
  readonly text: (screen: Screen) => string;
  /** The fields of the JSON object, besides `ok` and `diagnostics`. */
  readonly json: object;
  readonly diagnostics: readonly Diagnostic[];
}

/** Carries out a command's work and renders its outcome. */
export type Perform = (work: (progress: Progress) => Promise<Outcome>) => Promise<void>;

/** Tells a person who waits how far it is; the next message replaces the one before. */
export type Progress = (message: string) => void;
