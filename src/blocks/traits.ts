import type { Node, Value } from '../ir/index.js';
import type { Inferred } from '../ir/infer/index.js';
import type { Flow } from './flow.js';
import { formsOf, type Update } from './residuals.js';

/** What can be told of a branch beside its kind. */
export type Trait = 'normalised' | 'modulated' | 'experts' | 'spatial' | 'temporal';

const NORMS: ReadonlySet<string> = new Set([
  'LayerNormalization',
  'RMSNormalization',
  'SimplifiedLayerNormalization',
  'GroupNormalization',
  'InstanceNormalization',
  'com.microsoft::SkipLayerNormalization',
  'com.microsoft::SkipSimplifiedLayerNormalization',
]);

/** Operators that route tokens to experts. */
const ROUTING: ReadonlySet<string> = new Set(['TopK', 'com.microsoft::MoE', 'com.microsoft::QMoE']);

/**
 * The traits of a branch: normalised (by a fused operator or by its mean and variance), modulated by something that
 * depends on the timestep, routed to experts, and, where a stream folds frames or positions into its batch, whether it
 * attends within frames or across them.
 */
export function traitsOf(
  update: Update,
  flow: Flow,
  inferred: Inferred,
  latent: Value,
  timestep: Value | undefined,
): readonly Trait[] {
  const traits: Trait[] = [];
  const fused = formsOf(update.skip)[1];
  if (
    (fused && update.starts.includes(fused)) ||
    update.cone.some(node => NORMS.has(node.op) || node.op === 'ReduceMean')
  )
    traits.push('normalised');
  if (timestep && update.cone.some(node => isModulation(node, update, flow, timestep)))
    traits.push('modulated');
  if (update.cone.some(node => ROUTING.has(node.op))) traits.push('experts');
  const fold = update.kind === 'self-attention' ? foldOf(update.skip, inferred, latent) : undefined;
  if (fold !== undefined) traits.push(fold.kept === 'positions' ? 'spatial' : 'temporal');
  return traits;
}

/** A product or sum of the stream with what depends on the timestep and not on the stream. */
function isModulation(node: Node, update: Update, flow: Flow, timestep: Value): boolean {
  if (node.op !== 'Mul' && node.op !== 'Add') return false;
  return node.inputs.some(value => {
    if (value === undefined || formsOf(update.skip).includes(value) || !flow.dependsOn(value, timestep))
      return false;
    return value.producer === undefined || !update.cone.includes(value.producer);
  });
}

/** What a stream of a video has folded into its batch: so many frames, its positions being kept in a row, or the other way round. */
export interface Fold {
  readonly kept: 'positions' | 'frames';
  readonly by: number;
}

/** How a value [batch times frames or positions, tokens, channels] of a video is folded, if it is. */
export function foldOf(value: Value, inferred: Inferred, latent: Value): Fold | undefined {
  const video = inferred.shapeOf(latent);
  const batch = video?.[0];
  const [lead] = inferred.shapeOf(value) ?? [];
  if (video?.length !== 5 || lead === undefined || lead === batch) return undefined;
  const by = typeof lead === 'string' ? Number(/^(\d+)\*/.exec(lead)?.[1]) : lead / Number(batch);
  const frames = video.slice(1, 3);
  return Number.isNaN(by) ? undefined : { kept: frames.includes(by) ? 'positions' : 'frames', by };
}
