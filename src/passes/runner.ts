import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Refusal, refuse } from '../diagnostics/index.js';
import { print, snapshotInterface, verify } from '../ir/index.js';
import type { Context, Pass } from './pass.js';

/**
 * Runs passes in order and verifies the graph after each. A pass that throws or breaks an invariant is our mistake:
 * the graph as it was before and after goes into a folder, and BWC901 names it.
 */
export function runPasses(context: Context, passes: readonly Pass[]): void {
  const kept = snapshotInterface(context.model);
  for (const pass of passes) {
    try {
      pass.run(context);
    } catch (error) {
      if (error instanceof Refusal) throw error;
      const text = error instanceof Error ? error.message : String(error);
      refuse(
        'BWC901',
        { pass: pass.name, invariant: text, reproducer: reproducer(context, pass, text) },
        undefined,
        error,
      );
    }
    const [violation] = verify(context.model, kept);
    if (violation !== undefined) {
      const text = `invariant ${violation.invariant}: ${violation.message}`;
      refuse(
        'BWC901',
        { pass: pass.name, invariant: text, reproducer: reproducer(context, pass, text) },
        violation.path,
      );
    }
  }
}

function reproducer(context: Context, pass: Pass, reason: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'bwc-reproducer-'));
  const { method, options, steps } = context.plan;
  writeFileSync(
    join(folder, 'plan.json'),
    JSON.stringify({ pass: pass.name, reason, method, options, steps }, null, 2),
  );
  writeFileSync(join(folder, 'graph.txt'), print(context.model));
  return folder;
}
