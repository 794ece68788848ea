import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Refusal, refuse } from '../diagnostics/index.js';
import { print, snapshotInterface, Verifier, type Violation } from '../ir/index.js';
import type { Context, Pass } from './pass.js';

/**
 * Runs passes in order and verifies the graph after each. A pass that throws or breaks an invariant is our mistake:
 * what is needed to see it again goes into a folder, and BWC901 names it. A model that is broken when it comes in is
 * refused with BWC108; operators that are unknown at its opset are its own affair.
 */
export function runPasses(context: Context, passes: readonly Pass[]): void {
  const kept = snapshotInterface(context.model);
  const foreign = new Set<string>();
  const verifier = new Verifier(context.model);
  for (const violation of verifier.verify()) {
    if (violation.invariant === UNKNOWN_OPERATOR) foreign.add(textOf(violation));
    else refuse('BWC108', { path: 'the model', reason: textOf(violation) }, violation.path);
  }
  for (const pass of passes) {
    try {
      pass.run(context);
    } catch (error) {
      if (error instanceof Refusal) throw error;
      const text = error instanceof Error ? error.message : String(error);
      const details = { pass: pass.name, invariant: text, reproducer: reproducer(context, pass, text) };
      refuse('BWC901', details, undefined, error);
    }
    const broken = verifier.verify(kept).find(v => !foreign.has(textOf(v)));
    if (broken !== undefined) {
      const text = textOf(broken);
      const details = { pass: pass.name, invariant: text, reproducer: reproducer(context, pass, text) };
      refuse('BWC901', details, broken.path);
    }
  }
}

/** Number of the invariant that operators exist at the imported opset. */
const UNKNOWN_OPERATOR = 8;

function textOf(violation: Violation): string {
  return `invariant ${violation.invariant}: ${violation.message}`;
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
