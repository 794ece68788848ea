import { refuse } from '../diagnostics/index.js';
import type { Model } from '../ir/index.js';
import { type Inferred, inferTypes } from '../ir/infer/index.js';
import { type Block, type BlockGroup, findBlocks } from './blocks.js';
import { Flow } from './flow.js';
import { findUpdates, type Update } from './residuals.js';
import { otherRole, type Role, type RoleHints, type Roles, rankRoles } from './roles.js';
import { refuseOthers, refuseTextModel } from './suitable.js';

/** What `bwc` knows of a model before it decides anything. */
export interface Analysis {
  readonly flow: Flow;
  readonly inferred: Inferred;
  readonly roles: Roles;
  readonly groups: readonly BlockGroup[];
  readonly blocks: readonly Block[];
}

/**
 * Finds roles, streams and blocks by structure; no name is consulted unless the caller gives one as a hint.
 * Refuses with BWC201 when there are no repeated blocks, BWC203 when roles cannot be told.
 */
export function analyse(model: Model, hints: RoleHints = {}): Analysis {
  const inferred = inferTypes(model);
  const flow = new Flow(model.graph);
  const updates = findUpdates(flow);
  if (hints.latent === undefined) refuseTextModel(model, inferred);
  const roles = chooseRoles(model, flow, inferred, hints, updates);
  const { blocks, groups } = findBlocks(flow, updates, roles.latent.value);
  if (!groups.some(g => g.count >= 2)) refuse('BWC201', { found: nearestMiss(updates, blocks) });
  refuseOthers(model, flow, inferred, roles, hints, blocks);
  return { flow, inferred, roles, groups, blocks };
}

function chooseRoles(
  model: Model,
  flow: Flow,
  inferred: Inferred,
  hints: RoleHints,
  updates: readonly Update[],
): Roles {
  const ranked = rankRoles(model, flow, inferred);
  const named = (name: string | undefined, role: string): Role | undefined => {
    if (name === undefined) return undefined;
    const value = model.graph.inputs.find(v => v.name === name);
    const candidates = `inputs: ${model.graph.inputs.map(v => v.name).join(', ')}`;
    return value ? { value, reason: 'named by the caller' } : refuse('BWC203', { role, candidates });
  };
  const latent = named(hints.latent, 'latent') ?? ranked.latent[0];
  const output = model.graph.outputs[0];
  if (latent === undefined || output === undefined) {
    if (updates.length === 0) refuse('BWC201', { found: 'no residual update with a weight in it' });
    const candidates = `inputs: ${model.graph.inputs.map(v => v.name).join(', ')}`;
    return refuse('BWC203', { role: 'latent', candidates });
  }
  const timestep = named(hints.timestep, 'timestep') ?? ranked.timestep.find(r => r.value !== latent.value);
  const others = model.graph.inputs.filter(
    v => v.initializer === undefined && v !== latent.value && v !== timestep?.value,
  );
  return {
    latent,
    timestep,
    prediction: ranked.prediction ?? { value: output, reason: 'the first output' },
    others: others.map(v => otherRole(v, inferred)),
  };
}

function nearestMiss(updates: readonly Update[], blocks: readonly Block[]): string {
  if (updates.length === 0) return 'no residual update with a weight in it';
  const found = `${updates.length} residual update${updates.length === 1 ? '' : 's'}`;
  return blocks.length === 0 ? `${found}, none on the way of the latent` : `${found}, no two blocks alike`;
}
