import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { allNodes, type Node } from '../ir/index.js';
import { openModel, type SessionOptions } from './session.js';

/** How often each operator occurs with so many inputs, branches and bodies included. */
export type OpCounts = ReadonlyMap<string, number>;

/** An operator that ONNX Runtime's fusions leave more or less often in the compiled model than in the original. */
export interface FusionDifference {
  readonly op: string;
  /** Inputs of the operator: what is fused into it comes with inputs of its own. */
  readonly inputs: number;
  readonly original: number;
  readonly compiled: number;
}

/** The key of an operator in `OpCounts`. */
export function opKey(op: string, inputs: number): string {
  return `${op}/${inputs}`;
}

/** Counts the operators of a model file, without those that the rewrite added. */
export async function countOps(path: string): Promise<OpCounts> {
  const { readModel } = await import('../onnx/index.js');
  const counts = new Map<string, number>();
  for (const node of allNodes(readModel(path).graph)) {
    if (isOurs(node)) continue;
    const key = opKey(node.op, node.inputs.filter(value => value !== undefined).length);
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return counts;
}

/** The rewrite's nodes and what ONNX Runtime makes of them, which it names after them. */
function isOurs(node: Node): boolean {
  return node.name.includes('bwc/');
}

/**
 * Operators that only move or describe data: however many there are, they round nothing. Transpose is not among them:
 * ONNX Runtime moves it past reductions, which then add up in another layout.
 */
const MOVES: ReadonlySet<string> = new Set(
  'Concat Constant ConstantOfShape Expand Flatten Gather Identity Reshape Shape Size Slice Split Squeeze Tile Unsqueeze'.split(
    ' ',
  ),
);

/**
 * Operators whose number ONNX Runtime's optimisations change otherwise in the compiled model than in the original: what
 * is fused in one and not in the other. Operators that only move data are left out.
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
  for (const key of [...new Set([...after[0].keys(), ...after[1].keys()])].sort()) {
    const [op = '', inputs] = key.split('/');
    const change = (i: 0 | 1): number => (after[i].get(key) ?? 0) - (before[i].get(key) ?? 0);
    if (MOVES.has(op) || change(0) === change(1)) continue;
    const [original, compiled] = [after[0].get(key) ?? 0, after[1].get(key) ?? 0];
    found.push({ op, inputs: Number(inputs), original, compiled });
  }
  return found;
}

/** `SkipLayerNormalization of 5 inputs 24 → 23, Add of 2 inputs 11 → 12`. */
export function fusionText(differences: readonly FusionDifference[]): string {
  return differences
    .map(d => `${d.op} of ${d.inputs} input${d.inputs === 1 ? '' : 's'} ${d.original} → ${d.compiled}`)
    .join(', ');
}

/** Counts the operators of a model as ONNX Runtime rewrites it when it loads it. */
export async function optimisedOps(path: string, options: SessionOptions): Promise<OpCounts> {
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
