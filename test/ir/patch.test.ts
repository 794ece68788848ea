import { describe, expect, it } from 'vitest';
import { applyPatch, Node, PatchError, parse, print, tensorType, Value } from '../../src/ir/index.js';

const TEXT = `<ir_version: 8, opset_import: ["" : 17]>
main (float[4] x) => (float[4] z) {
  [a] y = Abs (x)
  [b] z = Neg (y)
}`;

function parts() {
  const model = parse(TEXT);
  const [a, b] = model.graph.nodes;
  if (a === undefined || b === undefined) throw new Error('the text has two nodes');
  return { model, a, b };
}

describe('patches', () => {
  it('puts a new node between two others', () => {
    const { model, a, b } = parts();
    const node = new Node({
      opType: 'Exp',
      name: 'c',
      inputs: [a.output],
      outputs: [new Value('w', tensorType('float32', [4]))],
    });
    applyPatch({
      graph: model.graph,
      insert: [node],
      before: b,
      replace: [{ from: a.output, to: node.output, where: user => user === b }],
    });
    expect(print(model)).toContain('Neg (w)');
    expect(model.graph.nodes.map(n => n.name)).toEqual(['a', 'c', 'b']);
  });

  it('takes a node out once its readers have something else', () => {
    const { model, a } = parts();
    const [x] = model.graph.inputs;
    if (x === undefined) throw new Error('the text has an input');
    applyPatch({ graph: model.graph, replace: [{ from: a.output, to: x }], remove: [a] });
    expect(model.graph.nodes.map(n => n.name)).toEqual(['b']);
    expect(x.useCount).toBe(1);
  });

  const refused: [what: string, patch: (p: ReturnType<typeof parts>) => Parameters<typeof applyPatch>[0]][] =
    [
      [
        'cannot stand for',
        ({ model, b }) => {
          const wrong = new Node({
            opType: 'Cast',
            inputs: [],
            outputs: [new Value('i', tensorType('int64', [4]))],
          });
          b.output.type = tensorType('float32', [4]);
          return { graph: model.graph, insert: [wrong], replace: [{ from: b.output, to: wrong.output }] };
        },
      ],
      ['still reads', ({ model, a }) => ({ graph: model.graph, remove: [a] })],
      [
        'is nowhere',
        ({ model, a }) => ({ graph: model.graph, replace: [{ from: a.output, to: new Value('lost') }] }),
      ],
      [
        'is not in main',
        ({ model, a }) => ({
          graph: model.graph,
          before: new Node({ opType: 'Abs', inputs: [], outputs: [] }),
          insert: [],
          remove: [a],
        }),
      ],
    ];
  it.each(refused)('refuses what %s, and changes nothing', (what, patch) => {
    const all = parts();
    const before = print(all.model);
    expect(() => applyPatch(patch(all))).toThrow(PatchError);
    expect(() => applyPatch(patch(parts()))).toThrow(what);
    expect(print(all.model)).toBe(before);
  });
});
