import { describe, expect, it } from 'vitest';
import { compile } from '../../src/compile.js';
import { denoise } from '../../src/runtime/index.js';
import { defined, FIXTURES, type Fixture, read } from '../blocks/fixtures.js';
import { build, open, profileOf } from '../decisions/compiled.js';

const fixture = (title: string): Fixture => defined(FIXTURES.find(f => f.title === title));

/** What was measured at each step of a generation. */
async function values(of: Fixture, set: Readonly<Record<string, unknown>>): Promise<readonly number[]> {
  const model = await open(build(of, { method: 'seacache', steps: 6, set }));
  const found: number[] = [];
  for await (const { signals } of denoise(model, profileOf(of, { steps: 6 }), 100))
    found.push(signals?.value ?? Number.NaN);
  await model.close();
  return found;
}

describe('the grid of tokens', () => {
  it.each([
    ['tiny-video-dit.torchscript', '8x4x4'],
    ['dit.dynamo', '4x4'],
    ['latte.torchscript', '4x4'],
    ['sd3.dynamo', '4x4'],
    ['sd3.torchscript', '4x4'],
    ['wan.dynamo', '3x4x4'],
    ['wan.torchscript', '3x4x4'],
  ])('of %s is found: measured is what %s gives', async (title, grid) => {
    const told = await values(fixture(title), { grid });
    const found = await values(fixture(title), {});
    const other = await values(fixture(title), { grid: '2x2x4' });
    found.forEach((x, i) => {
      expect(Math.abs(x - defined(told[i]))).toBeLessThanOrEqual(1e-5 * x);
    });
    expect(found).not.toEqual(other);
  });

  it.each(['flux.dynamo', 'flux.torchscript'])('of %s, which takes packed latents, must be said', title => {
    expect(() => compile(read(fixture(title)), { method: 'seacache' })).toThrow('BWC221');
  });
});
