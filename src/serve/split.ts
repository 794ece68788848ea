import { basename, dirname, join } from 'node:path';
import type { Compiled } from '../compile.js';
import { type Weights, type Written, writeSharing } from '../onnx/index.js';
import { MANIFEST_KEY, type Manifest } from '../plan/index.js';

/** The files of a split. */
export interface SplitFiles {
  /** Computes every step. */
  readonly compute: string;
  /** Reuses; holds no weights of what is skipped. */
  readonly reuse: string;
  readonly manifest: string;
}

/** `X.compute.onnx` and `X.reuse.onnx` for an output `X.onnx` or `X`, with the manifest where it always is. */
export function splitFiles(output: string): SplitFiles {
  const stem = join(dirname(output), basename(output).replace(/\.onnx$/, ''));
  return { compute: `${stem}.compute.onnx`, reuse: `${stem}.reuse.onnx`, manifest: `${output}.json` };
}

/** A split as it was written. */
export interface WrittenSplit extends Written {
  readonly files: SplitFiles;
  readonly manifest: Manifest;
}

/**
 * Writes both models of a split and their manifest, all or nothing. Weights stay in the original's other files as
 * `weights` says, or go to `OUTPUT.data`, once for both.
 */
export async function writeSplit(
  { split, manifest }: Compiled,
  output: string,
  weights?: Weights,
): Promise<WrittenSplit> {
  if (split === undefined) throw new Error("a split is written of a model compiled with emit: 'split'");
  const files = splitFiles(output);
  const names = { compute: basename(files.compute), reuse: basename(files.reuse) };
  const whole: Manifest = { ...manifest, split: names };
  for (const half of [split.compute, split.reuse]) half.metadata.set(MANIFEST_KEY, JSON.stringify(whole));
  const parts = [
    { model: split.compute, path: files.compute },
    { model: split.reuse, path: files.reuse },
  ] as const;
  const text = `${JSON.stringify(whole, null, 2)}\n`;
  const written = await writeSharing(parts, output, { weights, beside: [[files.manifest, text]] });
  return { ...written, files, manifest: whole };
}
