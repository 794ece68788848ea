import { refuse } from '../diagnostics/index.js';
import type { Model, Value } from '../ir/index.js';
import { type Inferred, inferTypes } from '../ir/infer/index.js';
import { type Block, type BlockGroup, findBlocks } from './blocks.js';
import { Flow } from './flow.js';
import { findUpdates, type Update } from './residuals.js';
import { otherRole, type Role, type RoleHints, type Roles, rankRoles } from './roles.js';
import { refuseOthers, refuseTextModel, refuseUnrepeated } from './suitable.js';

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
 * Refuses with BWC203 when roles cannot be told, and with what was found instead (BWC201, BWC211 to BWC218) when this is
 * no diffusion transformer.
 */
export function analyse(model: Model, hints: RoleHints = {}): Analysis {
  const inferred = inferTypes(model);
  const flow = new Flow(model.graph);
  const updates = findUpdates(flow);
  if (hints.latent === undefined) refuseTextModel(model, inferred);
  const roles = chooseRoles(model, flow, inferred, hints, updates);
  const { blocks, groups } = findBlocks(flow, updates, roles.latent.value);
  refuseUnrepeated(flow, updates, blocks, groups);
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
  const { inputs, outputs } = model.graph;
  const named = (name: string | undefined, role: keyof RoleHints): Role | undefined => {
    if (name === undefined) return undefined;
    const ports = role === 'prediction' ? outputs : inputs;
    const value = ports.find(v => v.name === name);
    return value ? { value, reason: 'named by the caller' } : refuse('BWC203', { role, ...listed(ports) });
  };
  const listed = (ports: readonly Value[]): { port: string; candidates: string } => ({
    port: ports === outputs ? 'output' : 'input',
    candidates: ports.map(v => v.name).join(', '),
  });
  const prediction = named(hints.prediction, 'prediction');
  const ranked = rankRoles(model, flow, inferred, prediction ? [prediction.value] : outputs);
  const latent = named(hints.latent, 'latent') ?? ranked.latent[0];
  const output = outputs[0];
  if (latent === undefined || output === undefined) {
    if (updates.length === 0) refuse('BWC201', { found: 'no residual update with a weight in it' });
    return refuse('BWC203', { role: 'latent', ...listed(inputs) });
  }
  const guidance = named(hints.guidance, 'guidance');
  const timestep =
    named(hints.timestep, 'timestep') ??
    ranked.timestep.find(r => r.value !== latent.value && r.value !== guidance?.value);
  const others = inputs.filter(
    v => v.initializer === undefined && v !== latent.value && v !== timestep?.value,
  );
  return {
    latent,
    timestep,
    prediction: prediction ?? ranked.prediction ?? { value: output, reason: 'the first output' },
    others: others.map(v =>
      guidance?.value === v ? { ...guidance, role: 'guidance' } : otherRole(v, flow, inferred),
    ),
  };
}
