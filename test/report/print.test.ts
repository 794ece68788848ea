import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { parse, readModel } from '../../src/index.js';
import { printGraph } from '../../src/ir/index.js';
import { blocksOf, foldBlocks, inScope, sectionOf } from '../../src/report/fold.js';
import { bwc, DIT, json } from '../cli/bwc.js';

describe('folded blocks', () => {
  it('stand as one node each for all but the first of their kind', () => {
    const model = readModel(DIT.model);
    foldBlocks(model);
    const blocks = model.graph.nodes.filter(n => n.opType === 'Block');
    expect(blocks).toHaveLength(5);
    expect(blocks.every(n => n.int('like') === 0)).toBe(true);
  });
});

describe('a section', () => {
  it('names what it reads and gives', () => {
    const block = blocksOf(readModel(DIT.model))[3];
    if (block === undefined) throw new Error('there are six blocks');
    const section = sectionOf('block_3', block.nodes);
    expect(section.nodes).toHaveLength(block.nodes.length);
    expect(section.inputs.map(v => v.name)).toContain(block.streams[0]?.in.name);
    expect(section.outputs.map(v => v.name)).toEqual([block.streams[0]?.out?.name]);
    expect(printGraph(section)).toContain('block_3 (');
  });

  it('holds the nodes whose names begin so', () => {
    const found = inScope(readModel(DIT.model), 'node_MatMul');
    expect(found).toHaveLength(1);
    expect(found[0]?.nodes.length).toBeGreaterThan(0);
  });
});

describe('bwc print', () => {
  it('prints text that can be read back, folded or not', async () => {
    const whole = await bwc(['print', DIT.model]);
    const folded = await bwc(['print', DIT.model, '--fold']);
    expect(parse(whole.out).graph.nodes.length).toBeGreaterThan(
      4 * parse(folded.out).graph.nodes.length - 200,
    );
    expect(folded.out.length).toBeLessThan(whole.out.length / 2);
  });

  it.each([
    ['two ways at once', ['--fold', '--blocks', '1']],
    ['a block that is not there', ['--blocks', '99']],
    ['a scope that is not there', ['--scope', 'nowhere']],
  ])('refuses %s', async (_, options) => {
    expect(await bwc(['print', DIT.model, ...options])).toMatchObject({ code: 2, out: '' });
  });
});

describe('bwc plan', () => {
  it('shows what compile would do', async () => {
    expect((await bwc(['plan', DIT.model, '--steps', '30'])).out).toContain('██████');
    const schema = z.object({
      ok: z.literal(true),
      dryRun: z.literal(true),
      output: z.null(),
      method: z.string(),
    });
    expect(json(await bwc(['plan', DIT.model, '-m', 'bwcache-code', '--json']), schema).method).toBe(
      'bwcache-code',
    );
  });
});
