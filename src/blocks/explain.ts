import type { Model } from '../ir/index.js';
import { inferTypes } from '../ir/infer/index.js';
import { assembleDrafts, type Draft, previousUpdates } from './drafts.js';
import { Flow } from './flow.js';
import { findUpdates, type Update } from './residuals.js';
import { rankRoles } from './roles.js';

/** What was found on the way to blocks, and where the nearest miss lies. */
export interface Explanation {
  /** Residual updates by kind. */
  readonly updates: Readonly<Record<string, number>>;
  /** Units that updates were grouped into, in order: kind, where each ends, and whether the latent reaches it. */
  readonly units: readonly { readonly kind: string; readonly out: string; readonly onLatent: boolean }[];
  /** Why two neighbouring units of one kind are not alike, if there are such. */
  readonly nearest: string | undefined;
}

/** Repeats the search for blocks and tells what it saw; never refuses. */
export function explain(model: Model): Explanation {
  const flow = new Flow(model.graph);
  const updates = findUpdates(flow);
  const latent = rankRoles(model, flow, inferTypes(model)).latent[0]?.value ?? model.graph.inputs[0];
  const before = previousUpdates(flow, updates);
  const drafts = latent === undefined ? [] : assembleDrafts(flow, updates, before, latent);
  const counts: Record<string, number> = {};
  for (const { kind } of updates) counts[kind] = (counts[kind] ?? 0) + 1;
  return {
    updates: counts,
    units: drafts.map(draft => ({
      kind: draft.updates.map(u => u.kind).join(' + '),
      out: draft.updates.at(-1)?.out.name ?? '',
      onLatent: latent !== undefined && draft.updates.some(u => flow.dependsOn(u.result, latent)),
    })),
    nearest: nearestMiss(drafts),
  };
}

function nearestMiss(drafts: readonly Draft[]): string | undefined {
  for (let i = 1; i < drafts.length; i++) {
    const difference = firstDifference(drafts[i - 1]?.updates ?? [], drafts[i]?.updates ?? []);
    if (difference !== undefined) return `units ${i - 1} and ${i}: ${difference}`;
  }
  return undefined;
}

/** The first operator in which two units of one shape differ. */
function firstDifference(a: readonly Update[], b: readonly Update[]): string | undefined {
  if (a.length !== b.length || a.some((u, i) => u.kind !== b[i]?.kind)) return undefined;
  for (const [i, update] of a.entries()) {
    const left = update.signature.split(' ');
    const right = b[i]?.signature.split(' ') ?? [];
    const at = left.findIndex((op, k) => op !== right[k]);
    if (at >= 0) return `in the ${update.kind}, operator ${at}: ${left[at]} and ${right[at] ?? 'nothing'}`;
  }
  return undefined;
}
