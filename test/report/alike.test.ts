import { describe, expect, it } from 'vitest';
import { alike, moreText, tallied, withoutNumbers } from '../../src/report/alike.js';

describe('what is alike', () => {
  it('is shown once, where it comes first, with how many there are', () => {
    const names = ['block-0.attention', 'block-0.mlp', 'block-1.attention', 'block-12.attention'];
    expect(alike(names, withoutNumbers)).toEqual([
      { first: 'block-0.attention', count: 3 },
      { first: 'block-0.mlp', count: 1 },
    ]);
    expect([1, 3].map(moreText)).toEqual(['', ' (+ 2 like it)']);
  });

  it('is counted in a sum', () => {
    expect(tallied(['a', 'b', 'a'])).toEqual(['2 × a', 'b']);
  });
});
