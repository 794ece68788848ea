import { z } from 'zod';
import type { BranchFact } from './facts.js';

/** Layout of files of gates. One of another version is refused: its numbers may mean something else. */
export const GATES_VERSION = 1;

const numbers = z.array(z.number()).min(1);

/** Learned linear gates, a row a step (one row serves all), in each a gate for every branch of every block, in order. */
export const gatesSchema = z
  .strictObject({
    $schema: z.string().optional(),
    kind: z.literal('bwc.gates'),
    version: z.literal(GATES_VERSION),
    /** What a score above a half means: as in the released code that the branch is computed, or that it is reused. */
    high: z.enum(['computes', 'reuses']).default('computes'),
    /** By step and branch: a weight for each feature of what the branch reads, summed over the tokens. */
    weights: z.array(z.array(numbers).min(1)).min(1),
    /** By step and branch. */
    bias: z.array(numbers).optional(),
  })
  .superRefine(({ weights, bias }, context) => {
    const [first = []] = weights;
    const complain = (message: string, path: string, step: number): void =>
      context.addIssue({ code: 'custom', message, path: [path, step] });
    weights.forEach((row, s) => {
      if (row.length !== first.length)
        complain(`${row.length} gates, and ${first.length} at the first step`, 'weights', s);
      else if (row.some((gate, i) => gate.length !== first[i]?.length))
        complain('a gate of another length', 'weights', s);
    });
    if (bias !== undefined && bias.length !== weights.length)
      complain(`${bias.length} rows, and ${weights.length} of weights`, 'bias', 0);
    bias?.forEach((row, s) => {
      if (row.length !== first.length)
        complain(`${row.length} numbers, and ${first.length} gates`, 'bias', s);
    });
  });

export type Gates = z.output<typeof gatesSchema>;

/** The gates that a JSON text holds, for these branches; or what is wrong with it. */
export function parseGates(text: string, branches: readonly BranchFact[]): Gates | string {
  if (text === '') return 'none were given';
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return 'not JSON';
  }
  const parsed = gatesSchema.safeParse(json);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return `${issue?.path.join('.') || 'the whole'}: ${issue?.message ?? 'not accepted'}`;
  }
  const [row = []] = parsed.data.weights;
  if (row.length !== branches.length)
    return `${row.length} gates a step, and the model has ${branches.length} branches`;
  const at = branches.findIndex(({ channels }, i) => channels !== undefined && channels !== row[i]?.length);
  if (at < 0) return parsed.data;
  return `gate ${at} has ${row[at]?.length} weights, and its branch reads ${branches[at]?.channels} features`;
}
