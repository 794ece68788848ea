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

describe('a block', () => {
  /** Attention to `x`, which is no stream of the toy. */
  const across = (
    i: number,
    name: string,
    from: string,
    query: string,
  ): string => ` ${name}q = MatMul(${query}, up${i})
 ${name}k = Transpose<perm = [0,2,1]>(x)
 ${name}p = MatMul(${name}q, ${name}k)
 ${name}a = Softmax(${name}p)
 ${name}o = MatMul(${name}a, x)
 ${name} = Add(${from}, ${name}o)`;

  it('keeps a branch that repeats another than its first', () => {
    const twice = (i: number): string => ` b${i} = Add(s${i}, o${i})
${across(i, `c${i}`, `b${i}`, `b${i}`)}
${across(i, `h${i}`, `c${i}`, `c${i}`)}`;
    expect(kindsOf(twice)).toEqual(
      Array(3).fill('self-attention + cross-attention + cross-attention + feed-forward'),
    );
  });

  it('tells attention that goes on from the attention before it by what it attends to itself', () => {
    const onwards = (i: number): string => ` b${i} = Add(s${i}, o${i})
${across(i, `h${i}`, `b${i}`, `o${i}`)}`;
    expect(kindsOf(onwards)).toEqual(Array(3).fill('self-attention + cross-attention + feed-forward'));
  });
});

describe('a group', () => {
  const groupsOf = (text: string): number[] => analyse(parse(text)).blocks.map(b => b.group);
  const begins = (stream: string): string =>
    toy({ blocks: 4 })
      .replace(' m2 = ', `${stream}\n m2 = `)
      .replaceAll(/\bs2(?=, e\)|, o2\))/g, 'j');

  it('ends where a stream begins again from the latent', () => {
    expect(groupsOf(begins(' j = Concat<axis = 1>(s0, s2)'))).toEqual([0, 0, 1, 1]);
  });

  it('goes on where a stream is joined with a part of itself', () => {
    expect(groupsOf(begins(' j = Concat<axis = 1>(s2, s2)'))).toEqual([0, 0, 0, 0]);
  });
});
