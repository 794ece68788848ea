import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { manifestSchema } from '../../src/index.js';
import { bwc, contents, DIT, diagnostics, json, type Ran, workplace } from './bwc.js';

const at = workplace();
const path = (...parts: readonly string[]): string => join(at, ...parts);
const said = z.object({ ok: z.boolean(), diagnostics });
const codes = (ran: Ran): string[] => json(ran, said).diagnostics.map(d => d.code);
let first: Ran;

const compile = (output: string, ...more: string[]): Promise<Ran> =>
  bwc(['compile', DIT.model, '-o', path(output), '--steps', '30', '--emit', 'split', '--json', ...more]);

beforeAll(async () => {
  first = await compile('dit.onnx');
});

describe('bwc compile --emit split', () => {
  it('writes two models, their weights and their manifest, and says where', () => {
    expect(first.code, first.err).toBe(0);
    const names = ['dit.compute.onnx', 'dit.onnx.data', 'dit.onnx.json', 'dit.reuse.onnx'];
    expect(readdirSync(at).sort()).toEqual(names);
    const facts = json(first, z.object({ output: z.string(), reuse: z.string(), manifest: z.string() }));
    expect(facts).toMatchObject({
      output: path('dit.compute.onnx'),
      reuse: path('dit.reuse.onnx'),
      manifest: path('dit.onnx.json'),
    });
    const manifest = manifestSchema.parse(JSON.parse(readFileSync(facts.manifest, 'utf8')));
    expect(manifest.split).toEqual({ compute: 'dit.compute.onnx', reuse: 'dit.reuse.onnx' });
    expect(manifest.signals.map(signal => signal.name)).toEqual(['computed', 'value', 'count', 'next']);
  });

  it('writes the same bytes again, and nothing on a dry run or a refusal', async () => {
    const before = contents(at);
    expect((await compile('dit.onnx')).code).toBe(0);
    expect(contents(at)).toEqual(before);
    expect((await compile('other.onnx', '--dry-run')).code).toBe(0);
    const refused = await compile('other.onnx', '--state-defaults');
    expect([refused.code, ...codes(refused)]).toEqual([2, 'BWC351']);
    expect(contents(at)).toEqual(before);
  });

  it.each(['dit.onnx.json', 'dit.compute.onnx', 'dit.reuse.onnx'])(
    'is verified and timed by %s',
    async name => {
      const profile = ['--profile', DIT.profile, '--json'];
      const verified = await bwc(['verify', DIT.model, path(name), ...profile]);
      expect(verified.code, verified.err + verified.out).toBe(0);
      expect(json(verified, z.object({ bitEqual: z.boolean() })).bitEqual).toBe(true);
      const timed = await bwc(['bench', DIT.model, path(name), '--rounds', '1', ...profile]);
      expect(timed.code, timed.err).toBe(0);
      expect(json(timed, z.object({ steps: z.number() })).steps).toBeGreaterThan(0);
    },
  );

  it.each(['dit.onnx.json', 'dit.compute.onnx', 'dit.reuse.onnx'])(
    'is stripped and given clients by %s',
    async name => {
      const stripped = path('stripped.onnx');
      expect((await bwc(['strip', path(name), '-o', stripped, '--weights', 'embed'])).code).toBe(0);
      expect(
        json(await bwc(['diff', DIT.model, stripped, '--json']), z.object({ equal: z.boolean() })),
      ).toEqual({
        equal: true,
      });
      const client = path('client.ts');
      expect((await bwc(['client', path(name), '--lang', 'ts', '-o', client])).code).toBe(0);
      expect(readFileSync(client, 'utf8')).toContain('A client of dit.onnx: bwcache, 30 steps');
      for (const made of [stripped, client]) rmSync(made);
    },
  );

  it('is not compiled again', async () => {
    const ran = await bwc(['compile', path('dit.compute.onnx'), '-o', path('x.onnx'), '--json']);
    expect([ran.code, ...codes(ran)]).toEqual([1, 'BWC206']);
  });

  it('says which half is missing, and that a manifest is of one model', async () => {
    mkdirSync(path('away'));
    renameSync(path('dit.reuse.onnx'), path('away/dit.reuse.onnx'));
    const lacking = await bwc([
      'verify',
      DIT.model,
      path('dit.onnx.json'),
      '--profile',
      DIT.profile,
      '--json',
    ]);
    expect([lacking.code, ...codes(lacking)]).toEqual([1, 'BWC431']);
    expect(lacking.out).toContain('dit.reuse.onnx');
    const single = path('single.onnx');
    expect((await bwc(['compile', DIT.model, '-o', single, '--steps', '30'])).code).toBe(0);
    const ran = await bwc(['verify', DIT.model, `${single}.json`, '--profile', DIT.profile, '--json']);
    expect([ran.code, ...codes(ran)]).toEqual([1, 'BWC431']);
  });
});
