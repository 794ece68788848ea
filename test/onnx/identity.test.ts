import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { allNodes, type Model } from '../../src/ir/index.js';
import { encodeModel, readModel, readModelFrom, toBytes, writeModel } from '../../src/onnx/index.js';
import { CASES } from './adversarial.js';

const FIXTURES = new URL('../../fixtures', import.meta.url).pathname;
const fixtures = readdirSync(FIXTURES, { recursive: true, encoding: 'utf8' }).filter(path =>
  path.endsWith('.onnx'),
);
const folder = mkdtempSync(join(tmpdir(), 'bwc-identity-'));
afterAll(() => rmSync(folder, { recursive: true }));

const same = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;

/** Asks for everything that is decoded lazily. */
function readAll(model: Model): Model {
  for (const node of allNodes(model.graph)) {
    void node.metadata;
    for (const attribute of node.attributes.values())
      if (attribute.kind === 'tensor') attribute.value.bytes();
  }
  return model;
}

describe('an unchanged model is written byte for byte', () => {
  it.each(fixtures)('%s', async path => {
    const original = readFileSync(join(FIXTURES, path));
    const model = readAll(readModel(join(FIXTURES, path)));
    expect(encodeModel(model)).toMatchObject([{ kind: 'range', start: 0, end: original.length }]);
    expect(same(toBytes(readAll(readModelFrom(original))), original)).toBe(true);
    await writeModel(model, join(folder, 'copy.onnx'));
    expect(same(readFileSync(join(folder, 'copy.onnx')), original)).toBe(true);
  });

  it.each(CASES)('$name', ({ bytes }) => {
    expect(Buffer.from(toBytes(readModelFrom(bytes))).toString('hex')).toBe(
      Buffer.from(bytes).toString('hex'),
    );
    expect(same(toBytes(readAll(readModelFrom(bytes))), bytes)).toBe(true);
  });
});

describe('touching one node keeps everything else', () => {
  const rename = (bytes: Uint8Array, to: string): Uint8Array => {
    const model = readModelFrom(bytes);
    const [node] = model.graph.nodes;
    if (node) node.name = to;
    return toBytes(readAll(model));
  };

  it.each(CASES)('$name', ({ bytes, plainer }) => {
    const touched = rename(bytes, 'renamed');
    expect(readModelFrom(touched).graph.nodes[0]?.name).toBe('renamed');
    expect(same(touched, bytes)).toBe(false);
    const back = rename(touched, 'n');
    if (plainer) expect(back.length).toBeLessThan(bytes.length);
    else expect(Buffer.from(back).toString('hex')).toBe(Buffer.from(bytes).toString('hex'));
    // Plainer or not, a second round changes nothing any more.
    expect(same(rename(rename(back, 'renamed'), 'n'), back)).toBe(true);
  });

  it.each(fixtures)('%s', path => {
    const original = readFileSync(join(FIXTURES, path));
    const name = readModelFrom(original).graph.nodes[0]?.name ?? '';
    const touched = rename(original, `${name}+`);
    expect(touched.length).toBe(original.length + 1);
    expect(same(rename(touched, name), original)).toBe(true);
  });
});
