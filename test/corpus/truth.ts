import { readFileSync } from 'node:fs';
import type { Analysis, Block } from '../../src/blocks/index.js';
import type { Value } from '../../src/ir/index.js';

/** `NAME.truth.json`, as fixtures/export/corpus.py writes it beside each model. */
export interface Truth {
  readonly family: string;
  readonly exporter: string;
  /** Which dimensions the exporter kept dynamic: full, batch or static. */
  readonly dynamic: string;
  readonly limits: string;
  /** What it is instead of a diffusion transformer; such a model has no other fields. */
  readonly refused?: string;
  readonly latent: string;
  readonly timestep: string;
  readonly prediction: string;
  readonly groups: readonly { readonly kind: string; readonly count: number }[];
  readonly blocks: readonly TrueBlock[];
  /** Per block and stream: the values that hold what the block returned; none where that is dead. */
  readonly boundaries: readonly (readonly (readonly string[])[])[];
  /** Per block: the values that hold all its streams as one tensor. */
  readonly joined: readonly (readonly string[])[];
}

interface TrueBlock {
  readonly group: number;
  readonly streams: number;
  readonly branches: readonly string[];
  /** Branches between this block and the one before, which may be counted to this one. */
  readonly lead?: readonly string[];
  /** Outputs of earlier blocks that it reads by long skips. */
  readonly reads?: number;
}

export function readTruth(path: string): Truth {
  return JSON.parse(readFileSync(path, 'utf8')) as Truth;
}

/** What a value was called before names were taken away. */
export type Names = (value: Value) => string;

/** Where an analysis differs from the truth, in words; nothing when it is right. */
export function differences(analysis: Analysis, truth: Truth, nameOf: Names): string[] {
  return [...roleDifferences(analysis, truth, nameOf), ...blockDifferences(analysis, truth, nameOf)];
}

function roleDifferences({ roles }: Analysis, truth: Truth, nameOf: Names): string[] {
  return (['latent', 'timestep', 'prediction'] as const).flatMap(role => {
    const value = roles[role]?.value;
    const found = value === undefined ? 'none' : nameOf(value);
    return found === truth[role] ? [] : [`${role} is ${truth[role]}, found ${found}`];
  });
}

function blockDifferences({ blocks }: Analysis, truth: Truth, nameOf: Names): string[] {
  if (blocks.length !== truth.blocks.length) {
    return [`${truth.blocks.length} blocks (${counted(truth)}), found ${blocks.length}: ${runs(blocks)}`];
  }
  const wrong: string[] = [];
  const labels: string[] = [];
  for (const [i, block] of blocks.entries()) {
    const real = truth.blocks[i];
    if (real === undefined) continue;
    const branches = block.branches.map(b => b.kind).join(' + ');
    const plain = real.branches.join(' + ');
    const led = [...(real.lead ?? []), ...real.branches].join(' + ');
    if (branches !== plain && branches !== led) wrong.push(`block ${i} is ${plain}, found ${branches}`);
    labels.push(`${real.group} ${branches === plain ? '' : 'led'}`);
    wrong.push(...streamDifferences(i, block, real, truth, nameOf));
  }
  const found = byFirstUse(blocks.map(b => b.group));
  const expected = byFirstUse(labels);
  if (found.join() !== expected.join())
    wrong.push(`groups are ${expected.join(' ')}, found ${found.join(' ')}`);
  return wrong;
}

function streamDifferences(i: number, block: Block, real: TrueBlock, truth: Truth, nameOf: Names): string[] {
  const outs = block.streams.flatMap(s => (s.out === undefined ? [] : [nameOf(s.out)]));
  const held = (truth.boundaries[i] ?? []).filter((names, stream) => stream === 0 || names.length > 0);
  const [primary, ...others] = held;
  if (primary === undefined || primary.length === 0) return [];
  const joined = truth.joined[i] ?? [];
  if (outs.length === 1 && real.streams > 1 && joined.includes(outs[0] ?? '')) return [];
  const wrong: string[] = [];
  if (!primary.includes(outs[0] ?? ''))
    wrong.push(`block ${i} ends at ${primary.join(' = ')}, found ${outs[0] ?? 'nothing'}`);
  for (const [stream, names] of others.entries()) {
    const out = outs[stream + 1];
    if (out === undefined || !names.includes(out)) {
      wrong.push(
        `stream ${stream + 1} of block ${i} ends at ${names.join(' = ')}, found ${out ?? 'nothing'}`,
      );
    }
  }
  if (outs.length > held.length)
    wrong.push(`block ${i} has ${held.length} live streams, found ${outs.length}: ${outs.join(', ')}`);
  const reads = block.streams.length - real.streams;
  if (reads < 0 || reads > (real.reads ?? 0)) {
    const ins = block.streams.map(s => nameOf(s.in)).join(', ');
    wrong.push(`block ${i} has ${real.streams} streams, found ${block.streams.length}: ${ins}`);
  }
  return wrong;
}

/** An analysis as text, in original names: equal for a model and for the same model without names. */
export function portrait({ roles, groups, blocks }: Analysis, nameOf: Names): string {
  return JSON.stringify({
    roles: [roles.latent, roles.timestep, roles.prediction].map(role => role && nameOf(role.value)),
    groups,
    blocks: blocks.map(b => ({
      group: b.group,
      branches: b.branches.map(branch => branch.kind),
      streams: b.streams.map(s => [nameOf(s.in), s.out && nameOf(s.out)]),
      nodes: b.nodes.length,
    })),
  });
}

/** Blocks of a kind in a row, folded: `3 x a + b, 5 x c`. */
export function runs(blocks: readonly Block[]): string {
  const folded: { kind: string; count: number }[] = [];
  for (const block of blocks) {
    const kind = block.branches.map(b => b.kind).join(' + ');
    const last = folded.at(-1);
    if (last?.kind === kind) last.count++;
    else folded.push({ kind, count: 1 });
  }
  return folded.map(r => `${r.count} x ${r.kind}`).join(', ');
}

export function counted(truth: Truth): string {
  return truth.groups.map(g => `${g.count} ${g.kind}`).join(', ');
}

function byFirstUse(labels: readonly (string | number)[]): number[] {
  const order = [...new Set(labels)];
  return labels.map(label => order.indexOf(label));
}
