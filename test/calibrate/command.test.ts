import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { bwc, contents, DIT, diagnostics, json, workplace } from '../cli/bwc.js';

const folder = workplace();
const COMMON = ['--profile', DIT.profile, '--samples', '3', '--steps', '3', '--threads', '1'];
const FITS = ['--fits', '2'];

const facts = z.object({
  ok: z.literal(true),
  steps: z.literal(3),
  seeds: z.array(z.number()),
  change: z.array(z.number().positive()).length(2),
  fits: z.number().nullable(),
  schedules: z.array(z.object({ strip: z.string(), psnr: z.number() })),
  diagnostics,
});

it('writes one file, and shards merge to the same', async () => {
  const file = (name: string): string => join(folder, `${name}.json`);
  const calibrated = (name: string, ...options: string[]) =>
    bwc(['calibrate', DIT.model, ...COMMON, ...FITS, '-o', file(name), ...options]);
  const ran = await calibrated('whole', '--json');
  expect(json(ran, facts)).toMatchObject({ seeds: [10_000, 10_001, 10_002], fits: 2 });
  expect((await calibrated('a', '--shard', '1/2')).code).toBe(0);
  expect((await calibrated('b', '--shard', '2/2')).code).toBe(0);
  const merged = await bwc(['calibrate', '--merge', file('b'), file('a'), '-o', file('merged'), '--json']);
  expect(json(merged, facts).seeds).toEqual([10_000, 10_001, 10_002]);
  expect(readFileSync(file('merged'), 'utf8')).toBe(readFileSync(file('whole'), 'utf8'));
  expect(Object.keys(contents(folder)).sort()).toEqual(['a', 'b', 'merged', 'whole'].map(file));
});

it('searches schedules, also for a calibration made before', async () => {
  const [made, refined] = ['made', 'refined'].map(name => join(folder, `${name}.json`));
  expect((await bwc(['calibrate', DIT.model, ...COMMON, '-o', String(made)])).code).toBe(0);
  const args = ['--profile', DIT.profile, '--threads', '1', '--from', String(made), '--refine', '1.5,3'];
  const ran = await bwc(['calibrate', DIT.model, ...args, '--tries', '1', '-o', String(refined), '--json']);
  expect(json(ran, facts).schedules.map(({ strip }) => strip.replaceAll('.', ''))).toEqual(['##', '#']);
});

it.each([
  ['that tries nothing', [DIT.model, ...COMMON, '--tries', '3'], 2],
  ['for no speed-up', [DIT.model, ...COMMON, '--refine', '1'], 2],
  ['from a model', [DIT.model, ...COMMON, '--refine', '2', '--from', DIT.model], 1],
  ['that fits over no step', [DIT.model, ...COMMON, '--fits', '0'], 2],
  [
    'that fits to nothing new',
    [DIT.model, ...COMMON, '--fits', '2', '--refine', '2', '--from', DIT.model],
    2,
  ],
  ['without a profile', [DIT.model], 2],
  ['of two models', [DIT.model, DIT.model, '--profile', DIT.profile], 2],
  ['of an empty shard', [DIT.model, ...COMMON, '--shard', '4/4'], 2],
  ['of a shard that is none', [DIT.model, ...COMMON, '--shard', '3/2'], 2],
  ['that merges and runs', ['--merge', DIT.model, '--steps', '3'], 2],
  ['that merges and fits', ['--merge', DIT.model, '--fits', '2'], 2],
  ['that merges a model', ['--merge', DIT.model], 1],
])('refuses a command %s', async (_, args, code) => {
  const before = contents(folder);
  const ran = await bwc(['calibrate', ...args, '-o', join(folder, 'refused.json')]);
  expect(ran.err).toMatch(/^(error|usage).*BWC\d{3}/);
  expect(ran.code).toBe(code);
  expect(contents(folder)).toEqual(before);
});
