import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { compile, type Model, parse, readModel, structurallyEqual } from '../../src/index.js';
import { applyDelta } from '../../src/report/diff/apply.js';
import {
  type Compared,
  type DiffFacts,
  deltaSchema,
  diffFacts,
  diffModels,
  diffSchema,
  diffText,
  isEmpty,
  statText,
} from '../../src/report/diff/index.js';
import { plain } from '../../src/report/text.js';
import { EXPORTERS, FIXTURES, type Fixture, read } from '../blocks/fixtures.js';
import { chain } from '../report/models.js';
import { copyOf, renameAll } from './edits.js';

const SCREEN = { paint: plain, width: 100 };

/** Lines of a terminal. */
const LINES = 24;

const compared = (fixture: Fixture): Compared => ({ model: read(fixture), path: `${fixture.title}.onnx` });

const fixture = (family: string, exporter: string): Fixture => {
  const found = FIXTURES.find(f => f.family === family && f.exporter === exporter);
  if (found === undefined) throw new Error(`no fixture ${family}.${exporter}`);
  return found;
};

describe('exporters', () => {
  it.each(['dit', 'flux', 'tiny-video-dit'])('of %s differ as the golden file says', async family => {
    const [a, b] = EXPORTERS.map(e => compared(fixture(family, e)));
    if (a === undefined || b === undefined) throw new Error('two exporters');
    const stat = statText(diffModels(a, b), SCREEN);
    expect(stat.split('\n').length).toBeLessThanOrEqual(LINES);
    await expect(stat).toMatchFileSnapshot(`golden/${family}.exporters.stat.txt`);
  });
});

describe('forms of one model', () => {
  const form = (name: string): Compared => {
    const path = fileURLToPath(new URL(`../../fixtures/pairs/dit.${name}.onnx`, import.meta.url));
    return { model: readModel(path), path: `dit.${name}.onnx` };
  };

  it.each([
    ['half precision', 'dynamo', 'dynamo.fp16'],
    ["ONNX Runtime's optimiser", 'dynamo', 'dynamo.ort-extended'],
    ['onnxslim', 'dynamo', 'dynamo.onnxslim'],
    ['onnxsim', 'torchscript', 'torchscript.onnxsim'],
    ['opset 17 and 20', 'torchscript', 'torchscript.opset20'],
    ['the exporters', 'torchscript', 'dynamo'],
  ])('%s: what differs is as the golden file says, fits, and patches', async (_, before, after) => {
    const [a, b] = [form(before), form(after)];
    const diff = diffModels(a, b);
    const stat = statText(diff, SCREEN);
    expect(stat.split('\n').length).toBeLessThanOrEqual(LINES);
    await expect(stat).toMatchFileSnapshot(`golden/pairs.${after}.stat.txt`);
    const text = diffText(diff, { paint: plain, width: 80 });
    expect(Math.max(...text.split('\n').map(line => line.length))).toBeLessThanOrEqual(80);
    await expect(text).toMatchFileSnapshot(`golden/pairs.${after}.txt`);
    applyDelta(a.model, deltaSchema.parse(JSON.parse(JSON.stringify(diffFacts(diff, true).delta))));
    expect(structurallyEqual(copyOf(a.model), b.model)).toEqual([]);
  });
});

describe.each(['bwcache', 'bwcache-code', 'taylorseer', 'teacache', 'fora'])(
  'what %s makes of a model',
  method => {
    it.each(['dit.dynamo', 'wan.torchscript', 'flux.dynamo'])('of %s', async title => {
      const [family = '', exporter = ''] = title.split('.');
      const original = compared(fixture(family, exporter));
      const compiled = copyOf(original.model);
      compile(compiled, { method, steps: 30 });
      const diff = diffModels(original, { model: compiled, path: 'compiled.onnx' });
      const facts = diffFacts(diff, true);
      expect(facts.rewrite?.original).toMatchObject({ changed: 0, removed: 0, nodes: facts.nodes.before });
      const gates = facts.rewrite?.gates ?? [];
      for (const { path } of gates) expect(path).toContain('› bwc/gate');
      const gated = gates.reduce((sum, gate) => sum + gate.nodes, 0);
      expect(gated).toBeLessThanOrEqual(facts.nodes.moved);
      // What only the reuse branch reads moves too: an addition that makes an entering stream.
      expect(facts.nodes.moved - gated).toBeLessThanOrEqual(gates.length);
      const stat = statText(diff, SCREEN);
      expect(stat.split('\n').length).toBeLessThanOrEqual(LINES);
      await expect(stat).toMatchFileSnapshot(`golden/${title}.${method}.stat.txt`);
      const delta = deltaSchema.parse(JSON.parse(JSON.stringify(facts.delta)));
      applyDelta(original.model, delta);
      expect(structurallyEqual(copyOf(original.model), compiled)).toEqual([]);
    });
  },
);

