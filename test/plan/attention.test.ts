import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { compile } from '../../src/compile.js';
import { Builder, type Model, Tensor } from '../../src/ir/index.js';
import { defineMethod, eachAttention } from '../../src/methods/index.js';
import { readModel } from '../../src/onnx/index.js';
import { defined, FIXTURES, type Fixture, read } from '../blocks/fixtures.js';

const byTitle = (title: string): Fixture => defined(FIXTURES.find(f => f.title === title));

const OPTIONS = { method: 'flashblock', steps: 6 };

/** Adds a mask of this shape to all scores. */
function mask(model: Model, dims: readonly number[]): Model {
  for (const softmax of model.graph.nodes.filter(node => node.op === 'Softmax')) {
    const b = new Builder(model, model.graph, 'masked', 'test');
    const zeros = b.constant(Tensor.zeros('float32', dims), 'mask', 'mask');
    const sum = b.op('Add', [softmax.inputs[0], zeros]);
    b.place(softmax);
    defined(softmax.inputs[0]).replaceUses(sum, user => user === softmax);
  }
  return model;
}

describe('attention by itself', () => {
  it.each(FIXTURES)('is found in $title: each that is no cross-attention', fixture => {
    const { plan } = compile(read(fixture), OPTIONS);
    const attends = fixture.truth.blocks
      .flatMap(block => block.branches)
      .filter(kind => kind !== 'feed-forward' && kind !== 'cross-attention');
    expect(plan.regions).toHaveLength(attends.length);
    for (const { nodes, exits } of plan.regions) {
      expect(nodes.filter(node => node.op === 'Softmax')).toHaveLength(1);
      expect(nodes.at(-1)?.outputs).toEqual([exits[0]?.value]);
    }
  });

  it('is found where scales were fused into its products', () => {
    const regionsOf = (name: string) => {
      const { pathname } = new URL(`../../fixtures/pairs/${name}.onnx`, import.meta.url);
      return compile(readModel(pathname), OPTIONS).plan.regions;
    };
    const fused = regionsOf('dit.dynamo.ort-extended');
    expect(fused).toHaveLength(regionsOf('dit.dynamo').length);
    expect(fused[0]?.nodes.map(node => node.op)).toContain('com.microsoft::FusedMatMul');
  });

  it('may have masks of keys, and none that differ by query', () => {
    const fixture = byTitle('tiny-video-dit.dynamo');
    const { plan } = compile(mask(read(fixture), [1, 1, 1, 128]), OPTIONS);
    expect(plan.regions).toHaveLength(fixture.truth.blocks.length);
    expect(() => compile(mask(read(fixture), [1, 1, 128, 128]), OPTIONS)).toThrow('BWC225');
  });

  it('is refused of a branch that has none', () => {
    const method = defineMethod({
      name: 'wrong',
      title: 'Attention of a feed-forward',
      source: 'test',
      summary: '',
      options: z.object({}),
      design: (_, facts) => ({
        regions: eachAttention(facts, { of: 'output' }).map(region => ({
          ...region,
          span: { kind: 'attention', block: 0, branch: 1 } as const,
        })),
        decision: { kind: 'schedule', reuse: [Array<boolean>(facts.steps).fill(true)] },
      }),
    });
    expect(() => compile(read(byTitle('dit.dynamo')), { ...OPTIONS, method })).toThrow('BWC225');
  });

  it('can be kept whole', () => {
    const method = defineMethod({
      name: 'whole',
      title: 'All of attention',
      source: 'test',
      summary: '',
      options: z.object({}),
      design: (_, facts) => ({
        regions: eachAttention(facts, { of: 'residual' }),
        decision: { kind: 'schedule', reuse: [Array<boolean>(facts.steps).fill(true)] },
      }),
    });
    const { plan, diagnostics } = compile(read(byTitle('dit.dynamo')), { ...OPTIONS, method });
    expect(plan.regions[0]?.features.flat().map(state => state.name)).toEqual([
      'block-0.self-attention.core.features',
    ]);
    expect(diagnostics).toEqual([]);
  });
});
