import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { analyse } from '../../src/blocks/index.js';
import { compile } from '../../src/compile.js';
import { type Model, parse, print, structurallyEqual, verify } from '../../src/ir/index.js';
import { configure, findMethod, METHODS } from '../../src/methods/index.js';
import {
  addState,
  compare,
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
  weigh,
} from '../../src/passes/index.js';
import { makePlan } from '../../src/plan/index.js';
import { known } from '../contract/cases.js';
import { learnedGates } from '../decisions/calibrations.js';
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
  compare,
  weigh,
  gateRegions,
  measure,
  conclude,
  sink,
  localise,
];

interface Rewrite {
  /** Of the golden files. */
  readonly name: string;
  readonly options: {
    readonly method: string;
    readonly steps: number;
    readonly set: Readonly<Record<string, unknown>>;
  };
  /** Passes whose work is shown. */
  readonly shown: readonly Pass[];
}

const OPTIONS = { method: 'bwcache', steps: 10, set: { interval: 2, tail: 1 } };

/** A measurement for the steps to come; the step's own data; a table and several memories. */
const REWRITES: readonly Rewrite[] = [
  {
    name: 'toy',
    options: OPTIONS,
    shown: [addState, keepTime, forecast, gateRegions, measure, conclude, sink, localise],
  },
  {
    name: 'first-block-cache',
    options: { method: 'first-block-cache', steps: 10, set: { tail: 1 } },
    shown: [forecast, compare, gateRegions, measure, conclude],
  },
  {
    name: 'taylorseer',
    options: { method: 'taylorseer', steps: 10, set: { order: 2, interval: 3 } },
    shown: [forecast, weigh, gateRegions, conclude],
  },
];

const text = (model: Model): string => print(model, { types: true, elideAbove: 8 });

/** The toy before and after each pass, those before it having run. */
function stages({
  method,
  set,
  steps,
}: Rewrite['options']): ReadonlyMap<string, readonly [before: string, after: string]> {
  const model = parse(readGolden('toy.txt'));
  const configured = configure(findMethod(method), set);
  const { plan } = makePlan(model, analyse(model), configured, { steps, source: '' });
  const context = contextOf(model, plan);
  const texts = new Map<string, readonly [string, string]>();
  for (const pass of PASSES) {
    const before = text(model);
    runPasses(context, [pass]);
    texts.set(pass.name, [before, text(model)]);
  }
  return texts;
}

describe.each(REWRITES)('the rewrite of two blocks, $name', ({ name, options, shown }) => {
  const texts = stages(options);

  it.each(shown)('$name', pass => {
    const [before, after] = texts.get(pass.name) ?? ['', ''];
    expectGolden(`${pass.name}/${name}.diff.txt`, diff(before, after));
  });

  it('is what compile does', () => {
    const { model } = compile(parse(readGolden('toy.txt')), options);
    model.metadata.clear();
    expect(text(model)).toBe(texts.get(PASSES.at(-1)?.name ?? '')?.[1]);
  });
});

describe('the rewrite of two blocks', () => {
  it.each(['compute', 'reuse'] as const)('in two models: %s', which => {
    const { split } = compile(parse(readGolden('toy.txt')), { ...OPTIONS, emit: 'split' });
    const half = split?.[which];
    if (half === undefined) throw new Error('there are two models');
    half.metadata.clear();
    expect(verify(half)).toEqual([]);
    expectGolden(`split-${which}/toy.txt`, text(half));
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
      grid: '2x3',
      gates: learnedGates(parse(readGolden('toy.txt'))),
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
