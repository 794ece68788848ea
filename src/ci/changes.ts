import type { Manifest } from '../plan/index.js';
import type { Change } from './result.js';

/** What a manifest says, row by row, and whether a client of the model would notice a change. */
function rows(manifest: Manifest): ReadonlyMap<string, { readonly text: string; readonly seen: boolean }> {
  const { inputs, outputs, knobs, signals, state, regions, cost, roles } = manifest;
  const list = (items: readonly string[]): string => items.join(', ') || 'none';
  const typed = (type: string, shape: readonly (number | string)[]): string => `${type}[${shape.join(', ')}]`;
  const seen: [string, string][] = [
    ['inputs', list(inputs)],
    ['outputs', list(outputs)],
    ['latent, timestep, prediction', list([roles.latent, roles.timestep ?? 'none', roles.prediction])],
    ['knobs', list(knobs.map(knob => `${knob.input}: ${list(knob.fields.map(field => field.name))}`))],
    ['signals', list(signals.map(signal => `${signal.output}: ${signal.name}`))],
    ['models', manifest.split === undefined ? 'one' : 'two'],
    ['state defaults', String(manifest.stateDefaults)],
  ];
  const quiet: [string, string][] = [
    ['compiler', manifest.compiler],
    ['method', manifest.method],
    ['steps', String(manifest.steps)],
    ...Object.entries(manifest.options).map(([name, value]): [string, string] => [
      `option ${name}`,
      JSON.stringify(value),
    ]),
    ...state.map((pair): [string, string] => [`state ${pair.input}`, typed(pair.type, pair.shape)]),
    ['blocks', list(regions.map(region => `${region.name}: ${list(region.blocks.map(String))}`))],
    ['added nodes', String(cost.addedNodes)],
    ['copies from the device', String(cost.deviceToHost)],
    ['original', manifest.source.sha256.slice(0, 12)],
  ];
  const row =
    (isSeen: boolean) =>
    ([what, text]: [string, string]): [string, { text: string; seen: boolean }] => [
      what,
      { text, seen: isSeen },
    ];
  return new Map([...seen.map(row(true)), ...quiet.map(row(false))]);
}

/** What changed from one release to the next. Threading state by the manifest, clients notice only what is `seen`. */
export function changesBetween(
  before: Manifest,
  after: Manifest,
): { readonly changes: Change[]; readonly seen: Change[] } {
  const [old, now] = [rows(before), rows(after)];
  const changes: Change[] = [];
  const seen: Change[] = [];
  for (const what of new Set([...old.keys(), ...now.keys()])) {
    const [a, b] = [old.get(what), now.get(what)];
    if (a?.text === b?.text) continue;
    const change = { what, before: a?.text ?? 'none', after: b?.text ?? 'none' };
    changes.push(change);
    if (a?.seen === true || b?.seen === true) seen.push(change);
  }
  return { changes, seen };
}
