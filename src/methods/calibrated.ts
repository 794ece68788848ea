import { refuse } from '../diagnostics/index.js';
import type { Calibration } from './calibration.js';
import type { ModelFacts } from './facts.js';
import type { Table } from './schedules/index.js';

/** The calibration that a method cannot do without, or BWC308. */
export function calibrationOf(facts: ModelFacts, method: string): Calibration {
  return facts.calibration ?? refuse('BWC308', { method });
}

/**
 * Where a table of computed steps reuses. A table of another number of steps is stretched: steps that are the same
 * share of the way are alike.
 */
export function reuseFrom(table: Table, steps: number): readonly boolean[] {
  return stretched(table, steps).map(computed => !computed);
}

/** Rows by step for another number of steps. */
export function stretched<T>(rows: readonly T[], steps: number): readonly T[] {
  if (rows.length === steps) return rows;
  return Array.from({ length: steps }, (_, s) => {
    const row = rows[Math.min(rows.length - 1, Math.floor(((s + 1e-6) * rows.length) / steps))];
    if (row === undefined) throw new Error('a table has rows');
    return row;
  });
}
