import { expect, it } from 'vitest';
import { explain } from '../../src/blocks/index.js';
import { parse } from '../../src/ir/index.js';
import { toy } from './toy.js';

it('counts updates, and lists the units that they were grouped into', () => {
  const { updates, units, nearest } = explain(parse(toy({ blocks: 2 })));
  expect(updates).toEqual({ 'self-attention': 2, 'feed-forward': 2 });
  expect(units).toEqual([
    { kind: 'self-attention + feed-forward', out: 's1', onLatent: true },
    { kind: 'self-attention + feed-forward', out: 's2', onLatent: true },
  ]);
  expect(nearest).toBeUndefined();
});

it('says where two neighbouring units first differ', () => {
  const { nearest } = explain(parse(toy({ blocks: 2, hidden: i => 4 + 2 * i })));
  expect(nearest).toBe('units 0 and 1: in the feed-forward, operator 0: MatMul:4x4 and MatMul:4x6');
});
