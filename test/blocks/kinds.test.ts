import { describe, expect, it } from 'vitest';
import { analyse } from '../../src/blocks/index.js';
import { parse } from '../../src/ir/index.js';
import { toy } from './toy.js';

/** A toy of three blocks with the update of its attention written anew; `h` is the stream behind it. */
function kindsOf(update: (block: number) => string): string[] {
  const text = toy({ blocks: 3 }).replaceAll(/^ h(\d) = .*$/gm, (_, i: string) => update(Number(i)));
  return analyse(parse(text)).blocks.map(b => b.branches.map(branch => branch.kind).join(' + '));
}

describe('an update with attention in it', () => {
  it('stays attention when a gate of two weights scales the result', () => {
    const gated = (i: number): string => ` l${i} = MatMul(m${i}, qkv${i})
 w${i} = Sigmoid(l${i})
 v${i} = Mul(o${i}, w${i})
 r${i} = MatMul(v${i}, qkv${i})
 h${i} = Add(s${i}, r${i})`;
    expect(kindsOf(gated)).toEqual(Array(3).fill('self-attention + feed-forward'));
  });

  it('is parallel when a feed-forward of two weights is added beside it', () => {
    const parallel = (i: number): string => ` l${i} = MatMul(m${i}, up${i})
 w${i} = Tanh(l${i})
 v${i} = MatMul(w${i}, down${i})
 r${i} = Add(o${i}, v${i})
 h${i} = Add(s${i}, r${i})`;
    expect(kindsOf(parallel)[0]).toBe('parallel');
  });
});
