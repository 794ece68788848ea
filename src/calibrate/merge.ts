import { refuse } from '../diagnostics/index.js';
import type { BlockFits, Calibration } from '../methods/calibration.js';
import { addChange, addMoments } from './statistics.js';

/** A calibration and where it comes from. */
export interface Part {
  readonly path: string;
  readonly calibration: Calibration;
}

/**
 * What one run over all seeds would have given, in any order of the parts. Schedules were fitted to a part of the seeds
 * and are left out.
 * @throws Refusal BWC514 when the parts are not of one model, profile and layout, or share a seed
 */
export function merge(parts: readonly Part[]): Calibration {
  const [first, ...rest] = parts;
  if (first === undefined) throw new Error('nothing to merge');
  for (const part of rest) {
    const differs = difference(first.calibration, part.calibration);
    if (differs !== undefined) refuse('BWC514', { first: first.path, second: part.path, reason: differs });
  }
  const from = new Map<number, string>();
  for (const { path, calibration } of parts) {
    for (const { seed } of calibration.samples) {
      const other = from.get(seed);
      if (other !== undefined)
        refuse('BWC514', { first: other, second: path, reason: `both have seed ${seed}` });
      from.set(seed, path);
    }
  }
  return rest.reduce((sum, { calibration }) => join(sum, calibration), join(first.calibration, undefined));
}

/** The samples of both, by seed; sums added up. */
export function join(a: Calibration, b: Calibration | undefined): Calibration {
  const { schedules: _, ...rest } = a;
  return {
    ...rest,
    blocks: a.blocks.map((block, i) => {
      const other = b?.blocks[i];
      if (other === undefined) return block;
      return {
        ...block,
        streams: block.streams.map((change, j) => addChange(change, other.streams[j] ?? change)),
        branches: block.branches.map(({ kind, change }, j) => ({
          kind,
          change: addChange(change, other.branches[j]?.change ?? change),
        })),
      };
    }),
    ...(a.fits && { fits: a.fits.map((fits, i) => addFits(fits, b?.fits?.[i])) }),
    samples: [...a.samples, ...(b?.samples ?? [])].sort((x, y) => x.seed - y.seed),
  };
}

function addFits(a: BlockFits, b: BlockFits | undefined): BlockFits {
  if (b === undefined) return a;
  return {
    block: a.block.map((x, i) => addMoments(x, b.block[i] ?? x)),
    branches: a.branches.map((branch, i) => branch.map((x, j) => addMoments(x, b.branches[i]?.[j] ?? x))),
  };
}

/** Why two calibrations cannot be joined, if they cannot. */
export function difference(a: Calibration, b: Calibration): string | undefined {
  if (a.model !== b.model) return 'they are of different models';
  if (a.profile !== b.profile) return 'they were made with different profiles';
  if (JSON.stringify(a.sampler) !== JSON.stringify(b.sampler)) return 'their timesteps differ';
  const layout = ({ elements, sketch, reuses, blocks }: Calibration): string =>
    JSON.stringify([
      elements,
      sketch,
      reuses,
      blocks.map(({ group, kind, work, streams, branches }) => [
        group,
        kind,
        work,
        streams.length,
        branches.map(branch => branch.kind),
      ]),
    ]);
  return layout(a) === layout(b) ? undefined : 'they look at different tensors';
}
