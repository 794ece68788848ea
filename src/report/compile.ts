import type { Compiled } from '../compile.js';
import type { Diagnostic } from '../diagnostics/index.js';
import type { Manifest } from '../plan/index.js';
import { alike, moreText, withoutNumbers } from './alike.js';
import { pairs, table } from './table.js';
import {
  bytesText,
  flopsText,
  milliseconds,
  percent,
  plural,
  printable,
  rangesText,
  type Screen,
  shapeText,
  tensorBytesText,
} from './text.js';

export interface CompileFacts {
  /** Path of the compiled model (of two the one that computes) and of its manifest; null when nothing was written. */
  readonly output: string | null;
  /** The other model of a split. */
  readonly reuse?: string;
  readonly manifest: string | null;
  readonly dryRun: boolean;
  readonly method: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly steps: number;
  readonly stateDefaults: boolean;
  readonly roles: Manifest['roles'];
  readonly regions: Manifest['regions'];
  readonly state: Manifest['state'];
  readonly knobs: Manifest['knobs'];
  readonly signals: Manifest['signals'];
  readonly cost: Manifest['cost'];
  readonly source: Manifest['source'];
  readonly elapsedMs: number;
  readonly diagnostics: readonly Diagnostic[];
}

export interface CompileRun {
  readonly output: string | null;
  /** Where two models were written. */
  readonly split?: { readonly reuse: string; readonly manifest: string } | undefined;
  readonly dryRun: boolean;
  readonly elapsedMs: number;
}

/** What `bwc compile --json` prints. */
export function compileFacts({ manifest, diagnostics }: Compiled, run: CompileRun): CompileFacts {
  const { method, options, steps, stateDefaults, roles, regions, state, knobs, signals, cost, source } =
    manifest;
  return {
    output: run.output,
    ...(run.split && { reuse: run.split.reuse }),
    manifest: run.output === null ? null : (run.split?.manifest ?? `${run.output}.json`),
    dryRun: run.dryRun,
    method,
    options,
    steps,
    stateDefaults,
    roles,
    regions,
    state,
    knobs,
    signals,
    cost,
    source,
    elapsedMs: run.elapsedMs,
    diagnostics,
  };
}

/** `bwc compile` for people. */
export function compileText(facts: CompileFacts, screen: Screen): string {
  const { cost } = facts;
  const saves = facts.regions.reduce<number | null>(
    (s, r) => (s === null || r.flops === null ? null : s + r.flops),
    0,
  );
  const share =
    saves === null || cost.flops === null
      ? ''
      : `, ${percent(saves / cost.flops)} of a step's ${flopsText(cost.flops)}`;
  const files = [facts.output, facts.reuse, facts.manifest].filter(path => typeof path === 'string');
  const title =
    facts.output === null
      ? 'Plan, nothing written'
      : `Compiled to ${files.map(printable).join(files.length > 2 ? ', ' : ' and ')}`;
  const options = Object.entries(facts.options).map(([name, value]) => `${name}=${valueText(value)}`);
  const rows: [string, string][] = [
    ['method', facts.method],
    ['options', options.join(', ')],
    ['steps', `${facts.steps}`],
    ['latent', printable(facts.roles.latent)],
    ['timestep', printable(facts.roles.timestep ?? 'none found')],
    ...regionRows(facts, share),
    [
      'added',
      `${plural(cost.addedNodes, 'node')}; device-to-host copies a step on CUDA: ${cost.deviceToHost}`,
    ],
    [
      'state',
      facts.stateDefaults
        ? 'optional inputs (--state-defaults)'
        : 'required inputs; a generation starts with zeros',
    ],
    ['time', milliseconds(facts.elapsedMs)],
  ];
  const state = alike(facts.state, s => `${s.type} ${shapeText(s.shape)} ${withoutNumbers(s.holds)}`).map(
    ({ first: s, count }): [string, string] => {
      const bytes = s.bytes === null ? tensorBytesText(s.type, s.shape) : bytesText(s.bytes);
      return [s.input, `${s.type} ${shapeText(s.shape)}, ${bytes}: ${s.holds}${moreText(count)}`];
    },
  );
  const knobs = facts.knobs.flatMap(k =>
    k.fields.map((f, i) => [i === 0 ? k.input : '', `[${i}]`, f.name, f.doc]),
  );
  const signals = facts.signals.map(s => [s.output, s.type, s.doc]);
  const heading = (text: string): string => `\n${screen.paint('bold', text)}\n`;
  return [
    `${screen.paint('bold', title)}\n`,
    pairs(rows, screen),
    heading('State: NAME.next of a step is NAME of the next'),
    pairs(state, screen),
    heading('Knobs: zeros mean as compiled'),
    table(
      [{ head: 'input' }, { head: 'at' }, { head: 'field' }, { head: 'meaning', gives: 'lines' }],
      knobs,
      screen,
    ),
    heading('Signals'),
    table([{ head: 'output' }, { head: 'type' }, { head: 'meaning', gives: 'lines' }], signals, screen),
  ].join('');
}

/** One region in a line; of several those that are alike, and what they save together. */
function regionRows({ regions }: CompileFacts, share: string): [string, string][] {
  const [only, ...more] = regions;
  if (only !== undefined && more.length === 0)
    return [
      ['region', `blocks ${rangesText(only.blocks)} as ${only.name}, ${plural(only.nodes, 'node')}${share}`],
    ];
  const blocks = [...new Set(regions.flatMap(r => r.blocks))];
  return [
    ['regions', `${regions.length} in blocks ${rangesText(blocks)}${share}`],
    ...alike(regions, r => `${withoutNumbers(r.name)} ${r.nodes}`).map(
      ({ first, count }): [string, string] => [
        '',
        `${first.name}, ${plural(first.nodes, 'node')}${moreText(count)}`,
      ],
    ),
  ];
}

function valueText(value: unknown): string {
  return Array.isArray(value) ? rangesText(value.map(Number)) : String(value);
}
