import type { Diagnostic } from '../../diagnostics/index.js';
import type { Manifest } from '../../plan/manifest.js';
import type { CachedOptions, SavedState } from '../cached.js';
import type { Port, Tensors } from '../session.js';

/** What the thread is started with. */
export interface Start {
  readonly source: string | Uint8Array;
  readonly options: CachedOptions;
}

/** What is asked of the thread. It answers in the order it was asked; streams are numbers, the first is 0. */
export type Request =
  | { readonly do: 'run'; readonly stream: number; readonly feeds: Tensors }
  | { readonly do: 'save'; readonly stream: number }
  | { readonly do: 'restore'; readonly stream: number; readonly state: SavedState }
  | { readonly do: 'reset'; readonly stream: number }
  | { readonly do: 'knobs'; readonly stream: number; readonly values: Readonly<Record<string, number>> }
  | { readonly do: 'open'; readonly stream: number }
  | { readonly do: 'close' };

/** What the thread says of the model when it is loaded. */
export interface Opened {
  readonly path: string;
  readonly manifest: Manifest;
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  readonly threaded: boolean;
}

/** One answer for the start (`Opened`) and for each request. */
export type Answer =
  | { readonly value: unknown }
  | { readonly refusal: Diagnostic }
  | { readonly error: string };
