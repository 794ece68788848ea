import { describe, expect, it } from 'vitest';
import { structurallyEqual } from '../../src/ir/equal.js';
import { Tensor } from '../../src/ir/index.js';
import { parse } from '../../src/ir/parse.js';

const HEAD = '<ir_version: 8, opset_import: ["" : 17], metadata_props: ["k": "v"]>';
const TEXT = `${HEAD}
main (float[N,4] x, bool c) => (float[N,4] y) <float[2] w = {1, 2}, float[9] far = ["location": "w.bin", "offset": "8"]> {
  [one] a = Add <axis: int = 1> (x, w)
  b = Mul (x, far)
  [gate] y = If (c) <then_branch: graph = t () => (p) { [inner] p = Sub (a, b) }, else_branch: graph = e () => (q) { q = Neg (a) }>
}`;

const CASES: [name: string, from: string, to: string, differences: string[]][] = [
  ['input name', 'bool c', 'bool d', ['main: input 1: c and d']],
  ['input type', 'float[N,4] x', 'float[N,5] x', ['main: type of input x: float[N,4] and float[N,5]']],
  ['output', '=> (float[N,4] y)', '=> (float[N,4] y, b)', ['main: number of outputs: 1 and 2']],
  ['opset', '"" : 17', '"" : 18', ['model: opset of : 17 and 18']],
  [
    'metadata',
    '"k": "v"',
    '"k": "u", "l": "m"',
    ['model: metadata k: v and u', 'model: metadata l is only in the second'],
  ],
  ['operator', 'Neg (a)', 'Abs (a)', ['main › gate › else_branch › q: operator: Neg and Abs']],
  ['domain', 'Neg (a)', 'com.x.Neg (a)', ['main › gate › else_branch › q: operator: Neg and com.x::Neg']],
  ['node name', '[inner]', '[other]', ['main › gate › then_branch › inner: node name: inner and other']],
  ['inputs', 'Sub (a, b)', 'Sub (b, a)', ['main › gate › then_branch › inner: inputs: a, b and b, a']],
  ['attribute', 'axis: int = 1', 'axis: int = 2', ['main › one › axis: value: int 1 and int 2']],
  ['attribute kind', 'axis: int = 1', 'axis: float = 1', ['main › one › axis: value: int 1 and float 1']],
  ['attributes', '<axis: int = 1>', '', ['main › one: attribute axis is only in the first']],
  ['contents', '{1, 2}', '{1, 3}', ['main › w: contents differ']],
  ['dimensions', 'float[2] w = {1, 2}', 'float[2,1] w = {1, 2}', ['main › w: dimensions: [2] and [2,1]']],
  [
    'external range',
    '"offset": "8"',
    '"offset": "9"',
    [
      'main › far: place of the data: w.bin at 8, all bytes, checksum none and w.bin at 9, all bytes, checksum none',
    ],
  ],
  [
    'node',
    'b = Mul (x, far)',
    'b2 = Mul (x, far)',
    ['main: node b is only in the first', 'main: node b2 is only in the second'],
  ],
];

describe('structurallyEqual', () => {
  it('finds no difference between a model and itself', () => {
    expect(structurallyEqual(parse(TEXT), parse(TEXT))).toEqual([]);
  });

  it('looks past the order of nodes, initializers and attributes', () => {
    const swapped = TEXT.replace(/( {2}\[one\].*\n)( {2}b.*\n)/, '$2$1').replace(
      /<(float\[2\].*?), (float.*?\])>/,
      '<$2, $1>',
    );
    expect(swapped).not.toBe(TEXT);
    expect(structurallyEqual(parse(TEXT), parse(swapped))).toEqual([]);
  });

  it.each(CASES)('tells another %s', (_, from, to, differences) => {
    expect(TEXT).toContain(from);
    const found = structurallyEqual(parse(TEXT), parse(TEXT.replace(from, to)));
    expect(found.map(({ path, message }) => `${path}: ${message}`)).toEqual(differences);
  });

  it('tells documentation and metadata of nodes apart', () => {
    const other = parse(TEXT);
    const node = other.graph.nodes[0];
    if (node) node.docString = 'why';
    node?.metadata.set('layer', '1');
    expect(structurallyEqual(parse(TEXT), other).map(d => d.message)).toEqual([
      'documentation:  and why',
      'metadata layer is only in the second',
    ]);
  });

  it('compares an elided tensor by its hash', () => {
    const model = (contents: string) => parse(`${HEAD} main () => () <float[4] w = ${contents}> {}`);
    const tensor = Tensor.float32([1, 2, 3, 4]);
    const full = model('{1, 2, 3, 4}');
    expect([...full.graph.initializers][0]?.initializer?.bytes()).toEqual(tensor.bytes());
    expect(structurallyEqual(full, model('["elided": "ad73b9acd6e4a74b"]'))).toEqual([]);
    expect(structurallyEqual(full, model('["elided": "0000000000000000"]'))).toHaveLength(1);
  });

  it('stops at 20 differences', () => {
    const many = (prefix: string) => {
      const nodes = Array.from({ length: 30 }, (_, i) => `${prefix}${i} = Relu (x)`);
      return parse(`${HEAD} main (x) => () { ${nodes.join('\n')} }`);
    };
    expect(structurallyEqual(many('a'), many('b'))).toHaveLength(20);
  });

  it('compares functions', () => {
    const text = (
      alpha: number,
    ) => `${TEXT} <domain: "l", opset_import: ["" : 17]> f <a: float = ${alpha}> (u) => (v) {
      v = LeakyRelu <alpha: float = @a> (u)
    }`;
    expect(structurallyEqual(parse(text(1)), parse(text(1)))).toEqual([]);
    expect(structurallyEqual(parse(text(1)), parse(text(2))).map(d => d.path)).toEqual(['l::f:: › a']);
  });
});
