import { describe, expect, it } from 'vitest';
import { type Analysis, analyse, type Block } from '../../src/blocks/index.js';
import { Refusal } from '../../src/diagnostics/index.js';
import { compatible, type Graph, parse, readsOf, type Value } from '../../src/ir/index.js';
import type { Cut } from '../../src/plan/plan.js';
import { cutOf } from '../../src/plan/region.js';
import { toy } from '../blocks/toy.js';

const { graph, analysis } = analysed(toy({ blocks: 3 }));
const [block] = analysis.blocks;
const ALL = { kind: 'blocks', from: 0, to: 1 } as const;

function analysed(text: string): { graph: Graph; analysis: Analysis } {
  const model = parse(text);
  return { graph: model.graph, analysis: analyse(model) };
}

/** The cut for an analysis that takes all between two values for the model's only block; a code where it is refused. */
function guess(enters: Value, leaves: Value): Cut | string {
  if (block === undefined) throw new Error('the toy has blocks');
  const wrong: Block = { ...block, streams: [{ in: enters, out: leaves }] };
  try {
    return cutOf(graph, { ...analysis, blocks: [wrong] }, ALL);
  } catch (error) {
    if (error instanceof Refusal) return error.diagnostic.code;
    throw error;
  }
}

/** Whether all that lies outside of the region can be computed from its exits, without it. */
function isTrue(cut: Cut, within: Graph = graph): boolean {
  const inside = new Set(cut.nodes);
  const known = new Set(cut.exits.map(exit => exit.value));
  const outside = within.nodes.filter(node => !inside.has(node));
  return outside.every(node =>
    [...readsOf(node)].every(
      value => value.producer === undefined || known.has(value) || !inside.has(value.producer),
    ),
  );
}

describe('a region between any two values', () => {
  const values = [...graph.inputs, ...graph.nodes.flatMap(node => node.outputs.filter(v => v !== undefined))];
  const guesses = values.flatMap(a => values.map(b => ({ a, b, cut: guess(a, b) })));
  const refused = guesses.flatMap(({ cut }) => (typeof cut === 'string' ? [cut] : []));
  const cuts = guesses.flatMap(({ cut }) => (typeof cut === 'string' ? [] : [cut]));

  it('is a true cut, or refused', () => {
    expect(new Set(refused)).toEqual(new Set(['BWC202']));
    expect(cuts.filter(cut => cut.exits.length > 0).length).toBeGreaterThan(values.length);
    expect(
      guesses.filter(g => typeof g.cut !== 'string' && !isTrue(g.cut)).map(g => `${g.a} ${g.b}`),
    ).toEqual([]);
  });

  it('leaves a residual only where what enters and what leaves may have one shape', () => {
    const { inferred } = analysis;
    const residual = cuts.flatMap(cut => cut.exits).filter(exit => exit.enters !== undefined);
    expect(residual.length).toBeGreaterThan(0);
    for (const { value, enters } of residual)
      expect(compatible(enters && inferred.typeOf(enters), inferred.typeOf(value))).toBe(true);
  });
});

describe('a region', () => {
  const namesIn = (cut: Cut): string[] => cut.nodes.flatMap(n => n.outputs.map(v => v?.name ?? ''));

  it('takes what reads of it to no end along', () => {
    const text = toy({ blocks: 3 }).replace(' k1 = ', ' d = Relu(q1)\n dead = Tanh(d)\n k1 = ');
    const found = analysed(text);
    const cut = cutOf(found.graph, found.analysis, { kind: 'blocks', from: 0, to: 3 });
    expect(namesIn(cut)).toEqual(expect.arrayContaining(['d', 'dead']));
    expect(isTrue(cut, found.graph)).toBe(true);
  });

  it('leaves a normalised stream outside that another branch reads', () => {
    const text = toy({ blocks: 3 }).replaceAll(
      / u(\d) = MatMul\(h\d,/g,
      ' w$1 = Add(h$1, m$1)\n u$1 = MatMul(w$1,',
    );
    const found = analysed(text);
    const cut = cutOf(found.graph, found.analysis, { kind: 'branch', block: 1, branch: 0 });
    expect(namesIn(cut)).not.toContain('m1');
    expect(cut.exits.map(e => e.value.name)).toEqual(['o1']);
    expect(isTrue(cut, found.graph)).toBe(true);
  });

  it('of a branch begins at what it goes on from, where that is the branch beside it', () => {
    const beside = (i: string): string => ` b${i} = Add(s${i}, o${i})
 cq${i} = MatMul(o${i}, up${i})
 ck${i} = Transpose<perm = [0,2,1]>(x)
 cp${i} = MatMul(cq${i}, ck${i})
 ca${i} = Softmax(cp${i})
 co${i} = MatMul(ca${i}, x)
 h${i} = Add(b${i}, co${i})`;
    const text = toy({ blocks: 3 }).replaceAll(/^ h(\d) = .*$/gm, (_, i: string) => beside(i));
    const found = analysed(text);
    const cut = cutOf(found.graph, found.analysis, { kind: 'branch', block: 1, branch: 1 });
    expect(cut.enters.map(v => v.name)).toEqual(['o1']);
    expect(namesIn(cut)).toEqual(['cq1', 'cp1', 'ca1', 'co1']);
    expect(isTrue(cut, found.graph)).toBe(true);
  });
});
