import { FEWER, type Line, UNMEASURED } from './lines.js';

/** Something that is asked of the lines of one number of steps. */
export interface Claim {
  readonly text: string;
  readonly found: string;
  readonly met: boolean;
}

/** Fidelity in decibel that `auto` is to reach, by steps and speed-up. */
const WANTED: Readonly<Record<number, readonly (readonly [speedup: number, psnr: number])[]>> = {
  30: [
    [2, 46],
    [3, 38],
    [4, 34],
    [5, 30],
  ],
  50: [
    [4, 42],
    [5, 38],
    [7, 32],
  ],
};

/** Decibel by which a prediction may be off, and by which fewer steps are to be beaten. */
const OFF = 1.5;
const AHEAD = 5;

/** Speed-up up to which fewer steps are to be beaten by so much. */
const UP_TO = 4;

/** Share of the bound. */
const SHARE = 0.95;

/** What is asked, and whether the lines show it. */
export function claims(lines: readonly Line[], steps: number): Claim[] {
  const auto = lines.filter(line => line.method === 'auto');
  const online = lines.filter(line => line.method === UNMEASURED);
  const others = lines.filter(
    // What skips nothing is the original.
    line => ![FEWER, 'auto', UNMEASURED].includes(line.method) && line.computed < steps,
  );
  const named = (method: string): Line[] => lines.filter(line => line.method === method);
  return [
    ...(WANTED[steps] ?? []).map(([speedup, wanted]): Claim => {
      const reached = fidelityAt(auto, steps / speedup);
      return {
        text: `${speedup}× at ${wanted} dB`,
        found: reached === undefined ? 'no such line' : `${decibel(reached)} dB`,
        met: reached !== undefined && reached >= wanted,
      };
    }),
    promised(auto),
    ahead('at least as good as every other method at its work', auto, others, 0),
    ahead(
      'uncalibrated, as good as First Block Cache and TeaCache',
      online,
      [...named('first-block-cache'), ...named('teacache')],
      0,
    ),
    ahead(
      `${AHEAD} dB above fewer steps up to ${UP_TO}×`,
      auto,
      named(FEWER).filter(line => line.ideal <= UP_TO + 1e-9),
      AHEAD,
    ),
    worst(named('bwcache'), {
      text: 'half the work of bwcache at its fidelity',
      of: line => -(leastFor(auto, line.psnr) ?? Number.POSITIVE_INFINITY) / line.computed,
      least: -0.5,
      tell: x => `${(-100 * x).toFixed(0)} % of its work`,
    }),
    worst(
      auto.filter(line => line.efficiency !== null),
      {
        text: `${100 * SHARE} % of the bound measured`,
        of: line => line.efficiency ?? 0,
        least: SHARE,
        tell: x => `${(100 * x).toFixed(0)} %`,
      },
    ),
  ];
}

/** Whether lines are as good, and as bad, as the calibration promised. */
export function promised(lines: readonly Line[], over = ''): Claim {
  return worst(lines, {
    text: `predicted within ${OFF} dB${over}`,
    of: line => -Math.abs((line.predicted ?? Number.NaN) - line.psnr),
    least: -OFF,
    tell: (x, { error }) => `off by ${decibel(-x)} dB, ± ${decibel(error)}`,
  });
}

/** Whether some lines do better than others by so many decibel at the work of each. */
function ahead(text: string, ours: readonly Line[], others: readonly Line[], by: number): Claim {
  const comparable = others.filter(line => fidelityAt(ours, line.computed) !== undefined);
  return worst(comparable, {
    text,
    of: line => (fidelityAt(ours, line.computed) ?? 0) - line.psnr,
    least: by,
    tell: x => `${x < 0 ? '' : '+'}${decibel(x)} dB`,
  });
}

/** The fidelity of some lines at so many computed steps, straight between two of them; undefined below all. */
function fidelityAt(lines: readonly Line[], computed: number): number | undefined {
  const sorted = lines.toSorted((a, b) => a.computed - b.computed);
  const below = sorted.findLast(line => line.computed <= computed + 1e-6);
  const above = sorted.find(line => line.computed > computed + 1e-6);
  if (below === undefined || above === undefined) return below?.psnr;
  const share = (computed - below.computed) / (above.computed - below.computed);
  return below.psnr + share * (above.psnr - below.psnr);
}

/** The least work at which some lines have so much fidelity, straight between two of them; undefined beyond all. */
function leastFor(lines: readonly Line[], fidelity: number): number | undefined {
  const sorted = lines.toSorted((a, b) => a.computed - b.computed);
  const at = sorted.findIndex(line => line.psnr >= fidelity);
  const [below, enough] = [sorted[at - 1], sorted[at]];
  if (below === undefined || enough === undefined) return enough?.computed;
  const share = (fidelity - below.psnr) / (enough.psnr - below.psnr);
  return below.computed + share * (enough.computed - below.computed);
}

interface Rule {
  readonly text: string;
  readonly of: (line: Line) => number;
  readonly least: number;
  readonly tell: (value: number, line: Line) => string;
}

/** Judged by the line that does worst. */
function worst(lines: readonly Line[], { text, of, least, tell }: Rule): Claim {
  const [line] = lines.toSorted((a, b) => of(a) - of(b));
  if (line === undefined) return { text, found: 'no lines to compare', met: false };
  const value = of(line);
  return {
    text,
    found: `${tell(value, line)} (${`${line.method} ${line.set}`.trim()})`,
    met: value >= least,
  };
}

function decibel(x: number): string {
  return x.toFixed(1);
}
