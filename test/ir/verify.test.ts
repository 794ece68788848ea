import { describe, expect, it } from 'vitest';
import { attr, Graph, Model, Node, Tensor, tensorType, Value } from '../../src/ir/index.js';
import { parse } from '../../src/ir/parse.js';
import { type Interface, snapshotInterface, verify } from '../../src/ir/verify.js';

const HEAD = '<ir_version: 8, opset_import: ["" : 17, "test" : 1]>';

/** Violations of a model as `number path: message`. */
function found(model: string | Model, kept?: Interface): string[] {
  const violations = verify(typeof model === 'string' ? parse(`${HEAD} ${model}`) : model, kept);
  return violations.map(({ invariant, path, message }) => `${invariant} ${path}: ${message}`);
}

describe('verify', () => {
  it('accepts a model that breaks nothing', () => {
    const text = `main (float[N] x, bool c, float[2] k = {1, 2}, float[N] "bwc.state.s")
        => (float[N] y, z, x, k, float[N] "bwc.state.s.next") <float w = {1}> {
      h = Add (x, w)
      y, z = If (c) <then_branch: graph = t () => (float[N] p, w2) <float w2 = {2}> {
        p = Mul (h, h)
      }, else_branch: graph = e () => (p, q) {
        p = Neg (h)
        q = If (c) <then_branch: graph = tt () => (r) { r = Identity (p) }, else_branch: graph = ee () => (r) { r = test.Any (h, w) }>
      }>
      "bwc.state.s.next" = Add (y, "bwc.state.s")
    }`;
    expect(found(text)).toEqual([]);
  });

  describe('1: one producer a value', () => {
    it('two nodes', () => {
      expect(found('main (x) => (y) { y = Neg (x) [again] y = Abs (x) }')).toEqual([
        '2 main › y: output %y names Abs(again) as its producer',
        '1 main › again: %y is output by more than one node',
      ]);
    });
    it('a graph input and a node', () => {
      expect(found('main (x) => (x) { x = Neg (x) }')).toEqual([
        '1 main: %x is declared by the graph and output by Neg(x)',
      ]);
    });
    it('an initializer and a node', () => {
      expect(found('main () => (w) <float w = {1}> { w = Neg (w) }')).toEqual([
        '1 main: %w is declared by the graph and output by Neg(w)',
      ]);
    });
    it('an input listed twice', () => {
      expect(found('main (x, x) => (x) {}')).toEqual(['1 main: %x is listed twice among the inputs']);
    });
  });

  describe('2: links agree both ways', () => {
    const build = () => {
      const model = new Model();
      const [x, y] = [new Value('x'), new Value('y')];
      const node = new Node({ opType: 'Neg', name: 'neg', inputs: [x], outputs: [y] });
      model.graph.addInput(x);
      model.graph.append(node);
      model.graph.addOutput(y);
      return { model, x, y, node };
    };
    it('a value and its producer', () => {
      const { model, y } = build();
      y.producer = undefined;
      y.home = model.graph;
      expect(found(model)).toEqual(['2 main › neg: output %y names nothing as its producer']);
    });
    it('an input and its home', () => {
      const { model, x } = build();
      x.home = new Graph('elsewhere');
      expect(found(model)).toEqual(['2 main: input %x has another home: elsewhere']);
    });
    it('an initializer and its home and tensor', () => {
      const { model } = build();
      const w = new Value('w');
      model.graph.addInitializer(w, Tensor.float32([1]));
      w.initializer = undefined;
      w.home = undefined;
      expect(found(model)).toEqual([
        '2 main: initializer %w has another home: none',
        '2 main: initializer %w has no tensor',
      ]);
    });
    it('a value and its users', () => {
      const { model, x, node } = build();
      x.countUse(node, 1);
      expect(found(model)).toEqual([
        '2 main › neg: %x counts 2 uses here, there are 1',
        '2 main: %x counts 2 uses, the model has 1',
      ]);
    });
    it('a value and a user that left the model', () => {
      const { model, x } = build();
      new Node({ opType: 'Abs', inputs: [x], outputs: [] });
      expect(found(model)).toEqual(['2 main: %x counts 2 uses, the model has 1']);
    });
    it('a value and its use as a graph output', () => {
      const { model, y } = build();
      y.countUse(model.graph, -1);
      expect(found(model)).toEqual([
        '2 main: %y counts 0 uses here, there are 1',
        '2 main: %y counts 0 uses, the model has 1',
      ]);
    });
    it('a node and its graph', () => {
      const { model, node } = build();
      node.graph = new Graph('elsewhere');
      expect(found(model)[0]).toBe('2 main: Neg(neg) is listed here but belongs to elsewhere');
    });
    it('a nested graph and its node', () => {
      const { model, node } = build();
      const body = new Graph('body');
      model.opsets.set('test', 1);
      const holder = new Node({
        opType: 'Holds',
        domain: 'test',
        name: 'holder',
        inputs: [],
        outputs: [],
        attributes: [attr.graph('g', body)],
      });
      model.graph.append(holder);
      expect(found(model)).toEqual([]);
      body.owner = node;
      expect(found(model)).toEqual(['2 main › holder: nested graph body belongs to Neg(neg)']);
    });
  });

  describe('3: definitions before uses', () => {
    it('in the main graph', () => {
      expect(found('main (x) => (y) { y = Neg (h) h = Abs (x) }')).toEqual([
        '3 main › y: %h is read before it is defined',
      ]);
    });
    it('in a branch', () => {
      const branch = 'graph = t () => (a) { a = Neg (b) b = Abs (x) }';
      const other = 'graph = e () => (k) { k = Neg (x) }';
      const text = `main (x, bool c) => (y) { [gate] y = If (c) <then_branch: ${branch}, else_branch: ${other}> }`;
      expect(found(text)).toEqual(['3 main › gate › t › a: %b is read before it is defined']);
    });
    it('undefined names', () => {
      expect(found('main (x) => (y, z) { y = Neg (missing) }')).toEqual([
        '3 main › y: %missing is read but nothing defines it',
        '3 main: %z is read but nothing defines it',
      ]);
    });
    it('a node that reads itself', () => {
      expect(found('main () => (y) { y = Neg (y) }')).toEqual([
        '3 main › y: %y is read before it is defined',
      ]);
    });
  });

  describe('4: nested graphs read what is defined around them before', () => {
    const gate = (then: string, other: string, after = '') =>
      `main (x, bool c) => (y) { [gate] y = If (c) <then_branch: graph = t () => (p) { ${then} }, else_branch: graph = e () => (q) { ${other} }> ${after} }`;
    it('a later outer value', () => {
      expect(found(gate('p = Neg (late)', 'q = Neg (x)', 'late = Abs (x)'))).toEqual([
        '4 main › gate › t › p: %late is read before main defines it',
      ]);
    });
    it('an output of its own node', () => {
      expect(found(gate('p = Neg (y)', 'q = Neg (x)'))).toEqual([
        '4 main › gate › t › p: %y is read before main defines it',
      ]);
    });
    it('a value of a sibling branch', () => {
      const model = parse(`${HEAD} ${gate('p = Neg (x)', 'q = Neg (x)')}`);
      const [then, other] = model.graph.nodes[0]?.subgraphs ?? [];
      other?.nodes[0]?.setInput(0, then?.outputs[0]);
      expect(found(model)).toEqual([
        '4 main › gate › e › q: %p is read outside main › gate › t, where it is defined',
      ]);
    });
    it('an inner value from outside', () => {
      const model = parse(`${HEAD} ${gate('p = Neg (x)', 'q = Neg (x)', 'last = Abs (y)')}`);
      model.graph.nodes[1]?.setInput(0, model.graph.nodes[0]?.subgraphs[0]?.outputs[0]);
      expect(found(model)).toEqual([
        '4 main › last: %p is read outside main › gate › t, where it is defined',
      ]);
    });
  });

  describe('5: names', () => {
    const two = (first: string, second: string) => {
      const model = new Model();
      const x = new Value('x');
      model.graph.addInput(x);
      for (const name of [first, second]) {
        model.graph.append(new Node({ opType: 'Neg', inputs: [x], outputs: [new Value(name)] }));
      }
      return model;
    };
    it('twice in a graph', () => {
      expect(found(two('y', 'y'))).toEqual(['5 main › y: name y is taken in main']);
    });
    it('empty', () => {
      expect(found(two('y', ''))).toEqual(['5 main › Neg: a value has an empty name']);
    });
    it('shadows an outer name', () => {
      const text = `main (x, bool c) => (y) { [gate] y = If (c) <then_branch: graph = t () => (x) { x = test.Make () }, else_branch: graph = e () => (q) { q = Neg (x) }> }`;
      expect(found(text)).toEqual(['5 main › gate › t › x: name x is taken in main']);
    });
    it('may be shared by sibling branches, and with what comes later outside', () => {
      const text = `main (x, bool c) => (y) { y = If (c) <then_branch: graph = t () => (y) { y = Neg (x) }, else_branch: graph = e () => (y) { y = Abs (x) }> }`;
      expect(found(text)).toEqual([]);
    });
    it('of nodes are free', () => {
      expect(found('main (x) => (y) { [same] h = Neg (x) [same] y = Neg (h) }')).toEqual([]);
    });
  });

  describe('6: If', () => {
    const gate = (then: string, other: string, condition = 'bool c', output = 'float[N,4] y') =>
      `main (float[N,4] x, ${condition}) => (${output}) { [gate] y = If (c) <then_branch: graph = t ${then}, else_branch: graph = e ${other}> }`;
    const fine = '() => (float[N,4] q) { q = Neg (x) }';
    it('condition is not boolean, or not one element', () => {
      expect(found(gate(fine, fine, 'float c'))).toEqual([
        '6 main › gate: If has a condition of type float, not a boolean of one element',
      ]);
      expect(found(gate(fine, fine, 'bool[2] c'))).toHaveLength(1);
      expect(found(gate(fine, fine, 'bool[1] c'))).toEqual([]);
      expect(found(gate(fine, fine, 'bool[n] c'))).toEqual([]);
    });
    it('condition is left out', () => {
      expect(found(gate(fine, fine).replace('If (c)', 'If ("")'))).toEqual([
        '6 main › gate: If has no condition',
      ]);
    });
    it('branches return another number of values', () => {
      expect(found(gate(fine, '() => (float[N,4] q, r) { q = Neg (x) r = Abs (x) }'))).toEqual([
        '6 main › gate › e: branch returns 2 values, If has 1 outputs',
      ]);
    });
    it('branches have inputs', () => {
      expect(found(gate(fine, '(float[N,4] in) => (float[N,4] q) { q = Neg (in) }'))).toEqual([
        '6 main › gate › e: branch has 1 inputs',
      ]);
    });
    it('branch and declared type differ', () => {
      for (const type of ['float16[N,4]', 'float[N,5]', 'float[N,4,1]', 'seq(float[N,4])']) {
        expect(found(gate(fine, `() => (${type} q) { q = test.Make () }`))[0]).toBe(
          `6 main › gate › e: branch returns ${type} for %y, If declares float[N,4]`,
        );
      }
    });
    it('branches differ in element type where If declares none', () => {
      expect(found(gate(fine, '() => (float16[N,4] q) { q = test.Make () }', 'bool c', 'y'))).toEqual([
        '6 main › gate: branches return float[N,4] and float16[N,4] for output 0',
      ]);
      expect(found(gate(fine, '() => (float[7] q) { q = test.Make () }', 'bool c', 'float[] y'))).toEqual([]);
    });
    it('a branch is missing', () => {
      const text =
        'main (x, bool c) => (y) { [gate] y = If (c) <then_branch: graph = t () => (q) { q = Neg (x) }> }';
      expect(found(text)).toEqual(['8 main › gate: If lacks its attribute else_branch']);
    });
  });

  it('7: no nested graph returns an outer value', () => {
    const text = `main (x, bool c) => (y) { [gate] y = If (c) <then_branch: graph = t () => (x) {}, else_branch: graph = e () => (q) { q = Identity (x) }> }`;
    expect(found(text)).toEqual(['7 main › gate › t: returns the outer value %x directly']);
    const twice = `main (x, bool c) => (y, z) { [gate] y, z = If (c) <then_branch: graph = t () => (q, q) { q = Neg (x) }, else_branch: graph = e () => (r, s) { r = Neg (x) s = Abs (x) }> }`;
    expect(found(twice)).toEqual(['7 main › gate › t: returns one value twice']);
  });

  describe('8: operators and attributes', () => {
    const cases: [string, string][] = [
      ['y = Unheard (x)', 'operator Unheard does not exist at opset 17'],
      ['y = Mish <alpha: float = 1> (x)', 'Mish has no attribute alpha at opset 18'],
      ['y = Mish (x)', 'operator Mish does not exist at opset 17'],
      ['y = ReduceMean (x, x)', 'ReduceMean has 2 inputs, opset 17 takes 1'],
      ['y = Cast (x)', 'Cast lacks its attribute to'],
      ['y, z = Neg (x)', 'Neg has 2 outputs, opset 17 gives 1'],
      ['y = Scatter (x, x, x)', 'operator Scatter does not exist at opset 17'],
      ['y = missing.domain.Op (x)', 'domain "missing.domain" of Op is not imported'],
    ];
    it.each(cases)('%s', (node, message) => {
      const head = HEAD.replace('17', /opset (\d+)/.exec(message)?.[1] ?? '17');
      expect(verify(parse(`${head} main (x) => (y) { ${node} }`))).toEqual([
        { invariant: 8, path: 'main › y', message },
      ]);
    });
    it('lets other domains, functions and internal attributes be', () => {
      const functions = '<domain: "", opset_import: ["" : 17]> Mine (u) => (v) { v = Neg (u) }';
      expect(
        found(
          `main (x) => (y) { h = test.Any <a: int = 1> (x) m = Mine (h) y = Neg <__k: int = 1> (m) } ${functions}`,
        ),
      ).toEqual([]);
    });
  });

  describe('9: the original interface', () => {
    const kept = snapshotInterface(
      parse(`${HEAD} main (float[N] a, bool b) => (float[N] y) { y = Neg (a) }`),
    );
    it('kept, with new ones after', () => {
      expect(
        found('main (float[N] a, bool b, int64 c) => (float[N] y, z) { y = Neg (a) z = Neg (c) }', kept),
      ).toEqual([]);
    });
    it('renamed, moved, retyped or gone', () => {
      expect(found('main (bool b, float[N] a) => (float[N] y) { y = Neg (a) }', kept)).toEqual([
        '9 main: input 0 was a and is b',
        '9 main: input 1 was b and is a',
      ]);
      expect(found('main (float[M] a, bool b) => (float[N] z) { z = Neg (a) }', kept)).toEqual([
        '9 main: input a was float[N] and is float[M]',
        '9 main: output 0 was y and is z',
      ]);
      expect(found('main (float[N] a) => () {}', kept)).toEqual([
        '9 main: input 1, b, is gone',
        '9 main: output 0, y, is gone',
      ]);
    });
  });

  describe('10: state pairs', () => {
    it('an input without its output', () => {
      expect(found('main ("bwc.state.a") => () {}')).toEqual([
        '10 main: state input bwc.state.a has no output bwc.state.a.next',
      ]);
    });
    it('an output without its input', () => {
      expect(found('main (x) => ("bwc.state.a.next") { "bwc.state.a.next" = Neg (x) }')).toEqual([
        '10 main: state output bwc.state.a.next has no input bwc.state.a',
      ]);
    });
    it('an output of another name', () => {
      expect(found('main (x) => ("bwc.state.a") { "bwc.state.a" = Neg (x) }')).toEqual([
        '10 main: state output bwc.state.a does not end in .next',
      ]);
    });
    it('types that differ', () => {
      const text = `main (float[4] "bwc.state.a") => (float[5] "bwc.state.a.next") { "bwc.state.a.next" = test.Make () }`;
      expect(found(text)).toEqual([
        '10 main: state input bwc.state.a is float[4] but its output is float[5]',
      ]);
    });
  });

  it('accepts a chain of 15,000 nodes', () => {
    const model = new Model();
    let value = new Value('x', tensorType('float32', ['n']));
    model.graph.addInput(value);
    for (let i = 0; i < 15_000; i++) {
      const weight = new Value(`w${i}`);
      model.graph.addInitializer(weight, Tensor.float32([1]));
      const next = new Value(`v${i}`);
      const attributes = i % 3 === 0 ? [attr.int('axis', 1)] : [];
      const inputs = i % 3 === 0 ? [value] : [value, weight];
      model.graph.append(
        new Node({ opType: i % 3 === 0 ? 'Softmax' : 'Add', inputs, outputs: [next], attributes }),
      );
      value = next;
    }
    model.graph.addOutput(value);
    expect(verify(model)).toEqual([]);
  });
});
