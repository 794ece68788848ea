import { z } from 'zod';
import { refuse } from '../diagnostics/index.js';
import { reuseFrom } from './calibrated.js';
import { eachBranch } from './facts.js';
import { defineMethod, reuseOf, shared } from './method.js';

const tableSchema = z.array(z.array(z.union([z.literal(0), z.literal(1)])).min(1)).min(1);

/** Learning-to-Cache: arXiv 2406.01733. The router is trained elsewhere; its table is imported. */
export const learningToCache = defineMethod({
  name: 'learning-to-cache',
  title: 'Learning-to-Cache',
  source: 'arXiv 2406.01733',
  summary:
    'Takes a table that a trained router gave: for each step, and each attention and feed-forward in order, whether it is ' +
    'computed or what it gave last is reused.',
  options: z.object({
    table: z
      .string()
      .default('')
      .describe('JSON, rows by step, a number a branch: 1 computes, 0 reuses; @FILE reads it from a file'),
    order: shared.order(0),
  }),
  design: (o, facts) => {
    const branches = facts.blocks.flatMap(block => block.branches).length;
    const rows = tableOf(o.table);
    const bad = rows.find(row => row.length !== branches);
    if (bad !== undefined) complain(`a row has ${bad.length} numbers, and the model ${branches} branches`);
    return {
      regions: eachBranch(facts, reuseOf('output', o.order)),
      decision: {
        kind: 'schedule',
        reuse: Array.from({ length: branches }, (_, i) =>
          reuseFrom(
            rows.map(row => row[i] === 1),
            facts.steps,
          ),
        ),
      },
    };
  },
});

function tableOf(text: string): z.infer<typeof tableSchema> {
  if (text === '') return complain('it takes the table of a trained router');
  try {
    return tableSchema.parse(JSON.parse(text));
  } catch {
    return complain('not a JSON table of zeros and ones');
  }
}

function complain(reason: string): never {
  return refuse('BWC303', { name: 'table', value: '…', reason });
}
