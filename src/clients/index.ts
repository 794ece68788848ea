import { refuse } from '../diagnostics/index.js';
import type { DataType, Model } from '../ir/index.js';
import type { Manifest } from '../plan/index.js';
import { CPP, cppClient } from './cpp.js';
import { clientFacts } from './facts.js';
import { NUMPY, pythonClient } from './python.js';
import { ARRAYS, typescriptClient } from './typescript.js';

export const LANGUAGES = ['ts', 'python', 'cpp'] as const;

export type Language = (typeof LANGUAGES)[number];

const TYPES: Readonly<Record<Language, Partial<Record<DataType, string>>>> = {
  ts: ARRAYS,
  python: NUMPY,
  cpp: CPP,
};

export interface ClientOptions {
  /** The compiled model's file name, for headings. */
  readonly file: string;
  /** The package that a TypeScript client imports. */
  readonly runtime?: string | undefined;
}

/**
 * The source text of a client for exactly this compiled model: typed, state threaded, a stream for each generation.
 * @throws Refusal BWC321 for an element type that the language's binding cannot take, BWC322 for a TypeScript client of
 *   a model with state defaults
 */
export async function writeClient(
  model: Model,
  manifest: Manifest,
  language: Language,
  { file, runtime = 'onnxruntime-node' }: ClientOptions,
): Promise<string> {
  if (language === 'ts' && manifest.stateDefaults) refuse('BWC322', {});
  const facts = clientFacts(model, manifest, file);
  const known = TYPES[language];
  for (const { name, type } of [...facts.inputs, ...facts.outputs, ...facts.state]) {
    if (known[type] === undefined) refuse('BWC321', { language, name, type });
  }
  switch (language) {
    case 'ts':
      return await typescriptClient(facts, runtime);
    case 'python':
      return pythonClient(facts);
    case 'cpp':
      return cppClient(facts);
  }
}
