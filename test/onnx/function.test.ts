import { describe, expect, it } from 'vitest';
import { attr, tensorType } from '../../src/ir/index.js';
import { readModelFrom, toBytes } from '../../src/onnx/index.js';
import {
  type Bytes,
  entry,
  field,
  graph,
  int,
  join,
  model,
  node,
  opset,
  unknown,
  valueInfo,
} from './build.js';
import { again, at, codeOf, decode, defined, includes, names } from './helpers.js';

const inner = node({
  op: 'Scale',
  inputs: ['t'],
  outputs: ['r'],
  name: 'scale',
  attributes: [join(field(1, 'by'), field(21, 'factor'), int(20, 1))],
  more: [field(9, entry('k', 'v')), unknown()],
});

const twice = (...more: readonly Bytes[]): Bytes =>
  join(
    field(1, 'Twice'),
    field(10, 'local'),
    field(4, 'a'),
    field(5, 'r'),
    field(6, 'factor'),
    field(11, join(field(1, 'mode'), field(4, 'fast'), int(20, 3))),
    field(9, opset(17)),
    field(9, opset(1, 'other')),
    field(7, node({ op: 'Neg', inputs: ['a'], outputs: ['t'], name: 'neg' })),
    field(7, inner),
    field(12, valueInfo('t')),
    field(13, 'overloaded'),
    field(14, entry('doc', 'meta')),
    ...more,
  );

const file = (...functions: readonly Bytes[]): Bytes =>
  model(
    graph({
      nodes: [
        node({
          op: 'Twice',
          inputs: ['x'],
          outputs: ['y'],
          name: 'call',
          attributes: [join(field(1, 'factor'), int(20, 1))],
          more: [field(7, 'local'), field(8, 'overloaded')],
        }),
      ],
      inputs: [valueInfo('x')],
      outputs: [valueInfo('y')],
    }),
    ...functions.map(each => field(25, each)),
  );

describe('model-local functions', () => {
  it('are read with a fresh body each time', () => {
    const m = readModelFrom(file(twice(unknown())));
    const f = at(m.functions, 0);
    expect([f.domain, f.name, f.overload, [...f.opsets]]).toEqual([
      'local',
      'Twice',
      'overloaded',
      [
        ['', 17],
        ['other', 1],
      ],
    ]);
    expect(f.defaults.get('mode')).toMatchObject({ kind: 'string', value: 'fast' });
    const body = f.body();
    expect(body).not.toBe(f.body());
    expect([names(body.inputs), names(body.outputs), body.nodes.map(n => n.opType)]).toEqual([
      ['a'],
      ['r'],
      ['Neg', 'Scale'],
    ]);
    expect(at(body.nodes, 1).attributes.get('by')).toMatchObject({
      kind: 'reference',
      value: 'factor',
      type: 1,
    });
    expect(body.nodes[0]?.outputs[0]?.type).toEqual(tensorType('float32', [2]));
    expect([m.names.has('call'), m.names.has('scale'), m.names.has('t')]).toEqual([true, false, false]);
    expect(m.graph.nodes[0]).toMatchObject({ domain: 'local', overload: 'overloaded', op: 'local::Twice' });
  });

  it('lend their nodes to the graph, with all that is unknown in them', () => {
    const m = readModelFrom(file(twice()));
    const call = at(m.graph.nodes, 0);
    const body = at(m.functions, 0).body();
    const [neg, scale] = [at(body.nodes, 0), at(body.nodes, 1)];
    const [x, y] = [defined(call.inputs[0]), defined(call.outputs[0])];
    body.detach(new Set(body.nodes));
    m.graph.insertBefore(call, [neg, scale]);
    neg.setInput(0, x);
    defined(neg.outputs[0]).name = 'call.t';
    m.graph.removeOutput(y);
    m.graph.delete(new Set([call]));
    defined(scale.outputs[0]).name = 'y';
    m.graph.addOutput(defined(scale.outputs[0]));
    scale.setAttribute(attr.float('by', 2));
    m.functions = [];
    const bytes = toBytes(m);
    expect(includes(bytes, join(field(9, entry('k', 'v')), unknown()))).toBe(true);
    expect(includes(bytes, field(1, 'Twice'))).toBe(false);
    const read = again(m);
    expect(read.graph.nodes.map(n => [n.opType, names(n.inputs), names(n.outputs)])).toEqual([
      ['Neg', ['x'], ['call.t']],
      ['Scale', ['call.t'], ['y']],
    ]);
    expect(at(read.graph.nodes, 1).float('by')).toBe(2);
    expect(decode(bytes).graph?.valueInfo?.map(v => v.name)).toEqual(['call.t']);
    expect(decode(bytes).graph?.output?.[0]?.type?.tensorType?.elemType).toBe(1);
  });

  it('stay as they were beside removed and new ones', () => {
    const other = join(field(1, 'Other'), field(10, 'local'), field(4, 'a'), field(5, 'a'), unknown());
    const m = readModelFrom(file(twice(), other));
    const f = at(m.functions, 0);
    m.functions = [at(m.functions, 1), { ...f, name: 'Thrice' }];
    const bytes = toBytes(m);
    expect(includes(bytes, field(25, other))).toBe(true);
    const read = readModelFrom(bytes);
    expect(read.functions.map(each => each.name)).toEqual(['Other', 'Thrice']);
    const made = at(read.functions, 1);
    expect([
      names(made.body().inputs),
      made.body().nodes.length,
      [...made.defaults.keys()],
      [...made.opsets.keys()],
    ]).toEqual([['a'], 2, ['mode'], ['', 'other']]);
    expect(decode(bytes).functions?.[1]).toMatchObject({ attribute: ['factor'], domain: 'local' });
    expect(includes(bytes, field(7, inner))).toBe(true);
  });

  it('are refused when the body is read and makes no sense', () => {
    const dangling = join(field(1, 'Bad'), field(5, 'nowhere'));
    const reading = join(
      field(1, 'Bad'),
      field(7, node({ op: 'Neg', inputs: ['nowhere'], outputs: ['r'] })),
      field(5, 'r'),
    );
    for (const bad of [dangling, reading]) {
      const m = readModelFrom(file(bad));
      expect(codeOf(() => at(m.functions, 0).body())).toBe('BWC108');
    }
  });
});
