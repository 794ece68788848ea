import { describe, expect, it } from 'vitest';
import { type Analysis, analyse } from '../../src/blocks/index.js';
import { type Model, Node, type Value } from '../../src/ir/index.js';
import { readModelFrom, toBytes } from '../../src/onnx/index.js';
import { defined, FIXTURES, type Fixture, read } from './fixtures.js';
import { makeOpaque } from './opaque.js';

interface Case {
  readonly title: string;
  readonly fixture: Fixture;
  readonly open: () => { model: Model; nameOf: (value: Value) => string };
}

const cases = FIXTURES.flatMap((fixture): Case[] => [
  { title: fixture.title, fixture, open: () => ({ model: read(fixture), nameOf: value => value.name }) },
  { title: `${fixture.title} without names`, fixture, open: () => openOpaque(fixture) },
]);

function openOpaque(fixture: Fixture): ReturnType<Case['open']> {
  const original = read(fixture);
  const names = new Map([...makeOpaque(original)].map(([value, name]) => [value.name, name]));
  const bytes = toBytes(original);
  const text = Buffer.from(bytes).toString('latin1');
  const known = [...names.values()].filter(name => name.length >= 10).filter((_, i) => i % 25 === 0);
  expect(known.length).toBeGreaterThan(2);
  expect(known.filter(name => text.includes(name))).toEqual([]);
  const model = readModelFrom(bytes);
  return { model, nameOf: value => defined(names.get(value.name), value.name) };
}

/** Inputs that are no plain conditions, by family; from the signatures of the source models. */
const OTHERS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  flux: { img_ids: 'position', txt_ids: 'position', guidance: 'guidance' },
};

describe.each(cases)('$title', ({ fixture, open }) => {
  const { truth, exporter } = fixture;
  const { model, nameOf } = open();
  const analysis = analyse(model);

  it('has the true roles', () => {
    const { latent, timestep, prediction } = analysis.roles;
    const found = [latent, timestep, prediction].map(role => role && nameOf(role.value));
    expect(found).toEqual([truth.latent, truth.timestep, truth.prediction]);
    for (const role of [latent, timestep, prediction]) expect(role?.reason).toMatch(/\w{4}/);
    expect(model.graph.inputs).toContain(latent.value);
    expect(model.graph.outputs).toContain(prediction.value);
  });

  it('tells the other inputs apart', () => {
    const special = analysis.roles.others.filter(other => other.role !== 'condition');
    const found = Object.fromEntries(special.map(other => [nameOf(other.value), other.role]));
    expect(found).toEqual(OTHERS[fixture.family] ?? {});
  });

  it('has the true blocks in the true groups', () => {
    expect(analysis.blocks.map(b => b.group)).toEqual(byFirstUse(truth.blocks.map(b => b.group)));
    expect(analysis.groups.map(g => g.count)).toEqual(truth.groups.map(g => g.count));
    expect(analysis.groups.map(g => g.index)).toEqual(analysis.groups.map((_, i) => i));
    expect(analysis.blocks.map(b => b.index)).toEqual(truth.blocks.map((_, i) => i));
  });

  it('has the true branches', () => {
    const found = analysis.blocks.map(b => b.branches.map(branch => branch.kind));
    expect(found).toEqual(truth.blocks.map(b => b.branches));
  });

  it('has the true streams, which leave each block where they truly do', () => {
    const boundaries = truth.boundaries[exporter];
    analysis.blocks.forEach((block, i) => {
      const joined = truth.joined?.[exporter][i] ?? [];
      const candidates = defined(boundaries[i]);
      const outs = block.streams.flatMap(s => (s.out ? [nameOf(s.out)] : []));
      if (block.streams.length === 1 && defined(truth.blocks[i]).streams > 1) {
        expect(joined).toContain(outs[0]);
        expect(outs).toHaveLength(1);
        return;
      }
      expect(block.streams).toHaveLength(defined(truth.blocks[i]).streams);
      expect(outs).toHaveLength(candidates.length);
      outs.forEach((out, stream) => {
        expect(candidates[stream]).toContain(out);
      });
    });
  });

  it('cuts blocks truly: they share no node, and follow one another', () => {
    const seen = new Set<Node>();
    for (const block of analysis.blocks) {
      expect(block.nodes.length).toBeGreaterThan(0);
      for (const node of block.nodes) {
        expect(seen.has(node)).toBe(false);
        seen.add(node);
      }
    }
    expect(leaks(analysis)).toEqual([]);
  });
});

/** Group numbers in the order in which they first occur. */
function byFirstUse(groups: readonly number[]): number[] {
  const order = [...new Set(groups)];
  return groups.map(group => order.indexOf(group));
}

/** Data of a block that is read outside beside its streams; shapes are not data. */
function leaks({ blocks, flow }: Analysis): string[] {
  return blocks.flatMap(block => {
    const mine = new Set(block.nodes);
    const allowed = new Set(block.streams.map(s => s.out));
    return block.nodes.flatMap(node =>
      node.outputs.flatMap(value => {
        if (value === undefined || allowed.has(value) || flow.isConstant(value)) return [];
        const outside = [...value.users].filter(
          u => !(u instanceof Node && (mine.has(u) || u.op === 'Shape')),
        );
        return outside.length > 0 ? [`block ${block.index}: ${value.name}`] : [];
      }),
    );
  });
}
