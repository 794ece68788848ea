import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { compile } from '../../src/compile.js';
import { gatesSchema } from '../../src/methods/gates.js';
import { defined, read, TRAINED } from '../blocks/fixtures.js';
import { learnedGates } from '../decisions/calibrations.js';

const fixture = defined(TRAINED[0]);
const good = z.record(z.string(), z.unknown()).parse(JSON.parse(learnedGates(read(fixture))));
const rows = gatesSchema.parse(good).weights;
const row = defined(rows[0]);

const compiled = (gates: unknown) =>
  compile(read(fixture), {
    method: 'lazydit',
    steps: 6,
    set: { gates: typeof gates === 'string' ? gates : JSON.stringify(gates) },
  });

describe('imported gates', () => {
  it.each([
    ['nothing', '', 'none were given'],
    ['no JSON', 'weights', 'not JSON'],
    ['another kind', { ...good, kind: 'bwc.calibration' }, 'kind'],
    ['another version', { ...good, version: 2 }, 'version'],
    ['an unknown field', { ...good, more: 1 }, 'more'],
    ['gates of another model', { ...good, weights: [row.slice(1)] }, `has ${row.length} branches`],
    ['gates of another width', { ...good, weights: [row.map(gate => gate.slice(1))] }, 'features'],
    ['rows that differ', { ...good, weights: [row, row.slice(1)] }, 'weights.1'],
    [
      'a gate that differs',
      { ...good, weights: [row, row.map((gate, i) => (i === 3 ? [1] : gate))] },
      'another length',
    ],
    ['too few shifts', { ...good, bias: [[1]] }, 'bias.0'],
    ['rows without shifts', { ...good, weights: [row, row], bias: [row.map(() => 0)] }, 'rows'],
  ])('are refused where they are %s', (_, gates, reason) => {
    expect(() => compiled(gates)).toThrow('BWC303');
    expect(() => compiled(gates)).toThrow(reason);
  });

  it('are not repeated in the manifest', () => {
    const text = learnedGates(read(fixture));
    const { manifest } = compiled(text);
    expect(manifest.options['gates']).toBe(`${text.length} characters`);
  });

  it('have a published schema', () => {
    const path = new URL('../../docs/schemas/bwc.gates.schema.json', import.meta.url);
    const schema: unknown = z.toJSONSchema(gatesSchema, { io: 'input' });
    expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual(JSON.parse(JSON.stringify(schema)));
  });
});
