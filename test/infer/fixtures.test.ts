import { readFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import {
  allNodes,
  type Dim,
  type Model,
  type Shape,
  type Value,
  type ValueType,
} from '../../src/ir/index.js';
import { evaluate, flopsOf, type Inferred, inferTypes } from '../../src/ir/infer/index.js';
import { readModel } from '../../src/onnx/index.js';
import { FIXTURES } from '../blocks/fixtures.js';
import { feedsFor, runtimeTypes } from './build.js';

const ROOT = fileURLToPath(new URL('../../fixtures', import.meta.url));
const files = FIXTURES.map(({ path }) => relative(ROOT, path)).sort();
const of = (exporter: string): string[] => files.filter(file => file.endsWith(`.${exporter}.onnx`));

interface Loaded {
  readonly model: Model;
  readonly inferred: Inferred;
  /** Types of node outputs as the file had them, which inference did not see. */
  readonly declared: ReadonlyMap<Value, ValueType | undefined>;
  readonly sizes: ReadonlyMap<string, number>;
}

function load(file: string): Loaded {
  const path = join(ROOT, file);
  const model = readModel(path);
  const declared = new Map<Value, ValueType | undefined>();
  for (const node of allNodes(model.graph)) {
    for (const value of node.outputs) {
      if (value === undefined) continue;
      declared.set(value, value.type);
      value.type = undefined;
    }
  }
  return { model, inferred: inferTypes(model), declared, sizes: sizesOf(model, path) };
}

/** The sizes that the fixture's profile runs at, with a batch of 2 where the batch is free. */
function sizesOf(model: Model, path: string): ReadonlyMap<string, number> {
  const profile = join(dirname(path), `${basename(dirname(path))}.profile.json`);
  const { inputs } = JSON.parse(readFileSync(profile, 'utf8')) as {
    inputs: Record<string, { shape: number[] }>;
  };
  const sizes = new Map<string, number>();
  for (const input of model.graph.inputs) {
    const shape = input.type?.kind === 'tensor' ? (input.type.shape ?? []) : [];
    shape.forEach((dim, i) => {
      const size = inputs[input.name]?.shape[i];
      if (typeof dim === 'string' && size !== undefined) sizes.set(dim, dim === 'batch' ? 2 : size);
    });
  }
  return sizes;
}

const shapeOf = (type: ValueType | undefined): Shape | undefined =>
  type?.kind === 'tensor' ? type.shape : undefined;

/** Names that exporters give to output dimensions they know nothing of. */
const invented = (dim: Dim): boolean => typeof dim === 'string' && dim.includes('_dim_');

it('has fixtures from both exporters', () => {
  expect(of('dynamo').length).toBeGreaterThan(0);
  expect(of('torchscript').length).toBeGreaterThan(0);
});

describe.each(files)('%s', file => {
  const { model, inferred, declared, sizes } = load(file);
  const values = [...declared.keys()];

  it('has a rule for every operator and a shape for every value', () => {
    expect([...inferred.unruled]).toEqual([]);
    const open = values.filter(value => inferred.shapeOf(value)?.every(dim => dim !== undefined) !== true);
    expect(open.map(String)).toEqual([]);
    const typeless = values.filter(value => inferred.elemOf(value) === undefined);
    expect(typeless.map(String)).toEqual([]);
  });

  it('infers what the file declares', () => {
    for (const [value, type] of declared) {
      if (type?.kind !== 'tensor') continue;
      const message = value.name;
      expect(inferred.elemOf(value), message).toBe(type.elem);
      const stated = shapeOf(type);
      const shape = inferred.shapeOf(value);
      expect(shape?.length, message).toBe(stated?.length);
      stated?.forEach((dim, i) => {
        if (dim === undefined || invented(dim)) return;
        expect(evaluate(shape?.[i], sizes), message).toBe(evaluate(dim, sizes));
        if (typeof dim === 'number') expect(shape?.[i], message).toBe(dim);
      });
    }
  });

  it('infers what ONNX Runtime computes', async () => {
    const step = Math.max(1, Math.floor(values.length / 120));
    const outputs = new Set(model.graph.outputs);
    const sample = values.filter(
      (value, i) => i % step === 0 && value.producer?.graph === model.graph && !outputs.has(value),
    );
    for (const value of sample) model.graph.addOutput(value);
    const actual = await runtimeTypes(
      model,
      feedsFor(model, sizes, () => 1),
    );
    for (const value of model.graph.outputs) {
      const found = actual.get(value.name);
      expect(inferred.elemOf(value), value.name).toBe(found?.elem);
      const dims = inferred.shapeOf(value)?.map(dim => evaluate(dim, sizes));
      expect(dims, value.name).toEqual(found?.dims);
    }
  });

  it('counts operations of every node', () => {
    for (const node of allNodes(model.graph))
      expect(flopsOf(node, inferred, sizes), node.name).toBeGreaterThanOrEqual(0);
  });
});
