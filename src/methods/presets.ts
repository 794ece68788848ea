import { isDeepStrictEqual } from 'node:util';
import { type Diagnostic, diagnostic, refuse } from '../diagnostics/index.js';
import type { ModelFacts } from './facts.js';
import type { ConfiguredMethod } from './method.js';

/** What tells a published model from others. */
interface Structure {
  /** Blocks of each series, in order; a series of one at an end counts to its neighbour. */
  readonly series: readonly number[];
  /** Channels of the stream. */
  readonly width: number;
  /** Branches of the first block, where other models have as many blocks of that width. */
  readonly branches?: number;
}

/**
 * Models that authors published settings for, and their structure where it is known; several can share one. From the
 * models' published configurations.
 */
const STRUCTURES = {
  flux: { series: [19, 38], width: 3072 },
  tangoflux: { series: [6, 18], width: 1024 },
  'hunyuan-video': { series: [20, 40], width: 3072 },
  'qwen-image': { series: [60], width: 3072 },
  mochi: { series: [48], width: 3072 },
  'ltx-video': { series: [28], width: 2048 },
  'wan-1.3b': { series: [30], width: 1536 },
  'wan-14b': { series: [40], width: 5120 },
  'wan-i2v-480p': { series: [40], width: 5120 },
  'wan-i2v-720p': { series: [40], width: 5120 },
  'cogvideox-2b': { series: [30], width: 1920 },
  'cogvideox-5b': { series: [42], width: 3072 },
  'cogvideox1.5-5b': { series: [42], width: 3072 },
  'cogvideox1.5-5b-i2v': { series: [42], width: 3072 },
  consisid: { series: [42], width: 3072 },
  cosmos: { series: [28], width: 4096 },
  'dit-xl': { series: [28], width: 1152, branches: 2 },
  latte: { series: [28, 28], width: 1152 },
  'open-sora': { series: [28, 28], width: 1152 },
  'open-sora-plan': undefined,
  'stable-audio': { series: [24], width: 1536 },
  hidream: undefined,
  lumina: undefined,
  lumina2: undefined,
} as const satisfies Record<string, Structure | undefined>;

export type KnownModel = keyof typeof STRUCTURES;

/** For each model that it has settings for: options as a user would give them. */
export type Presets = Readonly<Partial<Record<KnownModel, Readonly<Record<string, string | number>>>>>;

/**
 * The method with the settings that were published for this model: of the one named; `none` takes none; without a name, of
 * the one whose structure the model has. What the caller set stays. Refuses names it has no settings for (BWC310).
 */
export function withPreset(
  configured: ConfiguredMethod,
  facts: ModelFacts,
  wanted: string | undefined,
): { configured: ConfiguredMethod; diagnostics: readonly Diagnostic[] } {
  const { name: method, presets = {} } = configured.method;
  const known = Object.entries(presets);
  if (wanted === 'none') return { configured, diagnostics: [] };
  if (wanted !== undefined) {
    const [, settings] =
      known.find(([name]) => name === wanted) ??
      refuse('BWC310', { method, name: wanted, known: known.map(([name]) => name).join(', ') || 'none' });
    return { configured: configured.over(settings), diagnostics: [] };
  }
  const fitting = known.filter(([name]) => fits(STRUCTURES[name as KnownModel], facts));
  const [first, ...others] = fitting;
  if (first === undefined) return { configured, diagnostics: [] };
  const names = fitting.map(([name]) => name).join(', ');
  if (others.some(([, settings]) => !isDeepStrictEqual(settings, first[1])))
    return { configured, diagnostics: [diagnostic('BWC312', { method, names })] };
  return { configured: configured.over(first[1]), diagnostics: [diagnostic('BWC311', { method, names })] };
}

function fits(structure: Structure | undefined, facts: ModelFacts): boolean {
  return (
    structure !== undefined &&
    structure.width === facts.width &&
    isDeepStrictEqual(structure.series, seriesOf(facts)) &&
    (structure.branches === undefined || structure.branches === facts.blocks[0]?.branches.length)
  );
}

/** Blocks of each group, in order; a lone first or last block, which often differs a little, counts to its neighbours. */
function seriesOf({ blocks }: ModelFacts): number[] {
  const counts = new Map<number, number>();
  for (const { group } of blocks) counts.set(group, (counts.get(group) ?? 0) + 1);
  const series = [...counts.values()];
  if (series.length > 1 && series.at(-1) === 1) series.splice(-2, 2, (series.at(-2) ?? 0) + 1);
  if (series.length > 1 && series[0] === 1) series.splice(0, 2, (series[1] ?? 0) + 1);
  return series;
}
