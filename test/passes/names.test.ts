import { describe, expect, it } from 'vitest';
import { allNodes } from '../../src/ir/index.js';
import { METHODS } from '../../src/methods/index.js';
import { defined, FIXTURES } from '../blocks/fixtures.js';
import { build } from '../decisions/compiled.js';

const FIXTURE = defined(FIXTURES.find(({ title }) => title === 'dit.dynamo'));
const MADE_BY = /^bwc: made by pass [a-z-]+\b/;

/** What a viewer such as Netron shows of the nodes that were added. */
describe('what is added', () => {
  it.each(METHODS)(
    'has a scope, a name that says what it is, and the pass that made it: $name',
    ({ name }) => {
      const { model } = build(FIXTURE, { method: name, steps: 30 });
      const added = [...allNodes(model.graph)].filter(node => node.name.startsWith('bwc/'));
      expect(added.length).toBeGreaterThan(20);
      for (const node of added) {
        expect(node.docString, node.name).toMatch(MADE_BY);
        expect(node.name).toMatch(/^bwc\/[a-z]+/);
      }
      const gates = added.filter(node => node.op === 'If' && node.name.startsWith('bwc/gate'));
      expect(gates.length).toBeGreaterThan(0);
      for (const gate of gates)
        expect(gate.docString).toContain('Reuses the skipped blocks, or computes them');
      expect(new Set(added.map(node => node.name)).size).toBe(added.length);
    },
  );

  it('is called after what it measures', () => {
    const { model } = build(FIXTURE, { steps: 30 });
    const names = [...allNodes(model.graph)].map(node => node.name);
    expect(names).toContain('bwc/gate');
    expect(names.some(name => name.startsWith('bwc/indicator/relative_l1/'))).toBe(true);
  });
});
