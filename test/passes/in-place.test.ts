import { describe, expect, it } from 'vitest';
import { parse } from '../../src/ir/index.js';
import { mayShareBuffer } from '../../src/passes/in-place.js';
import { defined } from '../blocks/fixtures.js';

/** A gate that keeps `s` or replaces it, with nodes in front of it and behind it. */
interface Toy {
  readonly before?: string;
  readonly reuse?: string;
  readonly compute?: string;
  readonly condition?: string;
  readonly after?: string;
}

function sharesBuffer({
  before = '',
  reuse = 'kept = Identity (s)',
  compute = 'made = Relu (x)',
  condition = 'c',
  after = 'y = Relu (next)',
}: Toy): boolean {
  const { graph } = parse(`<ir_version: 8, opset_import: ["" : 17]>
toy (float[4] x, float[4] s, bool c) => (float[4] y, float[4] next) {
  ${before}
  next = If (${condition}) <
    then_branch = reuse () => (float[4] kept) { ${reuse} },
    else_branch = compute () => (float[4] made) { ${compute} }
  >
  ${after}
}`);
  const input = defined(graph.inputs.find(value => value.name === 's'));
  const output = defined(graph.outputs.find(value => value.name === 'next'));
  return mayShareBuffer(graph, input, output);
}

const MEASURED = 'd = Sub (x, s) m = ReduceMax <keepdims = 0> (d) z = Cast <to = 9> (m)';

describe('a state may be overwritten', () => {
  it.each<[string, Toy]>([
    ['when one branch keeps it and the other does not read it', {}],
    ['when the decision reads it', { before: MEASURED, condition: 'z' }],
    ['when the branch that keeps it reads it as well', { reuse: 'twice = Add (s, s) kept = Identity (s)' }],
    ['when what the gate waits for reads it', { before: 'h = Mul (x, s)', compute: 'made = Relu (h)' }],
  ])('%s', (_, toy) => {
    expect(sharesBuffer(toy)).toBe(true);
  });

  it.each<[string, Toy]>([
    ['when the branch that replaces it reads it', { compute: 'made = Add (x, s)' }],
    ['when both replace it', { reuse: 'kept = Relu (s)' }],
    ['when something behind the gate reads it', { after: 'y = Add (next, s)' }],
    ['when something reads it that the gate does not wait for', { after: 'y = Relu (s)' }],
    ['though that stands in front of the gate', { before: 'y = Relu (s)', after: '' }],
  ])('not %s', (_, toy) => {
    expect(sharesBuffer(toy)).toBe(false);
  });

  it('in a model without a gate when it is passed through or not read, and else not', () => {
    const flat = (next: string): boolean => {
      const { graph } = parse(`<ir_version: 8, opset_import: ["" : 17]>
toy (float[4] x, float[4] s) => (float[4] y, float[4] next) { y = Relu (x) next = ${next} }`);
      return mayShareBuffer(graph, defined(graph.inputs[1]), defined(graph.outputs[1]));
    };
    expect([flat('Identity (s)'), flat('Relu (x)'), flat('Relu (s)')]).toEqual([true, true, false]);
  });
});
