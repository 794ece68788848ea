import { refuse } from '../diagnostics/index.js';
import { isFloat, type Model, type Node, type Value } from '../ir/index.js';
import { evaluate, flopsOf, type Inferred } from '../ir/infer/index.js';
import type { Block, BlockGroup } from './blocks.js';
import type { Flow } from './flow.js';
import type { Update } from './residuals.js';
import type { RoleHints, Roles } from './roles.js';

/** Below this share of a step's operations the blocks are not what the model is made of. */
const LEAST_SHARE = 0.5;

/** Size taken for dimensions that are open, where only a share matters. */
const TYPICAL = 16;

/** Refuses models without a latent to read: only token numbers come in (BWC211, or BWC216 for one that writes text). */
export function refuseTextModel(model: Model, inferred: Inferred): void {
  const inputs = realInputs(model);
  const floats = inputs.some(v => {
    const elem = inferred.elemOf(v);
    return elem === undefined || isFloat(elem);
  });
  if (floats || inputs.length === 0) return;
  const names = inputs.map(v => v.name).join(', ');
  const scores = model.graph.outputs.find(v => scoresTokens(v, inputs, inferred));
  if (scores === undefined) refuse('BWC211', { inputs: names });
  refuse('BWC216', { inputs: names, output: scores.name });
}

/** True for an output as wide as a table that the inputs are looked up in: it scores each token of a vocabulary. */
function scoresTokens(output: Value, inputs: readonly Value[], inferred: Inferred): boolean {
  const width = inferred.shapeOf(output)?.at(-1);
  if (typeof width !== 'number') return false;
  return inputs.some(input =>
    [...input.users].some(user => {
      const table = 'op' in user && user.op === 'Gather' ? user.inputs[0] : undefined;
      return table !== undefined && table !== input && inferred.shapeOf(table)?.[0] === width;
    }),
  );
}

/**
 * Refuses a model in which no block repeats that attends: one of convolutions (BWC218), a single block (BWC217), or
 * anything else without like blocks (BWC201).
 */
export function refuseUnrepeated(
  flow: Flow,
  updates: readonly Update[],
  blocks: readonly Block[],
  groups: readonly BlockGroup[],
): void {
  const repeated = blocks.filter(b => (groups[b.group]?.count ?? 0) >= 2);
  if (repeated.some(attends)) return;
  if (updates.length === 0) refuse('BWC201', { found: 'no residual update with a weight in it' });
  const convolving = updates.filter(u =>
    u.cone.every(node => node.op === 'Conv' || !flow.isProjection(node)),
  ).length;
  if (2 * convolving > updates.length) refuse('BWC218', { convolving, all: updates.length });
  if (repeated.length > 0) return;
  const [only, ...more] = blocks;
  if (only !== undefined && more.length === 0) refuse('BWC217', { kind: only.kind });
  const found = `${updates.length} residual update${updates.length === 1 ? '' : 's'}`;
  const why = blocks.length === 0 ? 'none on the way of the latent' : 'no two blocks alike';
  refuse('BWC201', { found: `${found}, ${why}` });
}

function attends(block: Block): boolean {
  return block.branches.some(branch => branch.kind !== 'feed-forward');
}

/**
 * Refuses what has blocks but is no denoiser: nothing comes out like what went in (BWC212), no input tells the step
 * (BWC213), or the blocks are the lesser part of a step (BWC214). A role that the caller names is taken on trust.
 */
export function refuseOthers(
  model: Model,
  flow: Flow,
  inferred: Inferred,
  roles: Roles,
  hints: RoleHints,
  blocks: readonly Block[],
): void {
  const { latent, prediction } = roles;
  const from = inferred.shapeOf(latent.value);
  const to = inferred.shapeOf(prediction.value);
  if (hints.latent === undefined && from && to && from.length !== to.length) {
    refuse('BWC212', { output: prediction.value.name, input: latent.value.name });
  }
  if (hints.timestep === undefined && roles.timestep === undefined) {
    refuse('BWC213', {
      inputs: realInputs(model)
        .map(v => v.name)
        .join(', '),
    });
  }
  refuseUNet(flow, inferred, blocks);
  const inBlocks = new Set(blocks.flatMap(b => b.nodes));
  const binding = typicalSizes(model, inferred);
  let all = 0;
  let covered = 0;
  for (const node of model.graph.nodes) {
    const flops = flopsOf(node, inferred, binding);
    if (flops === undefined) return;
    all += flops;
    if (inBlocks.has(node)) covered += flops;
  }
  if (all > 0 && covered < LEAST_SHARE * all) {
    const share = `${Math.round((100 * covered) / all)} %`;
    refuse('BWC214', { share, blocks: `${blocks.length} transformer blocks` });
  }
}

/** Refuses streams whose width convolutions change, and convolutions as units of their own between the blocks. */
function refuseUNet(flow: Flow, inferred: Inferred, blocks: readonly Block[]): void {
  const attending = blocks.filter(attends);
  const widths = new Set(attending.map(b => b.streams[0] && inferred.shapeOf(b.streams[0].in)?.at(-1)));
  widths.delete(undefined);
  if (widths.size > 1 && convolvesBetween(flow, attending))
    refuse('BWC215', { found: `its stream is ${[...widths].join(' and then ')} wide` });
  const convolving = blocks.filter(b => {
    const projections = b.branches.flatMap(br => br.update.cone.filter(n => flow.isProjection(n)));
    return !attending.includes(b) && projections.every(n => n.op === 'Conv');
  });
  if (convolving.length > 0) {
    refuse('BWC215', { found: `${convolving.length} of its units between the blocks are convolutions` });
  }
}

/** True where a convolution runs after the first of the blocks has begun and before the last one has ended. */
function convolvesBetween(flow: Flow, blocks: readonly Block[]): boolean {
  const at = (node: Node | undefined): number => (node && flow.position.get(node)) ?? 0;
  const nodes = blocks.flatMap(b => b.nodes);
  const [from, to] = [at(nodes[0]), at(nodes.at(-1))];
  return flow.graph.nodes.slice(from, to).some(node => node.op === 'Conv' && flow.isProjection(node));
}

function realInputs(model: Model): Value[] {
  return model.graph.inputs.filter(v => v.initializer === undefined);
}

/** A size for every symbol of the inputs' shapes. */
function typicalSizes(model: Model, inferred: Inferred): Map<string, number> {
  const sizes = new Map<string, number>();
  for (const input of realInputs(model)) {
    for (const dim of inferred.shapeOf(input) ?? []) {
      if (typeof dim === 'string' && evaluate(dim, sizes) === undefined) sizes.set(dim, TYPICAL);
    }
  }
  return sizes;
}
