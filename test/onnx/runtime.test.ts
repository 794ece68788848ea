import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import type onnxProto from 'onnx-proto';
import { afterAll, describe, expect, it } from 'vitest';
import {
  type Attribute,
  allNodes,
  attr,
  Graph,
  type Model,
  Node,
  tensorType,
  Value,
} from '../../src/ir/index.js';
import { readModel, readModelFrom, toBytes, writeModel } from '../../src/onnx/index.js';
import { floats, graph, model, node, tensor, unknown, valueInfo } from './build.js';
import { at, decode, defined } from './helpers.js';

const ort = await import('onnxruntime-node').catch(() => undefined);
const FIXTURES = new URL('../../fixtures', import.meta.url).pathname;
const folder = mkdtempSync(joinPath(tmpdir(), 'bwc-runtime-'));
afterAll(() => rmSync(folder, { recursive: true }));

const fixtures = readdirSync(FIXTURES, { recursive: true, encoding: 'utf8' }).filter(path =>
  path.endsWith('.onnx'),
);

/** a = x * w; y = sqrt(exp(a)). */
const source = (): Model =>
  readModelFrom(
    model(
      graph({
        nodes: [
          node({ op: 'Mul', inputs: ['x', 'w'], outputs: ['a'], name: 'mul' }),
          node({ op: 'Exp', inputs: ['a'], outputs: ['b'], name: 'exp', more: [unknown()] }),
          node({ op: 'Sqrt', inputs: ['b'], outputs: ['y'], name: 'sqrt' }),
        ],
        initializers: [tensor('w', [1], floats(2))],
        inputs: [valueInfo('x', ['n'])],
        outputs: [valueInfo('y', ['n'])],
        infos: [valueInfo('a', ['n']), valueInfo('b', ['n'])],
      }),
    ),
  );

/** Moves everything after `a` into the branch taken when the new input `go` is true; else y = a. */
function branched(): Model {
  const m = source();
  const [mul, exp, sqrt] = m.graph.nodes;
  const moved = new Set([defined(exp), defined(sqrt)]);
  const y = at(m.graph.outputs, 0);
  const a = defined(mul?.outputs[0]);
  m.graph.detach(moved);
  y.name = m.names.fresh('y.compute');
  const then = new Graph('compute');
  then.append(...moved);
  then.addOutput(y);
  const other = new Graph('reuse');
  const copy = new Value(m.names.fresh('y.reuse'), tensorType('float32', ['n']));
  other.append(new Node({ opType: 'Identity', inputs: [a], outputs: [copy] }));
  other.addOutput(copy);
  const go = new Value('go', tensorType('bool', []));
  m.graph.addInput(go);
  const result = new Value('y', y.type);
  const attributes = [attr.graph('then_branch', then), attr.graph('else_branch', other)];
  m.graph.append(new Node({ opType: 'If', name: 'if', inputs: [go], outputs: [result], attributes }));
  m.graph.replaceInput(y, result);
  return m;
}

describe.skipIf(ort === undefined)('ONNX Runtime', () => {
  const { InferenceSession, Tensor: OrtTensor } = defined(ort);

  it('runs a model whose nodes were moved into a branch', async () => {
    const path = joinPath(folder, 'branched.onnx');
    await writeModel(branched(), path);
    const session = await InferenceSession.create(path);
    const run = async (go: boolean): Promise<number[]> => {
      const x = new OrtTensor('float32', Float32Array.of(0, 1), [2]);
      const { y } = await session.run({ x, go: new OrtTensor('bool', [go], []) });
      return Array.from(defined(y).data as Float32Array);
    };
    expect(await run(false)).toEqual([0, 2]);
    expect(await run(true)).toEqual([1, Math.fround(Math.exp(1))].map(v => expect.closeTo(v, 5)));
    await session.release();
  });

  it.each(fixtures)('loads %s with every value renamed', async fixture => {
    const m = readModel(joinPath(FIXTURES, fixture));
    for (const n of allNodes(m.graph)) {
      for (const value of n.outputs) if (value && !m.graph.outputs.includes(value)) value.name += '.r';
    }
    for (const value of m.graph.initializers) if (!value.isGraphInput) value.name += '.r';
    const path = joinPath(folder, 'renamed.onnx');
    await writeModel(m, path);
    const session = await InferenceSession.create(path, { graphOptimizationLevel: 'disabled' });
    expect(session.inputNames).toEqual(m.graph.inputs.map(v => v.name));
    await session.release();
  });
});

describe('onnx-proto', () => {
  it('reads a branched model as it was meant', () => {
    const g = defined(decode(toBytes(branched())).graph);
    expect(g.node?.map(n => n.name)).toEqual(['mul', 'if']);
    expect(g.input?.map(v => v.name)).toEqual(['x', 'go']);
    expect(g.valueInfo?.map(v => v.name)).toEqual(['a']);
    const then = g.node?.[1]?.attribute?.[0]?.g;
    expect(then?.node?.map(n => [n.name, n.input, n.output])).toEqual([
      ['exp', ['a'], ['b']],
      ['sqrt', ['b'], ['y.compute']],
    ]);
    expect(then?.valueInfo?.map(v => v.name)).toEqual(['b']);
    expect(then?.output?.[0]?.type?.tensorType?.shape?.dim?.[0]?.dimParam).toBe('n');
  });

  it.each(fixtures)('sees in %s what we see', fixture => {
    const m = readModel(joinPath(FIXTURES, fixture));
    const bytes = toBytes(m);
    const g = defined(decode(bytes).graph);
    expect(
      m.graph.nodes.map(n => [
        n.opType,
        n.domain,
        n.name,
        n.inputs.map(v => v?.name ?? ''),
        n.outputs.map(v => v?.name ?? ''),
      ]),
    ).toEqual(g.node?.map(n => [n.opType, n.domain, n.name, n.input, n.output]));
    expect(m.graph.nodes.map(n => [...n.attributes.values()].map(plain))).toEqual(
      g.node?.map(n =>
        n.attribute?.map(a => [
          a.name,
          String(a.i ?? ''),
          a.f,
          a.ints?.map(String),
          a.floats,
          a.t?.dims?.map(Number),
          a.t?.rawData?.length,
        ]),
      ),
    );
    expect(
      [...m.graph.initializers].map(v => [v.name, v.initializer?.dims, v.initializer?.byteLength]),
    ).toEqual(g.initializer?.map(t => [t.name, t.dims?.map(Number), byteLength(t)]));
  });
});

/** Bytes of a tensor, which some tools write number by number. */
function byteLength({ rawData, int64Data, floatData }: onnxProto.onnx.ITensorProto): number {
  return (rawData?.length ?? 0) + 8 * (int64Data?.length ?? 0) + 4 * (floatData?.length ?? 0);
}

/** An attribute in the terms of `AttributeProto`, defaults of proto3 included. */
function plain(a: Attribute): unknown[] {
  const t = a.kind === 'tensor' ? a.value : undefined;
  return [
    a.name,
    a.kind === 'int' ? String(a.value) : '0',
    a.kind === 'float' ? a.value : 0,
    a.kind === 'ints' ? a.value.map(String) : [],
    a.kind === 'floats' ? a.value : [],
    t?.dims,
    t?.bytes()?.length,
  ];
}
