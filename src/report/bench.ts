import type { Bench, Decision, SeedBench } from '../runtime/index.js';
import { pairs, table } from './table.js';
import { bytesText, decimal, milliseconds, percent, type Screen } from './text.js';

type SeedFacts = Omit<SeedBench, 'original' | 'compiled'>;

/** What `bwc bench --json` prints: a bench without the latents. `psnr` is null where they are equal. */
export type BenchFacts = Omit<Bench, 'seeds' | 'psnr'> & {
  readonly psnr: number | null;
  readonly seeds: readonly (Omit<SeedFacts, 'psnr'> & { readonly psnr: number | null })[];
};

export function benchFacts({ seeds, ...bench }: Bench): BenchFacts {
  const finite = (x: number): number | null => (Number.isFinite(x) ? x : null);
  return {
    ...bench,
    psnr: finite(bench.psnr),
    seeds: seeds.map(({ seed, decisions, computed, baselineMs, compiledMs, stepMs, psnr, ssim }) => ({
      seed,
      decisions,
      computed,
      baselineMs,
      compiledMs,
      stepMs,
      psnr: finite(psnr),
      ssim,
    })),
  };
}

const MARKS: Readonly<Record<Decision, string>> = { computed: '#', partial: '+', reused: '.' };

/** One character a step: `##....#` where `#` is computed and `.` reused. */
export function stripText(decisions: readonly Decision[]): string {
  return decisions.map(d => MARKS[d]).join('');
}

/** `bwc bench` for people. */
export function benchText(bench: Bench, screen: Screen): string {
  const { perStep, memory } = bench;
  const count = (x: number): string => decimal(x, Number.isInteger(x) ? 0 : 1);
  const overhead =
    bench.computeOverhead === null ? '' : `, ${signed(bench.computeOverhead - 1)} against the original`;
  const reusedShare =
    perStep.reused === null ? '' : `, ${percent(perStep.reused / perStep.original)} of the original`;
  const from = bench.boundFrom === 'rest' ? 'what lies around the blocks' : 'the reused steps themselves';
  return [
    `${screen.paint('bold', `${bench.steps} steps: ${count(bench.computed)} computed, ${count(bench.reused)} reused`)}\n`,
    strips(bench, screen),
    '\n',
    pairs(
      [
        ['original step', milliseconds(perStep.original)],
        ['computed step', `${milliseconds(perStep.computed)}${overhead}`],
        ['reused step', `${milliseconds(perStep.reused)}${reusedShare}`],
        ...(perStep.rest === null ? [] : [['rest alone', milliseconds(perStep.rest)] as const]),
        ['generation', `${milliseconds(bench.baselineMs)} → ${milliseconds(bench.compiledMs)}`],
        [
          'speed-up',
          `${screen.paint('green', `${decimal(bench.speedup, 2)} ×`)}; half of the generations ${decimal(bench.spread.low, 2)} to ${decimal(bench.spread.high, 2)} ×`,
        ],
        [
          'ideal',
          `${decimal(bench.ideal, 2)} × if a reused step cost nothing; reached ${percent(bench.speedup / bench.ideal)}`,
        ],
        ['bound', `${decimal(bench.bound, 2)} × if it cost ${from}; reached ${percent(bench.efficiency)}`],
        ['PSNR', Number.isFinite(bench.psnr) ? `${decimal(bench.psnr, 1)} dB` : 'the results are equal'],
        ['SSIM', decimal(bench.ssim, 4)],
        ['state', bytesText(bench.stateBytes)],
        ...(memory.original === null || memory.compiled === null
          ? []
          : [['memory', `${bytesText(memory.original)} → ${bytesText(memory.compiled)}`] as const]),
      ],
      screen,
    ),
  ].join('');
}

function strips({ seeds }: Bench, screen: Screen): string {
  return table(
    [
      { head: 'seed', align: 'right' },
      { head: 'steps: # computed, . reused' },
      { head: 'PSNR', align: 'right' },
      { head: 'SSIM', align: 'right' },
    ],
    seeds.map(s => [`${s.seed}`, stripText(s.decisions), decimal(s.psnr, 1), decimal(s.ssim, 4)]),
    screen,
  );
}

function signed(share: number): string {
  return `${share < 0 ? '' : '+'}${percent(share)}`;
}
