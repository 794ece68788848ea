import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { readModelFrom } from '../../src/index.js';
import { generate } from '../../src/runtime/index.js';
import { isRunType, zeros } from '../../src/runtime/tensors.js';
import { tritonConfig } from '../../src/serve/index.js';
import { defined, FIXTURES } from '../blocks/fixtures.js';
import { bwc, TINY, workplace } from '../cli/bwc.js';
import { CASES, eager } from '../contract/cases.js';
import { build, open, profileOf } from '../decisions/compiled.js';
import { cachedManifest, cachedModel } from '../runtime/models.js';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const PYTHON = process.env['BWC_PYTHON'] ?? 'python3';
const hasSchema =
  spawnSync(PYTHON, ['-c', 'import google.protobuf, importlib.util as u; u.find_spec("tritonclient").name'])
    .status === 0;
const dynamo = FIXTURES.filter(fixture => fixture.exporter === 'dynamo');
/** A method of each kind of decision. */
const KINDS: ReadonlySet<string> = new Set([
  'bwcache',
  'first-block-cache',
  'easycache',
  'taylorseer',
  'pab',
]);
const STEPS = 8;

describe('the configuration for Triton', () => {
  it('reads as it should', () => {
    const text = tritonConfig(readModelFrom(cachedModel()), cachedManifest(), { name: 'small' });
    const golden = join(HERE, 'golden/small.pbtxt.txt');
    if (process.env['BWC_UPDATE'] !== undefined) writeFileSync(golden, text);
    expect(text).toBe(readFileSync(golden, 'utf8'));
  });

  it.skipIf(!hasSchema)(
    "fits Triton's schema for every fixture, and maps all that the manifest pairs",
    () => {
      const configs = Object.fromEntries(
        dynamo.map(fixture => {
          const { model, manifest } = build(fixture, { steps: STEPS });
          return [fixture.title, tritonConfig(model, manifest, { name: `a "${fixture.family}"\n` })];
        }),
      );
      const run = spawnSync(PYTHON, [join(HERE, 'parse.py')], {
        input: JSON.stringify(configs),
        encoding: 'utf8',
      });
      expect(run.stderr).toBe('');
      const parsed = JSON.parse(run.stdout) as Record<
        string,
        { name: string; sequence_batching: { state: unknown[] } }
      >;
      for (const fixture of dynamo) {
        const { model, manifest } = build(fixture, { steps: STEPS });
        const paired = new Set(manifest.state.flatMap(pair => [pair.input, pair.output]));
        const names = (values: typeof model.graph.inputs): unknown[] =>
          values
            .filter(value => !paired.has(value.name))
            .map(({ name }) => expect.objectContaining({ name }));
        expect(parsed[fixture.title]).toMatchObject({
          name: `a "${fixture.family}"\n`,
          backend: 'onnxruntime',
          input: names(model.graph.inputs),
          output: names(model.graph.outputs),
          sequence_batching: {
            state: manifest.state.map(({ input, output, shape }) => ({
              input_name: input,
              output_name: output,
              dims: shape.map(d => (typeof d === 'number' ? String(d) : '-1')),
              initial_state: [
                { zero_data: true, dims: shape.map(d => (typeof d === 'number' ? String(d) : '1')) },
              ],
            })),
          },
        });
      }
    },
  );

  it.each(CASES.filter(({ method, fixture }) => KINDS.has(method.name) && dynamo.includes(fixture)))(
    'starts from zeros of the sizes that it gives: $title',
    async ({ fixture, method }) => {
      const model = await open(build(fixture, { method: method.name, steps: STEPS, set: eager(method) }));
      const profile = profileOf(fixture, { steps: STEPS, batch: 2 });
      const run = async (): Promise<string> =>
        (await generate(model, profile, 100)).map(step => (step.signals?.computed ? 'C' : '.')).join('');
      const wanted = await run();
      expect(wanted).toMatch(/^C.*\./);
      model.restore(
        new Map(
          model.manifest.state.map(({ input, type, shape }) => [
            input,
            zeros(
              isRunType(type) ? type : 'float32',
              shape.map(d => (typeof d === 'number' ? d : 1)),
            ),
          ]),
        ),
      );
      expect(await run()).toBe(wanted);
      await model.close();
    },
  );

  it('is refused for types that Triton does not have', () => {
    const model = readModelFrom(cachedModel());
    defined(model.graph.inputs[0]).type = { kind: 'tensor', elem: 'float8e5m2', shape: [1] };
    expect(() => tritonConfig(model, cachedManifest(), { name: 'x' })).toThrow(/BWC321.*float8e5m2/);
  });
});

describe('bwc compile --emit triton', () => {
  const folder = workplace();

  it('writes a model repository', async () => {
    const ran = await bwc([
      'compile',
      TINY.model,
      '--emit',
      'triton',
      '-o',
      join(folder, 'models'),
      '--steps',
      '30',
    ]);
    expect([ran.code, ran.err]).toEqual([0, '']);
    const name = 'tiny-video-dit.torchscript';
    const config = readFileSync(join(folder, 'models', name, 'config.pbtxt'), 'utf8');
    expect(config).toContain(`name: "${name}"`);
    expect(existsSync(join(folder, 'models', name, '1/model.onnx'))).toBe(true);
    expect(existsSync(join(folder, 'models', name, '1/model.onnx.json'))).toBe(true);
  });

  it('leaves nothing behind when it refuses', async () => {
    const ran = await bwc(['compile', 'missing.onnx', '--emit', 'triton', '-o', join(folder, 'nothing')]);
    expect([ran.code, existsSync(join(folder, 'nothing'))]).toEqual([1, false]);
  });
});
