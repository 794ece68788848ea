import { mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { checkExternalData, readModel } from '../../src/index.js';
import { bwc, DIT, diagnostics, json, type Ran, workplace } from './bwc.js';
import { withExternalWeights } from './models.js';

const at = workplace();
const model = join(at, 'in/model.onnx');
const said = z.object({ ok: z.boolean(), diagnostics });
let weights = '';

beforeAll(() => {
  mkdirSync(join(at, 'in'));
  weights = withExternalWeights(DIT.model, model);
});

const compile = (output: string, ...more: string[]): Promise<Ran> => {
  mkdirSync(join(at, output, '..'), { recursive: true });
  return bwc(['compile', model, '-o', join(at, output), '--steps', '30', '--json', ...more]);
};

const codes = (ran: Ran): string[] => json(ran, said).diagnostics.map(d => d.code);

describe('weights in another file', () => {
  it('stay there when the output is beside them', async () => {
    const ran = await compile('in/out.onnx', '--checksum');
    expect(ran.code, ran.err).toBe(0);
    expect(codes(ran)).toEqual(['BWC115']);
    expect(readdirSync(join(at, 'in')).sort()).toEqual([
      'model.onnx',
      'out.onnx',
      'out.onnx.json',
      'weights.bin',
    ]);
    checkExternalData(readModel(join(at, 'in/out.onnx')), join(at, 'in/out.onnx'));
  });

  it.each(['copy', 'link'])('go along to another folder by %s', async how => {
    expect((await compile(`${how}/out.onnx`)).code).toBe(2);
    const ran = await compile(`${how}/out.onnx`, '--weights', how);
    expect(ran.code, ran.err).toBe(0);
    const there = join(at, how, 'weights.bin');
    expect(readdirSync(join(at, how)).sort()).toEqual(['out.onnx', 'out.onnx.json', 'weights.bin']);
    expect(readFileSync(there).equals(readFileSync(weights))).toBe(true);
    expect(statSync(there).ino === statSync(weights).ino).toBe(how === 'link');
    checkExternalData(readModel(join(at, how, 'out.onnx')), join(at, how, 'out.onnx'));
  });

  it('come into the output', async () => {
    const ran = await compile('embed/out.onnx', '--weights', 'embed');
    expect(ran.code, ran.err).toBe(0);
    expect(readdirSync(join(at, 'embed')).sort()).toEqual(['out.onnx', 'out.onnx.json']);
    const stripped = join(at, 'embed/back.onnx');
    expect((await bwc(['strip', join(at, 'embed/out.onnx'), '-o', stripped])).code).toBe(0);
    expect(statSync(stripped).size).toBeGreaterThan(statSync(weights).size);
  });

  it('are compared with their checksums where that is asked for', async () => {
    const [folder, sha1] = [join(at, 'changed'), 'a9993e364706816aba3e25717850c26c9cd0d89d'];
    mkdirSync(folder);
    const input = join(folder, 'model.onnx');
    withExternalWeights(DIT.model, input, sha1);
    const args = ['compile', input, '-o', join(folder, 'out.onnx'), '--steps', '30', '--json'];
    const refused = await bwc([...args, '--checksum']);
    expect([refused.code, codes(refused)]).toEqual([1, ['BWC113']]);
    expect(readdirSync(folder).sort()).toEqual(['model.onnx', 'weights.bin']);
    expect((await bwc(args)).code).toBe(0);
  });

  it('may be one of four things', async () => {
    const ran = await compile('in/other.onnx', '--weights', 'move');
    expect(ran.code).toBe(2);
    expect(codes(ran)).toEqual(['BWC304']);
  });
});
