import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readModel, structurallyEqual } from '../../src/index.js';
import { diffSchema } from '../../src/report/diff/index.js';
import { bwc, DIT, json, workplace } from '../cli/bwc.js';
import { withExternalWeights } from '../cli/models.js';

const folder = workplace();
const OTHER = DIT.model.replace('dynamo', 'torchscript');

describe('bwc diff', () => {
  it('exits as git does', async () => {
    expect((await bwc(['diff', DIT.model, DIT.model, '--exit-code'])).code).toBe(0);
    expect((await bwc(['diff', DIT.model, OTHER, '--exit-code', '--stat'])).code).toBe(1);
    expect((await bwc(['diff', DIT.model, OTHER, '--stat'])).code).toBe(0);
  });

  it('compares weights elsewhere by their contents', async () => {
    const copy = join(folder, 'external.onnx');
    const weights = withExternalWeights(DIT.model, copy);
    const same = json(await bwc(['diff', DIT.model, copy, '--json', '--no-delta']), diffSchema);
    expect(same.weights).toMatchObject({ changed: 0, added: 0, removed: 0 });
    expect(same.notes.stored).toBeGreaterThan(0);
    const bytes = readFileSync(weights);
    bytes[0] = (bytes[0] ?? 0) ^ 1;
    writeFileSync(weights, bytes);
    const other = json(await bwc(['diff', DIT.model, copy, '--json', '--no-delta']), diffSchema);
    expect(other.weights).toMatchObject({ changed: 1, added: 0, removed: 0 });
  });
});

describe('bwc patch', () => {
  it('makes the second model of the first', async () => {
    const [diff, made] = [join(folder, 'diff.json'), join(folder, 'made.onnx')];
    writeFileSync(diff, (await bwc(['diff', DIT.model, OTHER, '--json'])).out);
    expect((await bwc(['patch', DIT.model, diff, '-o', made])).code).toBe(0);
    expect(structurallyEqual(readModel(made), readModel(OTHER))).toEqual([]);
  });

  it.each([
    ['is no JSON', 'nothing', 'BWC120'],
    ['is something else', '{}', 'BWC120'],
  ])('refuses what %s', async (_, text, code) => {
    const path = join(folder, 'bad.json');
    writeFileSync(path, text);
    const ran = await bwc(['patch', DIT.model, path, '-o', join(folder, 'out.onnx')]);
    expect(ran).toMatchObject({ code: 1 });
    expect(ran.err).toContain(code);
  });

  it('refuses another model than the one it was made from', async () => {
    const diff = join(folder, 'wrong.json');
    writeFileSync(diff, (await bwc(['diff', OTHER, DIT.model, '--json'])).out);
    expect((await bwc(['patch', DIT.model, diff, '-o', join(folder, 'out.onnx')])).err).toContain('BWC121');
  });
});
