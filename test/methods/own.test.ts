import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { methodNamed } from '../../cli/method-options.js';
import { compile } from '../../src/compile.js';
import { jsonMethod, jsonMethodSchema } from '../../src/methods/json-method.js';
import { defined, read, TRAINED } from '../blocks/fixtures.js';

const FOLDER = new URL('../../docs/guides/own-method/', import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), 'bwc-own-'));
const fixture = defined(TRAINED[0]);

afterAll(() => rmSync(folder, { recursive: true }));

/** A method file with this text. */
function written(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

describe('a method of one’s own', () => {
  it('is read from TypeScript, and nothing is left beside it', async () => {
    const before = readdirSync(FOLDER);
    const method = await methodNamed(join(FOLDER, 'front-half.ts'));
    expect(readdirSync(FOLDER)).toEqual(before);
    const { plan } = compile(read(fixture), { method, steps: 6, set: { interval: 3, order: 0 } });
    const half = Math.floor(fixture.truth.blocks.length / 2);
    expect(plan.regions.map(r => r.blocks)).toEqual([Array.from({ length: half }, (_, i) => i)]);
    expect(plan.decision).toEqual({ kind: 'schedule', reuse: [[false, true, true, false, true, true]] });
  });

  it('is read from JavaScript', async () => {
    const text = readFileSync(join(FOLDER, 'front-half.ts'), 'utf8');
    const index = new URL('../../dist/src/index.js', import.meta.url).href;
    const zod = import.meta.resolve('zod');
    const plain = text.replace("'bwc'", `'${index}'`).replace("'zod'", `'${zod}'`);
    if (!existsSync(new URL(index))) throw new Error('the project is built before its tests run');
    expect(await methodNamed(written('own.mjs', plain))).toMatchObject({ name: 'front-half' });
  });

  it('is read from JSON', async () => {
    const method = await methodNamed(join(FOLDER, 'middle.json'));
    const { plan } = compile(read(fixture), { method, steps: 6 });
    const last = fixture.truth.blocks.length - 1;
    expect(plan.regions.map(r => r.name)).toEqual([`blocks-1-${last - 1}`]);
    expect(plan.regions[0]?.reuse).toEqual({ of: 'residual', weights: { kind: 'taylor', order: 1 } });
    expect(plan.guards).toEqual({ warmup: 3, tail: 2, most: 4 });
  });

  it('may say of every branch, of the whole model and of steps what it likes', () => {
    const method = jsonMethod({
      name: 'two',
      regions: [
        { kind: 'branches', of: ['self-attention'], channel: 0, reuse: { of: 'output' } },
        { kind: 'branches', of: ['feed-forward'], channel: 1, reuse: { of: 'output' } },
      ],
      decision: { kind: 'schedule', reuse: [{ every: 3 }, [false, true, false, true]] },
    });
    const { plan } = compile(read(fixture), { method, steps: 6 });
    expect(plan.regions).toHaveLength(2 * fixture.truth.blocks.length);
    expect(plan.decision).toEqual({
      kind: 'schedule',
      reuse: [
        [false, true, true, false, true, true],
        [false, true, false, true, false, false],
      ],
    });
  });

  it('may keep attention outside chunks', () => {
    const method = jsonMethod({
      name: 'chunked',
      regions: [{ kind: 'attention', chunks: 4 }],
      decision: { kind: 'schedule', reuse: [{ every: 2 }] },
    });
    const { plan } = compile(read(fixture), { method, steps: 6 });
    expect(plan.regions).toHaveLength(fixture.truth.blocks.length);
    expect(plan.regions[0]?.reuse).toEqual({ of: 'output', outside: { count: 4 } });
    expect(plan.regions[0]?.features[0]?.map(state => state.name)).toEqual([
      'block-0.self-attention.core.outside',
      'block-0.self-attention.core.normaliser',
    ]);
  });

  it.each([
    ['not JSON', 'a.json', '{'],
    ['another object', 'b.json', '{"name": "b"}'],
    [
      'an unknown decision',
      'c.json',
      '{"name": "c", "regions": [{"kind": "model", "reuse": {"of": "output"}}], "decision": {"kind": "luck"}}',
    ],
    ['a module without a method', 'd.mjs', 'export const d = 1;'],
    ['a module that fails', 'e.mjs', 'throw new Error("broken");'],
    ['broken TypeScript', 'f.ts', 'export default ((;'],
  ])('refuses %s with BWC309', async (_, name, text) => {
    await expect(methodNamed(written(name, text))).rejects.toThrow('BWC309');
  });

  it('refuses a file that is not there', async () => {
    await expect(methodNamed(join(folder, 'none.ts'))).rejects.toThrow('BWC309');
  });

  it('has a published schema', () => {
    const path = new URL('../../docs/schemas/bwc.method.schema.json', import.meta.url);
    const schema: unknown = z.toJSONSchema(jsonMethodSchema, { io: 'input' });
    expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual(JSON.parse(JSON.stringify(schema)));
  });
});
