import { isFloat, type Model, type Value } from '../ir/index.js';
import type { Inferred } from '../ir/infer/index.js';
import type { Flow } from './flow.js';
import { sinesOf } from './sines.js';

/** What a graph input or output is for, and why we think so. */
export interface Role {
  readonly value: Value;
  readonly reason: string;
}

/** An input that is neither the latent nor the timestep. */
export interface InputRole extends Role {
  readonly role: 'guidance' | 'position' | 'mask' | 'condition';
}

export interface Roles {
  readonly latent: Role;
  /** Absent when no input is embedded by sines and cosines. */
  readonly timestep: Role | undefined;
  readonly prediction: Role;
  readonly others: readonly InputRole[];
}

/** Names given on the command line; they win over what the structure says. */
export interface RoleHints {
  readonly latent?: string | undefined;
  readonly timestep?: string | undefined;
  /** An output. */
  readonly prediction?: string | undefined;
  readonly guidance?: string | undefined;
}

export interface RoleCandidates {
  readonly latent: readonly Role[];
  readonly timestep: readonly Role[];
  readonly prediction: Role | undefined;
}

/**
 * Ranks the inputs. The latent is the float input shaped most like an output that depends on it; the timestep is
 * the input of one or two dimensions that is embedded by sines and cosines.
 * @param outputs those that may be the prediction
 */
export function rankRoles(
  model: Model,
  flow: Flow,
  inferred: Inferred,
  outputs: readonly Value[] = model.graph.outputs,
): RoleCandidates {
  const inputs = model.graph.inputs.filter(v => v.initializer === undefined);
  let best: { latent: Role; prediction: Role; score: number }[] = [];
  for (const output of outputs) {
    const to = inferred.shapeOf(output);
    for (const input of inputs) {
      const elem = inferred.elemOf(input);
      const from = inferred.shapeOf(input);
      if (elem === undefined || !isFloat(elem) || from === undefined || from.length < 2) continue;
      if (!flow.dependsOn(output, input)) continue;
      const equal =
        to?.length === from.length ? from.filter((d, i) => d !== undefined && d === to[i]).length : -1;
      const score = equal * 10 + from.length;
      const latent = {
        value: input,
        reason: `${equal} of ${from.length} dimensions equal those of ${output.name}`,
      };
      best.push({ latent, prediction: { value: output, reason: `shaped like ${input.name}` }, score });
    }
  }
  best = best.sort((a, b) => b.score - a.score);
  const timestep = inputs
    .filter(v => (inferred.shapeOf(v)?.length ?? 9) <= 2 && sinesOf(flow, v) === 'embedded')
    .map(value => ({ value, reason: 'embedded by sines and cosines before any weight' }));
  return { latent: best.map(b => b.latent), timestep, prediction: best[0]?.prediction };
}

/** What an input is for that is neither latent nor timestep. */
export function otherRole(value: Value, flow: Flow, inferred: Inferred): InputRole {
  const rank = inferred.shapeOf(value)?.length ?? 0;
  if (inferred.elemOf(value) === 'bool') return { value, role: 'mask', reason: 'boolean' };
  const sines = sinesOf(flow, value);
  if (sines === 'rotary')
    return { value, role: 'position', reason: 'only turned into sines and cosines that rotate what attends' };
  return sines === 'embedded' && rank <= 1
    ? { value, role: 'guidance', reason: 'embedded as the timestep is' }
    : { value, role: 'condition', reason: 'none of the others' };
}
