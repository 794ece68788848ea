import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { structurallyEqual } from '../../src/ir/equal.js';
import { parse } from '../../src/ir/parse.js';
import { print } from '../../src/ir/print.js';
import { snapshotInterface, verify } from '../../src/ir/verify.js';
import { readModel } from '../../src/onnx/index.js';

const FIXTURES = new URL('../../fixtures/', import.meta.url);
const files = readdirSync(FIXTURES, { withFileTypes: true })
  .filter(entry => entry.isDirectory())
  .flatMap(({ name }) => readdirSync(new URL(`${name}/`, FIXTURES)).map(file => `${name}/${file}`))
  .filter(path => path.endsWith('.onnx'));

describe.each(files)('%s', path => {
  const read = () => readModel(new URL(path, FIXTURES).pathname);

  it('breaks no invariant', () => {
    const model = read();
    expect(verify(model, snapshotInterface(model))).toEqual([]);
  });

  it('is equal to itself, read twice', () => {
    expect(structurallyEqual(read(), read())).toEqual([]);
  });

  it('prints as text that reads back', () => {
    const text = print(read(), { types: true });
    const back = parse(text);
    expect(print(back, { types: true })).toBe(text);
    expect(verify(back)).toEqual([]);
  });
});
