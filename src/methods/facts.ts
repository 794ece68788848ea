import type { Calibration } from './calibration.js';
import type { RegionDesign, Reuse } from './design.js';

/** What a method knows of the model it is compiled into: structure, never a name. */
export interface ModelFacts {
  /** Denoising steps of a generation. */
  readonly steps: number;
  readonly blocks: readonly BlockFact[];
  /** Channels of the stream that the blocks update, where known. */
  readonly width?: number;
  /** What was measured of this very model, if anything. */
  readonly calibration?: Calibration;
}

export interface BlockFact {
  /** Group of like blocks it belongs to. */
  readonly group: number;
  readonly branches: readonly BranchFact[];
  /** Whether what its attention gives lies in the frames of a video, as far as the model tells. */
  readonly frames?: true;
}

export interface BranchFact {
  readonly kind: 'self-attention' | 'joint-attention' | 'cross-attention' | 'feed-forward' | 'parallel';
  /** Attention within a frame, or across frames, where blocks of both kinds alternate. */
  readonly axis?: 'spatial' | 'temporal';
  /** Whether the graph shows the scores of its attention, of tokens to tokens of the same sequence. */
  readonly open?: true;
  /** Features of a token that its first projections read, where known. */
  readonly channels?: number;
}

/** All blocks as one region. */
export function stack(facts: ModelFacts, reuse: Reuse): readonly RegionDesign[] {
  return blockRun(facts, 0, facts.blocks.length, reuse);
}

/** Blocks `from` to `to` (excluded) as one region; none where that is empty. Negative ends count from the last. */
export function blockRun(
  { blocks }: ModelFacts,
  from: number,
  to: number,
  reuse: Reuse,
  channel = 0,
): readonly RegionDesign[] {
  const at = (i: number): number => Math.min(blocks.length, Math.max(0, i < 0 ? blocks.length + i : i));
  const span = { kind: 'blocks', from: at(from), to: at(to) } as const;
  return span.from < span.to ? [{ span, channel, reuse }] : [];
}

/** Every block, or every one of some, as a region of its own, a channel each. */
export function eachBlock(
  { blocks }: ModelFacts,
  reuse: Reuse,
  wanted: readonly number[] = blocks.map((_, i) => i),
): readonly RegionDesign[] {
  return wanted.map((block, channel) => ({
    span: { kind: 'blocks', from: block, to: block + 1 },
    channel,
    reuse,
  }));
}

/**
 * Every branch for which `channel` gives a number, as a region of its own that obeys that channel; without `channel` each
 * branch obeys its own, in order.
 */
export function eachBranch(
  { blocks }: ModelFacts,
  reuse: Reuse,
  channel?: (branch: BranchFact) => number | undefined,
): readonly RegionDesign[] {
  let own = 0;
  return blocks.flatMap(({ branches }, block) =>
    branches.flatMap((fact, branch): RegionDesign[] => {
      const obeys = channel === undefined ? own++ : channel(fact);
      return obeys === undefined ? [] : [{ span: { kind: 'branch', block, branch }, channel: obeys, reuse }];
    }),
  );
}

/** The attention of every branch that is open, without its projections, as a region of its own. */
export function eachAttention({ blocks }: ModelFacts, reuse: Reuse, channel = 0): readonly RegionDesign[] {
  return blocks.flatMap(({ branches }, block) =>
    branches.flatMap(({ open }, branch): RegionDesign[] =>
      open === true ? [{ span: { kind: 'attention', block, branch }, channel, reuse }] : [],
    ),
  );
}