describe('fixtures', () => {
  it.each(FIXTURES.filter(f => f.family !== 'wan'))('$title renamed is the same', f => {
    const renamed = read(f);
    renameAll(renamed);
    expect(isEmpty(diffModels({ model: read(f) }, { model: renamed }))).toBe(true);
  });
});

describe('an attribute at its default', () => {
  const model = (opset: number, attributes: string): Model =>
    parse(`<ir_version: 8, opset_import: ["" : ${opset}]>
      main (float[2,3] x) => (float[2,3] z) {
        y = Softmax${attributes} (x)
        z = LeakyRelu (y)
      }`);
  const between = (a: Model, b: Model): DiffFacts => diffFacts(diffModels({ model: a }, { model: b }), true);

  it.each([
    ['is no difference to one that is left out', 17, ' <axis=-1>', 17, '', true],
    ['is one where it is another number', 17, ' <axis=0>', 17, '', false],
    ['is that of the opset of the model that leaves it out', 12, ' <axis=-1>', 17, '', true],
    ['is one where the default of that opset is another', 12, ' <axis=1>', 17, ' <axis=-1>', false],
  ])('%s', (_, opset, written, other, left, same) => {
    const [a, b] = [model(opset, written), model(other, left)];
    for (const [x, y] of [
      [a, b],
      [b, a],
    ] as const) {
      const facts = between(copyOf(x), copyOf(y));
      expect(facts.nodes).toMatchObject({ changed: same ? 0 : 1, added: 0, removed: 0 });
      expect(facts.notes.defaults).toBe(same ? 1 : 0);
      const patched = copyOf(x);
      applyDelta(patched, deltaSchema.parse(JSON.parse(JSON.stringify(facts.delta))));
      expect(structurallyEqual(patched, copyOf(y))).toEqual([]);
    }
  });
});

describe('blocks changed alike', () => {
  it('are shown once', () => {
    const text = diffText(diffModels({ model: chain(28, 12, 0) }, { model: chain(28, 12, 27) }), SCREEN);
    expect(text).toContain('27 places changed alike: shown once');
    expect(text).toContain('27 added, 27 changed, 27 removed');
  });

  it('are found in a graph of 15,000 nodes', () => {
    const diff = diffModels({ model: chain(600, 25, 0) }, { model: chain(600, 25, 600) });
    expect(diffFacts(diff, false).nodes).toMatchObject({
      before: 15_000,
      changed: 600,
      added: 600,
      removed: 600,
    });
  });
});

describe('the JSON', () => {
  it('has the schema that is published', () => {
    const file = new URL('../../docs/schemas/bwc.diff.schema.json', import.meta.url);
    const schema: unknown = JSON.parse(JSON.stringify(z.toJSONSchema(diffSchema)));
    if (process.env['BWC_UPDATE'] !== undefined) writeFileSync(file, JSON.stringify(schema, null, 2));
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(schema);
  });

  it('of a fixture fits it', () => {
    const [a, b] = EXPORTERS.map(e => compared(fixture('dit', e)));
    if (a === undefined || b === undefined) throw new Error('two exporters');
    const facts = diffFacts(diffModels(a, b), true);
    expect(diffSchema.parse(JSON.parse(JSON.stringify(facts)))).toEqual(JSON.parse(JSON.stringify(facts)));
  });
});
