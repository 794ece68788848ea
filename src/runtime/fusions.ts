import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { allNodes } from '../ir/index.js';
import { openModel, type SessionOptions } from './session.js';

/** How often each operator occurs, branches and bodies included. */
export type OpCounts = ReadonlyMap<string, number>;

/** An operator that ONNX Runtime uses more or less often in the compiled model than in the original. */
export interface FusionDifference {
  readonly op: string;
  readonly original: number;
  readonly compiled: number;
}

/** Counts the operators of a model file. */
export async function countOps(path: string): Promise<OpCounts> {
  const { readModel } = await import('../onnx/index.js');
  const counts = new Map<string, number>();
  for (const node of allNodes(readModel(path).graph)) counts.set(node.op, (counts.get(node.op) ?? 0) + 1);
  return counts;
}

/** Operators that only move or describe data: however many there are, they round nothing. */
const MOVES: ReadonlySet<string> = new Set(
  'Concat Constant ConstantOfShape Expand Flatten Gather Identity Reshape Shape Size Slice Split Squeeze Tile Transpose Unsqueeze'.split(
    ' ',
  ),
);

/**
 * Operators of which ONNX Runtime's optimised graphs hold different numbers although the rewrite added none: what
 * is fused in one model and not in the other. Operators that only move data are left out.
 * @throws Refusal BWC403 when ONNX Runtime cannot write its optimised graph, as with weights of 2 GiB and more
 */
export async function fusionDifferences(
  originalPath: string,
  compiledPath: string,
  options: SessionOptions = {},
): Promise<FusionDifference[]> {
  const before = [await countOps(originalPath), await countOps(compiledPath)] as const;
  const after = [
    await optimisedOps(originalPath, options),
    await optimisedOps(compiledPath, options),
  ] as const;
  return compareFusions(before, after);
}

/** The rule behind `fusionDifferences`, on counts of (original, compiled) as written and as optimised. */
export function compareFusions(
  before: readonly [OpCounts, OpCounts],
  after: readonly [OpCounts, OpCounts],
): FusionDifference[] {
  const found: FusionDifference[] = [];
  for (const op of [...new Set([...after[0].keys(), ...after[1].keys()])].sort()) {
    const [original, compiled] = [after[0].get(op) ?? 0, after[1].get(op) ?? 0];
    const added = (before[1].get(op) ?? 0) - (before[0].get(op) ?? 0);
    if (original !== compiled && added === 0 && !MOVES.has(op)) found.push({ op, original, compiled });
  }
  return found;
}

/** `SkipLayerNormalization 24 → 23, Gelu 12 → 11`. */
export function fusionText(differences: readonly FusionDifference[]): string {
  return differences.map(({ op, original, compiled }) => `${op} ${original} → ${compiled}`).join(', ');
}

async function optimisedOps(path: string, options: SessionOptions): Promise<OpCounts> {
  const folder = mkdtempSync(join(tmpdir(), 'bwc-'));
  try {
    const optimizedPath = join(folder, 'optimised.onnx');
    const model = await openModel(path, { ...options, optimizedPath });
    await model.close();
    return await countOps(optimizedPath);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
