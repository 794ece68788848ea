import { describe, expect, it } from 'vitest';
import { analyse, costOf } from '../../src/blocks/index.js';
import { parse } from '../../src/ir/index.js';
import { flopsOf } from '../../src/ir/infer/index.js';
import { toy } from './toy.js';

/** Tokens, width and bytes of a float in the toy. */
const [TOKENS, WIDTH, FLOAT] = [6, 4, 4];

describe('the cost of a block', () => {
  const { flow, inferred, blocks } = analyse(parse(toy({ blocks: 3 })));
  const nodes = blocks[0]?.nodes ?? [];
  const sizes = new Map([['batch', 2]]);
  const cost = costOf(nodes, flow, inferred, sizes);

  it('counts the bytes of each weight once', () => {
    expect(cost.weightBytes).toBe(3 * WIDTH * WIDTH * FLOAT);
    expect(costOf([...nodes, ...nodes], flow, inferred, sizes).weightBytes).toBe(cost.weightBytes);
  });

  it('counts the operations of its products', () => {
    const products = nodes.filter(node => node.op === 'MatMul');
    const counted = products.reduce((sum, node) => sum + (flopsOf(node, inferred, sizes) ?? Number.NaN), 0);
    const projections = 3 * 2 * 2 * TOKENS * WIDTH * WIDTH;
    const attention = 2 * 2 * 2 * TOKENS * TOKENS * WIDTH;
    expect(counted).toBe(projections + attention);
    expect(cost.flops).toBeGreaterThanOrEqual(counted);
  });

  it('counts the bytes of what it computes', () => {
    const streams = nodes.length - 3;
    const scores = 3 - 1;
    const transposed = 1;
    expect(cost.activationBytes).toBe(
      2 * FLOAT * ((streams + transposed) * TOKENS * WIDTH + scores * TOKENS * TOKENS),
    );
  });

  it('is open where a size is', () => {
    const open = costOf(nodes, flow, inferred, new Map());
    expect(open).toEqual({ flops: undefined, weightBytes: cost.weightBytes, activationBytes: undefined });
  });
});
