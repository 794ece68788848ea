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

describe('a stream', () => {
  it('that is summed and normalised by one operator is the sum, of which branches read what is normalised', () => {
    const text = toy({ blocks: 3 })
      .replace('["" : 17]', '["" : 17, "com.microsoft" : 1]')
      .replace('<float[1] one', '<float[4] gamma = {1,1,1,1}, float[1] one')
      .replaceAll(/^ h(\d) = Add\((.*)\)$/gm, fused('h$1', 'n$1', '$2'))
      .replaceAll(/MatMul\(h(\d)/g, 'MatMul(n$1');
    const { blocks } = analyse(parse(text));
    expect(blocks.map(b => b.kind)).toEqual(Array(3).fill('self-attention + feed-forward'));
    expect(blocks.map(b => b.branches[1]?.update.skip.name)).toEqual(['h0', 'h1', 'h2']);
    expect(blocks.map(b => b.branches[1]?.update.starts.map(v => v.name))).toEqual([['n0'], ['n1'], ['n2']]);
  });

  const fused = (sum: string, normalised: string, terms: string): string =>
    ` ${normalised}, "", "", ${sum} = com.microsoft.SkipLayerNormalization(${terms}, gamma)`;

  it('that attends to itself alone is part of the block of the one that attends to both', () => {
    const { blocks } = analyse(parse(twoStreams(3)));
    expect(blocks.map(b => b.kind)).toEqual(Array(3).fill('joint-attention + feed-forward'));
    expect(blocks.map(b => b.streams.map(s => s.out?.name))).toEqual([
      ['s1', 't1'],
      ['s2', 't2'],
      ['s3', 't3'],
    ]);
  });

  /** Two halves of one latent: `t` attends to itself, `s` to both. */
  function twoStreams(count: number): string {
    const block = (i: number): string => ` tm${i} = Mul(t${i}, e)
 tq${i} = MatMul(tm${i}, qkv${i})
 tk${i} = Transpose<perm = [0,2,1]>(tq${i})
 tp${i} = MatMul(tq${i}, tk${i})
 ta${i} = Softmax(tp${i})
 to${i} = MatMul(ta${i}, tq${i})
 th${i} = Add(t${i}, to${i})
 tu${i} = MatMul(th${i}, up${i})
 tg${i} = Tanh(tu${i})
 tf${i} = MatMul(tg${i}, down${i})
 t${i + 1} = Add(th${i}, tf${i})
 both${i} = Concat<axis = 1>(q${i}, tq${i})
 k${i} = Transpose<perm = [0,2,1]>(both${i})`;
    return toy({ blocks: count })
      .replace(' s0 = Add(x, one)', ' x1 = Add(x, one)\n s0, t0 = Split<axis = 1>(x1)')
      .replaceAll(/^ k(\d) = .*$/gm, (_, i: string) => block(Number(i)))
      .replaceAll(/ o(\d) = MatMul\(a\d, q\d\)/g, ' o$1 = MatMul(a$1, both$1)')
      .replace(` y = Relu(s${count})`, ` z = Concat<axis = 1>(t${count}, s${count})\n y = Relu(z)`);
  }
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

  it('ends where the whole stream goes on beside other tokens', () => {
    const more = ' c = Concat<axis = 2>(e, e, e, e)\n j = Concat<axis = 1>(c, s2)';
    expect(groupsOf(begins(more))).toEqual([0, 0, 1, 1]);
  });

  it('ends where a stream goes on with what other blocks made of it', () => {
    const detour = ` d0 = MatMul(s2, up2)
 d1 = Relu(d0)
${['d1', 'd2'].map((from, i) => aside(from, i)).join('\n')}
 d4 = Tanh(d3)
 d5 = MatMul(d4, down2)
 j = Add(s2, d5)`;
    expect(groupsOf(begins(detour))).toEqual([0, 0, 1, 1, 2, 2]);
  });

  /** A block of its own: attention and a feed-forward. */
  const aside = (from: string, i: number): string => ` aq${i} = MatMul(${from}, qkv${i})
 ak${i} = Transpose<perm = [0,2,1]>(aq${i})
 ap${i} = MatMul(aq${i}, ak${i})
 aa${i} = Softmax(ap${i})
 ao${i} = MatMul(aa${i}, aq${i})
 ah${i} = Add(${from}, ao${i})
 au${i} = MatMul(ah${i}, up${i})
 ag${i} = Tanh(au${i})
 af${i} = MatMul(ag${i}, down${i})
 d${i + 2} = Add(ah${i}, af${i})`;

  it('goes on where other tokens take the place of a part that is cut off', () => {
    const replaced = ` c = Concat<axis = 2>(e, e, e, e)
 left, right = Split<axis = 1>(s2)
 j = Concat<axis = 1>(c, c, c, right)`;
    expect(groupsOf(begins(replaced))).toEqual([0, 0, 0, 0]);
  });

  it('goes on where a stream is joined with a part of itself', () => {
    expect(groupsOf(begins(' j = Concat<axis = 1>(s2, s2)'))).toEqual([0, 0, 0, 0]);
  });
});
