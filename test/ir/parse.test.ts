import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { allNodes } from '../../src/ir/index.js';
import { parse, TextError } from '../../src/ir/parse.js';
import { print } from '../../src/ir/print.js';
import { verify } from '../../src/ir/verify.js';

const EVERYTHING = `<
   ir_version: 8,
   opset_import: ["" : 17, "com.microsoft" : 1],
   producer_name: "pytorch",
   producer_version: "2.13",
   domain: "bwc",
   model_version: 3,
   doc_string: "says \\"hello\\"",
   metadata_props: ["a": "1", "b": "back\\\\slash"]
>
main (float[N,128] x, bool flag, "seq", int64[?,"a + 1"] "odd/name", float16[] y, seq(optional(double[2])) s) => (float[N,10] z, float[N,10] "float") <
   float[64,10] W = ["location": "weights.bin", "offset": "4096", "length": "2560"],
   float[1000] big = ["elided": "0123456789abcdef"],
   int64[2] shape = {-1, 9223372036854775807},
   float16 half = {15360},
   bool[2] bits = {1, 0},
   double[3] d = {1e-300, -inf, nan},
   string[2] words = {"a", "b\\"c"}
> {
   [first] t = com.microsoft.FusedMatMul <alpha: float = 0.1, transA: int = 1> (x, W)
   a, "", b = "my-domain"."Odd-Op":over <axes: ints = [1, -2], betas: floats = [1, 2.5, 1e-7], s: string = "x", ss: strings = ["p", "q"], empty: ints = [], value: tensor = float[2] {1, 2}, lazy: tensor = int8[99] = ["elided": "00"], r: int = @outer, tp: type_proto = "elided", "odd name": int = 7> (t, "", shape)
   z = If (flag) <then_branch: graph = then_g () => (float[N,10] p) <
      float k = {2}
   > {
      p = Mul (t, k)
   }, else_branch: graph = else_g () => (float[N,10] q) {
      q = Identity (t)
   }>
   "float" = Identity (z)
   = Sink ("")
}
<
   domain: "local",
   overload: "v2",
   opset_import: ["" : 17]
>
f <alpha, beta: float = 1> (u) => (w) {
   w = LeakyRelu <alpha: float = @alpha> (u)
}
`;

describe('parse', () => {
  it('reads everything that print writes', () => {
    expect(print(parse(EVERYTHING))).toBe(EVERYTHING);
  });

  it('resolves names to values, inner scopes first', () => {
    const model = parse(EVERYTHING);
    const nodes = new Map(Array.from(allNodes(model.graph), node => [node.outputs[0]?.name, node]));
    const then = nodes.get('p');
    expect(then?.inputs[0]).toBe(nodes.get('t')?.outputs[0]);
    expect(then?.inputs[1]?.home?.name).toBe('then_g');
    expect(nodes.get('z')?.outputs[0]?.type).toEqual({ kind: 'tensor', elem: 'float32', shape: ['N', 10] });
    expect(nodes.get('z')?.outputs[0]?.users.next().value).toBe(nodes.get('float'));
    expect(model.names.has('first') && model.names.has('k')).toBe(true);
  });

  it('gives every call of a function its own body', () => {
    const [f] = parse(EVERYTHING).functions;
    expect(f?.body().nodes[0]?.opType).toBe('LeakyRelu');
    expect(f?.body()).not.toBe(f?.body());
    expect(f?.defaults.get('beta')).toEqual({ name: 'beta', kind: 'float', value: 1 });
  });

  it('reads the shorter forms of the grammar', () => {
    const text = `
      # a comment
      <ir_version: 10, opset_import: ["" : 21]>
      g (float[2] x = {1, 2}, float y) => (z) <float t> {
        t = Op <i = 1, f = 1.5, n = nan, s = "x", l = [1, 2], m = [1.0], w = ["a"], v = float[1] name {3}, r = @p, g = inner () => (k) { k = A () }> (x, , y,) # trailing comma
        z = Sum(t)
      }`;
    const model = parse(text);
    const node = model.graph.nodes[0];
    const kinds = Array.from(
      node?.attributes.values() ?? [],
      attribute => `${attribute.name} ${attribute.kind}`,
    );
    const expected =
      'i int, f float, n float, s string, l ints, m floats, w strings, v tensor, r reference, g graph';
    expect(kinds.join(', ')).toBe(expected);
    expect(node?.inputs.map(value => value?.name)).toEqual(['x', undefined, 'y']);
    expect(node?.outputs[0]?.type).toEqual({ kind: 'tensor', elem: 'float32', shape: [] });
    expect(model.graph.inputs[0]?.initializer?.numbers()).toEqual([1, 2]);
    expect(model.graph.outputs[0]?.type).toBeUndefined();
  });

  it('refuses what is not in the syntax and says where', () => {
    const head = '<ir_version: 8, opset_import: ["" : 17]>\n';
    const cases: [string, string][] = [
      ['main (float x) =>', 'line 2, column 18: expected (, found the end'],
      ['main (float x) => (y) { y = (x) }', 'line 2, column 29: expected an identifier, found "(x) }"'],
      ['main () => () <float[2] w = {1}> {}', '1 literals where float32[2] has 2'],
      ['main () => () <int8 w = {300}> {}', '300 is not of type int8'],
      ['main () => () <float[N] w = {300}> {}', 'a constant needs known dimensions'],
      ['main () => () <w = {300}> {}', 'a constant needs a tensor type'],
      ['main () => () { y = A <k: thing = 1> () }', 'there is no attribute type thing'],
      ['main () => () { y = A <k: int = 1.5> () }', 'expected an integer before this, not 1.5'],
      ['main () => () { y = A <k = [1, "a"]> () }', 'the values of k are not of one type'],
      ['main (strange(float) x) => () {}', 'expected )'],
      ['main () => () { y = A ("x) }', 'expected a string in double quotes'],
    ];
    for (const [text, message] of cases) {
      expect(() => parse(head + text), text).toThrow(TextError);
      expect(() => parse(head + text), text).toThrow(message);
    }
    expect(() => parse('<colour: "red"> main () => () {}')).toThrow('there is no model property colour');
  });

  it('reads or refuses damaged text, and throws nothing else', () => {
    const piece = fc.oneof(
      fc.constantFrom('', '<', '>', '(', '[', '{', '"', '-', ':', '=', '.', '9', ','),
      fc.string(),
    );
    fc.assert(
      fc.property(fc.nat(EVERYTHING.length), fc.nat(6), piece, (at, cut, insert) => {
        const text = EVERYTHING.slice(0, at) + insert + EVERYTHING.slice(at + cut);
        try {
          verify(parse(text));
        } catch (error) {
          expect(error).toBeInstanceOf(TextError);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
