import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { compile } from '../../src/compile.js';
import {
  allNodes,
  type DataType,
  type Model,
  Node,
  snapshotInterface,
  structurallyEqual,
  verify,
} from '../../src/ir/index.js';
import { inferTypes } from '../../src/ir/infer/index.js';
import { addedOpAllowed } from '../../src/ir/opset.js';
import { looksAtStep, type Method } from '../../src/methods/index.js';
import { readModel, readModelFrom, toBytes } from '../../src/onnx/index.js';
import { strip } from '../../src/passes/index.js';
import { manifestSchema } from '../../src/plan/index.js';
import { defined, read, TRAINED } from '../blocks/fixtures.js';
import { build, completed } from '../decisions/compiled.js';
import { CASES, eager, FEW_CASES, known } from './cases.js';
import { copiesToHost, hostValues } from './placement.js';

/** Forms that change which nodes are emitted. */
const FORMS: readonly Readonly<Record<string, unknown>>[] = [
  {},
  { tokens: 'full' },
  { tokens: 'pooled', tail: 0.2, wanted: 0.5 },
  { reuse: 'output', blocks: 0.5 },
  { reuse: 'residual', blocks: '0-1', tail: 3 },
  { decide: 'ahead', relax: 1.25, most: 2 },
  { conditional: 'first' },
];

/** Fixtures that see every form: streams that are plain, joined and transposed. */
const SHOWN: ReadonlySet<string> = new Set(['tiny-video-dit.dynamo', 'flux.dynamo', 'latte.torchscript']);

/** Those that are different for this method. */
function formsOf(method: Method): typeof FORMS {
  const forms = FORMS.map(form => known(method, form));
  return [...new Map(forms.map(form => [JSON.stringify(form), form])).values()];
}

describe.each(CASES)('$title', ({ fixture, method }) => {
  /** What the structure says nothing of is looked at on few. */
  const twice = FEW_CASES.some(c => c.fixture === fixture && c.method === method);
  const forms = SHOWN.has(fixture.title) ? formsOf(method) : [{}];
  const options = (set: Readonly<Record<string, unknown>>, stateDefaults = false) => ({
    method,
    steps: 30,
    set: known(method, set),
    stateDefaults,
  });

  const expectStripped = (model: Model): void => {
    strip(model);
    expect(structurallyEqual(model, read(fixture))).toEqual([]);
    expect(verify(model)).toEqual([]);
  };

  it.each(forms)('is taken back by strip: %o', set => {
    expectStripped(readModelFrom(build(fixture, options(set)).bytes));
  });

  it.runIf(twice)('is taken back by strip where its state has defaults', () => {
    expectStripped(compile(read(fixture), completed(fixture, options({}, true))).model);
  });

  it.runIf(twice)('keeps all invariants and the interface, also when read again', () => {
    const { bytes, model } = build(fixture, options({}));
    const kept = snapshotInterface(read(fixture));
    expect(verify(model, kept)).toEqual([]);
    expect(verify(readModelFrom(bytes), kept)).toEqual([]);
  });

  it('carries its manifest', () => {
    const { bytes, manifest, model } = build(fixture, options({}));
    const found = readModelFrom(bytes).metadata.get('bwc.manifest');
    expect(manifestSchema.parse(JSON.parse(defined(found)))).toEqual(manifest);
    const added = (names: readonly string[]): string[] => names.filter(name => name.startsWith('bwc.'));
    const inputs = [...manifest.state, ...manifest.knobs].map(tensor => tensor.input);
    expect(added(model.graph.inputs.map(v => v.name))).toEqual(inputs);
    const outputs = [...manifest.state, ...manifest.signals].map(tensor => tensor.output);
    expect(added(model.graph.outputs.map(v => v.name))).toEqual(outputs);
    const { truth } = fixture;
    expect(manifest.roles).toEqual({
      latent: truth.latent,
      timestep: truth.timestep,
      prediction: truth.prediction,
    });
    const all = truth.blocks.map((_, i) => i);
    const skipped = new Set(manifest.regions.flatMap(r => r.blocks));
    expect(all).toEqual(expect.arrayContaining([...skipped]));
    expect(skipped.size).toBeGreaterThanOrEqual(truth.blocks.length / 2);
  });

  it.runIf(twice)('is the same bytes each time, wherever the file lies', () => {
    const folder = mkdtempSync(join(tmpdir(), 'bwc-contract-'));
    const copy = join(folder, 'another-name.onnx');
    copyFileSync(fixture.path, copy);
    const { bytes } = build(fixture, options({}));
    expect(
      Buffer.compare(toBytes(compile(readModel(copy), completed(fixture, options({}))).model), bytes),
    ).toBe(0);
    rmSync(folder, { recursive: true });
  });

  it.runIf(twice).each(forms)('adds only what CUDA can run, and reduces in float32: %o', set => {
    const { model } = build(fixture, options(set));
    const inferred = inferTypes(model);
    const elem = (node: Node): DataType => {
      const value =
        node.op === 'If' || node.op === 'ConstantOfShape'
          ? node.outputs[0]
          : node.inputs[node.op === 'Where' ? 1 : 0];
      return defined(value && inferred.elemOf(value), `type at ${node}`);
    };
    // Copies are of nodes that the original has.
    const added = [...allNodes(model.graph)].filter(
      node => node.name.startsWith('bwc/') && !node.name.startsWith('bwc/copy/') && node.op !== 'Constant',
    );
    expect(added.length).toBeGreaterThan(20);
    expect(added.filter(n => !addedOpAllowed(n.op, elem(n))).map(n => `${n} on ${elem(n)}`)).toEqual([]);
    expect(new Set(added.filter(n => n.op.startsWith('Reduce')).map(elem))).toEqual(new Set(['float32']));
  });

  it('takes its decision on the host, or waits for one copy from the device', () => {
    const { model, manifest, plan } = build(fixture, options(eager(method)));
    const gates = model.graph.nodes.filter(n => n.op === 'If' && n.name.startsWith('bwc/gate'));
    const conditions = new Set(gates.map(gate => gate.inputs[0]));
    const onHost = [...conditions].filter(value => value && hostValues(model.graph).has(value));
    const looks = looksAtStep(plan.decision);
    expect(onHost).toHaveLength(looks ? 0 : conditions.size);
    expect([...copiesToHost(model.graph)]).toEqual(looks ? [...conditions] : []);
    // Only where each region decides for itself, in front of itself, is it more than one.
    expect(conditions.size).toBe(looks && plan.decision.kind !== 'each' ? 1 : plan.channels);
    expect(manifest.cost.deviceToHost).toBe(looks ? conditions.size : 0);
  });
});

it('keeps what leaves through a normalisation once, as it goes on', () => {
  const fixture = defined(TRAINED.find(({ title }) => title === 'tiny-video-dit.dynamo'));
  const { model } = build(fixture, { steps: 30 });
  const kept = defined(model.graph.outputs.find(v => v.name === 'bwc.state.features.next'));
  expect(kept.producer?.op).toBe('If');
  expect([...kept.users].filter(user => user instanceof Node).map(user => user.op)).toEqual(['Mul']);
});
