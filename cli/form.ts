import type { Compiled } from '../src/compile.js';
import type { Diagnostic } from '../src/diagnostics/index.js';
import type { Manifest } from '../src/plan/index.js';
import { type SplitFiles, splitFiles, writeSplit } from '../src/serve/index.js';
import { type WeightsOptions, writeWithManifest } from './files.js';
import { repositoryPaths, writeRepository } from './repository.js';

/** What a compiled model is written as. */
export type FormName = 'onnx' | 'split' | 'triton';

/** What was written. */
export interface WrittenForm {
  /** The model; of two the one that computes. */
  readonly output: string;
  readonly split?: SplitFiles;
  readonly manifest: Manifest;
  readonly diagnostics: readonly Diagnostic[];
}

export interface Form {
  /** Files that must not be the input and can be checked before any work is done. */
  readonly outputs: readonly string[];
  readonly write: (compiled: Compiled, options: WeightsOptions) => Promise<WrittenForm>;
}

export function formOf(name: FormName, input: string, output: string): Form {
  switch (name) {
    case 'onnx':
      return {
        outputs: [output, `${output}.json`],
        write: async ({ model, manifest }, { weights }) => {
          const text = `${JSON.stringify(manifest, null, 2)}\n`;
          const { diagnostics } = await writeWithManifest(model, output, text, weights);
          return { output, manifest, diagnostics };
        },
      };
    case 'split': {
      const files = splitFiles(output);
      return {
        outputs: [files.compute, files.reuse, files.manifest],
        write: async (compiled, { weights }) => {
          const { manifest, diagnostics } = await writeSplit(compiled, output, weights);
          return { output: files.compute, split: files, manifest, diagnostics };
        },
      };
    }
    case 'triton':
      return {
        outputs: [],
        write: async (compiled, options) => {
          const diagnostics = await writeRepository(compiled, input, output, options);
          return { output: repositoryPaths(input, output).model, manifest: compiled.manifest, diagnostics };
        },
      };
  }
}
