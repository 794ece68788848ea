import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { analyse } from '../../src/blocks/index.js';
import { compile } from '../../src/compile.js';
import { type Model, parse, print, structurallyEqual, verify } from '../../src/ir/index.js';
import { configure, findMethod, METHODS } from '../../src/methods/index.js';
import {
  addState,
  conclude,
  contextOf,
  forecast,
  gateRegions,
  inlineFunctions,
  keepTime,
  localise,
  measure,
  type Pass,
  runPasses,
  sink,
  stamp,
  strip,
} from '../../src/passes/index.js';
import { makePlan } from '../../src/plan/index.js';
import { known } from '../contract/cases.js';
import { diff } from './diff.js';

/** Set to write the expected files anew; then read what changed before committing it. */
const UPDATE = process.env['BWC_UPDATE'] !== undefined;

const FOLDER = new URL('golden/', import.meta.url);
const pathOf = (file: string): string => new URL(file, FOLDER).pathname;
const readGolden = (file: string): string => readFileSync(pathOf(file), 'utf8');

function expectGolden(file: string, found: string): void {
  const path = pathOf(file);
  if (UPDATE) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, found);
  }
  expect(existsSync(path), `${file} is there`).toBe(true);
  expect(found).toBe(readFileSync(path, 'utf8'));
}

const PASSES: readonly Pass[] = [
  addState,
  keepTime,
  forecast,
  gateRegions,
  measure,
  conclude,
  sink,
  localise,
];

const OPTIONS = { method: 'bwcache', steps: 10, set: { interval: 2, tail: 1 } };

const text = (model: Model): string => print(model, { types: true, elideAbove: 8 });

/** The toy before and after each pass, those before it having run. */
function stages(): ReadonlyMap<string, readonly [before: string, after: string]> {
  const model = parse(readGolden('toy.txt'));
  const configured = configure(findMethod(OPTIONS.method), OPTIONS.set);
  const { plan } = makePlan(model, analyse(model), configured, { steps: OPTIONS.steps, source: '' });
  const context = contextOf(model, plan);
  const texts = new Map<string, readonly [string, string]>();
  for (const pass of PASSES) {
    const before = text(model);
    runPasses(context, [pass]);
    texts.set(pass.name, [before, text(model)]);
  }
  return texts;
}

describe('the rewrite of two blocks', () => {
  const texts = stages();

  it.each(PASSES)('$name', ({ name }) => {
    const [before, after] = texts.get(name) ?? ['', ''];
    expectGolden(`${name}/toy.diff.txt`, diff(before, after));
  });

  it('is what compile does', () => {
    const { model } = compile(parse(readGolden('toy.txt')), OPTIONS);
    model.metadata.clear();
    expect(text(model)).toBe(texts.get(PASSES.at(-1)?.name ?? '')?.[1]);
  });

  it('ends with the manifest', () => {
    const { model } = compile(parse(readGolden('toy.txt')), OPTIONS);
    expect([...model.metadata.keys()]).toEqual(['bwc.manifest', 'bwc.undo']);
    const manifest: unknown = JSON.parse(model.metadata.get('bwc.manifest') ?? '');
    expectGolden(`${stamp.name}/toy.json.txt`, `${JSON.stringify(manifest, null, 2)}\n`);
  });

  it.each(METHODS)('is taken back: $name', method => {
    const set = known(method, {
      interval: 2,
      tail: 1,
      outer: 1,
      ratios: '1,0.99,0.98',
      table: '[[1,1,1,1],[0,0,0,0]]',
    });
    const toy = (): Model => parse(readGolden('toy.txt'));
    const { steps } = OPTIONS;
    if (method.name === 'skip-dit') {
      expect(() => compile(toy(), { method: method.name, steps, set })).toThrow('BWC306');
      return;
    }
    if (method.calibration === 'required') {
      expect(() => compile(toy(), { method: method.name, steps, set })).toThrow('BWC308');
      return;
    }
    const { model } = compile(toy(), { method: method.name, steps, set });
    strip(model);
    expect(structurallyEqual(model, parse(readGolden('toy.txt')))).toEqual([]);
  });
});

describe('inline-functions', () => {
  const inputs = readdirSync(pathOf('inline-functions/')).filter(file => file.endsWith('.input.txt'));

  it.each(inputs)('%s', file => {
    const model = parse(readGolden(`inline-functions/${file}`));
    inlineFunctions(model);
    expect(verify(model)).toEqual([]);
    expect(model.functions).toEqual([]);
    expectGolden(`inline-functions/${file.replace('.input.', '.output.')}`, print(model, { types: true }));
  });
});
