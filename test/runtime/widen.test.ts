import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { compile } from '../../src/compile.js';
import { allNodes, parse, Tensor } from '../../src/ir/index.js';
import { readModel, writeModel } from '../../src/onnx/index.js';
import { MANIFEST_KEY } from '../../src/plan/manifest.js';
import { manifestOf, parseProfile, type RunProfile, verifyCompiled } from '../../src/runtime/index.js';
import { isNarrow, widen, widenProfile } from '../../src/runtime/widen.js';
import { toy } from '../blocks/toy.js';

const folder = mkdtempSync(join(tmpdir(), 'bwc-test-'));
afterAll(() => rmSync(folder, { recursive: true }));

type Narrow = 'float16' | 'bfloat16';

/** A toy in a 16-bit type and what `compile` makes of it, as files. */
async function pair(type: Narrow): Promise<{ original: string; compiled: string }> {
  const source = parse(toy({ blocks: 3 }));
  for (const value of [...source.graph.inputs, ...source.graph.outputs, ...source.graph.initializers]) {
    const { initializer } = value;
    if (value.type?.kind === 'tensor' && value.type.elem === 'float32')
      value.type = { ...value.type, elem: type };
    if (initializer?.elem === 'float32')
      value.initializer = Tensor.of(type, initializer.numbers() ?? [], initializer.dims);
  }
  const original = join(folder, `${type}.onnx`);
  await writeModel(source, original);
  const model = readModel(original);
  compile(model, { method: 'bwcache-code', set: { threshold: 0 }, steps: 4 });
  const compiled = join(folder, `${type}.compiled.onnx`);
  await writeModel(model, compiled);
  return { original, compiled };
}

const profile = (type: Narrow): RunProfile =>
  parseProfile(
    {
      sampler: { kind: 'flow-euler', steps: 4 },
      inputs: {
        x: { role: 'latent', type, shape: [2, 6, 4], init: 'normal' },
        t: { role: 'timestep', type, shape: [2] },
      },
      prediction: { output: 'y' },
      seeds: [1],
    },
    join(folder, 'profile.json'),
  );

describe('widening', () => {
  it.each(['float16', 'bfloat16'] as const)('leaves no %s, and every constant its value', async type => {
    const { compiled } = await pair(type);
    const model = readModel(compiled);
    const before = [...model.graph.initializers].map(v => v.initializer?.numbers());
    expect(isNarrow(model)).toBe(true);
    widen(model, compiled);
    expect(isNarrow(model)).toBe(false);
    expect([...model.graph.initializers].map(v => v.initializer?.numbers())).toEqual(before);
    const targets = [...allNodes(model.graph)].filter(n => n.op === 'Cast').map(n => n.int('to'));
    expect(targets).not.toContain(type === 'float16' ? 10 : 16);
    expect(targets.length).toBeGreaterThan(0);
    const path = join(folder, 'wide.onnx');
    await writeModel(model, path);
    expect(isNarrow(readModel(path))).toBe(false);
    expect((await manifestOf(path))?.state.map(s => s.type)).not.toContain(type);
    expect(model.metadata.get(MANIFEST_KEY)).not.toContain(`"${type}"`);
  });

  it('reads weights from other files', async () => {
    const { original } = await pair('float16');
    const inside = [...readModel(original).graph.initializers].map(v => v.initializer);
    const bytes = inside.find(t => t?.elem === 'float16')?.bytes() ?? new Uint8Array();
    const data = join(folder, 'weights.data');
    writeFileSync(data, Buffer.concat([Buffer.alloc(6), bytes]));
    const model = readModel(original);
    const value = [...model.graph.initializers].find(v => v.initializer?.elem === 'float16');
    const dims = value?.initializer?.dims ?? [];
    const external = { location: 'weights.data', offset: 6 };
    if (value) value.initializer = new Tensor({ elem: 'float16', dims, external });
    widen(model, original);
    expect(value?.initializer?.numbers()).toEqual(inside.find(t => t?.elem === 'float16')?.numbers());
  });

  it('widens a profile', () => {
    const { inputs } = widenProfile(profile('bfloat16'));
    expect(Object.values(inputs).map(spec => spec.type)).toEqual(['float32', 'float32']);
  });
});

describe('verify', () => {
  it.each(['float16', 'bfloat16'] as const)('compares bits of %s models in float32', async type => {
    const { original, compiled } = await pair(type);
    const result = await verifyCompiled(original, compiled, profile(type));
    expect(result.checks.filter(c => !c.ok)).toEqual([]);
    expect(result.bitEqual).toBe(true);
    expect(result.diagnostics.map(d => d.code)).toEqual(['BWC503']);
    expect(result.checks.at(-1)?.name).toBe('as they are, 16-bit');
    const ran = type === 'float16' ? /9 checks over 4 steps/ : /^not run: ONNX Runtime refuses/;
    expect(result.checks.at(-1)?.detail).toMatch(ran);
  });

  it('finds a 16-bit model that computes something else', async () => {
    const { original, compiled } = await pair('float16');
    const model = readModel(compiled);
    for (const node of allNodes(model.graph)) if (node.op === 'Tanh') node.opType = 'Sigmoid';
    const path = join(folder, 'wrong.onnx');
    await writeModel(model, path);
    const result = await verifyCompiled(original, path, profile('float16'));
    const failed = result.checks.filter(c => !c.ok).map(c => c.name);
    expect(failed).toContain('bit-equal, optimisations off');
    expect(failed).toContain('as they are, 16-bit');
    expect(result.bitEqual).toBe(false);
  });
});
