import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { generate, writeClient } from '../../src/index.js';
import { numbersOf } from '../../src/runtime/tensors.js';
import { defined, TRAINED } from '../blocks/fixtures.js';
import { launchBrowser, NO_BROWSER } from '../browser.js';
import { build, open, profileOf } from '../decisions/compiled.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** The largest norm of a difference that other kernels may make over a generation, by the norm of the latent. */
const TOLERANCE = 1e-5;
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.wasm': 'application/wasm',
};

const PAGE = `<!doctype html><title>bwc</title>
<script type="importmap">{ "imports": {
  "onnxruntime-web/wasm": "/node_modules/onnxruntime-web/dist/ort.wasm.bundle.min.mjs",
  "bwc/web": "/bwc/runtime/web.js"
} }</script>
<script type="module">
import * as ort from 'onnxruntime-web/wasm';
import { CachedModel, createSampler, fromNumbers, numbersOf } from 'bwc/web';
import { Model, denoise } from '/client.js';
const { Tensor, env } = ort;
env.wasm.numThreads = 1;
window.generate = async ({ latent, dims, timesteps, label }) => {
  const model = await Model.open('/model.onnx');
  const decisions = [];
  const result = await denoise(model, {
    latent: new Tensor('float32', Float32Array.from(latent), dims),
    timesteps: timesteps.map(t => new Tensor('float32', [t], [1])),
    conditions: { y: new Tensor('int64', [BigInt(label)], [1]) },
    update: (step, x, prediction) => {
      const delta = ((timesteps[step + 1] ?? 0) - timesteps[step]) / 1000;
      return new Tensor('float32', x.data.map((v, i) => v + delta * prediction.data[i]), x.dims);
    },
    onStep: (step, signals) => decisions.push(signals.computed ? 'C' : '.'),
  });
  return { decisions: decisions.join(''), latent: Array.from(result.data) };
};
window.cached = async ({ latent, dims, sampler: spec, label }) => {
  const manifest = await (await fetch('/model.onnx.json')).json();
  const model = await CachedModel.open('/model.onnx', { manifest, ort });
  const sampler = createSampler(spec);
  const decisions = [];
  let stream = model.stream();
  let x = latent;
  for (const [step, t] of sampler.timesteps.entries()) {
    const feeds = new Map([
      ['x', fromNumbers('float32', dims, x)],
      ['t', fromNumbers('float32', [1], [t])],
      ['y', fromNumbers('int64', [1], [label])],
    ]);
    // Another stream goes on from the state of the first.
    const saved = stream.save();
    stream = model.stream();
    stream.restore(saved);
    const { outputs, signals } = await stream.run(feeds);
    decisions.push(signals.computed ? 'C' : '.');
    x = sampler.update(step, x, numbersOf(outputs.get(manifest.roles.prediction)));
  }
  await model.close();
  return { decisions: decisions.join(''), latent: Array.from(x) };
};
</script>`;

describe.skipIf(NO_BROWSER !== '')(`in a browser${NO_BROWSER}`, () => {
  const folder = mkdtempSync(join(tmpdir(), 'bwc-browser-'));
  const fixture = defined(TRAINED.find(({ exporter }) => exporter === 'dynamo'));
  const profile = profileOf(fixture);
  let server: Server;
  let browser: Browser;

  beforeAll(async () => {
    const manifest = createRequire(import.meta.url)('onnxruntime-node/package.json') as { version: string };
    writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }');
    done('npm', [
      'install',
      '--no-audit',
      '--no-fund',
      '--ignore-scripts',
      `onnxruntime-web@${manifest.version}`,
    ]);
    const built = build(fixture, { steps: profile.sampler.steps });
    writeFileSync(join(folder, 'model.onnx'), built.bytes);
    writeFileSync(join(folder, 'model.onnx.json'), JSON.stringify(built.manifest));
    const runtime = 'onnxruntime-web/wasm';
    const text = await writeClient(built.model, built.manifest, 'ts', { file: 'model.onnx', runtime });
    writeFileSync(join(folder, 'client.ts'), text);
    const options = [
      '--ignoreConfig',
      '--strict',
      '--target',
      'es2023',
      '--lib',
      'es2023,dom',
      '--types',
      '',
    ];
    const resolution = ['--module', 'esnext', '--moduleResolution', 'bundler', '--skipLibCheck'];
    done(join(ROOT, 'node_modules/.bin/tsc'), [...options, ...resolution, 'client.ts']);
    writeFileSync(join(folder, 'index.html'), PAGE);
    server = createServer((request, response) => {
      const path = normalize(new URL(request.url ?? '/', 'http://localhost').pathname);
      const own = path.startsWith('/bwc/') ? join(ROOT, 'dist/src', path.slice('/bwc'.length)) : undefined;
      const file = own ?? join(folder, path === '/' ? 'index.html' : path);
      if (!existsSync(file)) {
        response.writeHead(404).end();
        return;
      }
      response.setHeader('content-type', TYPES[extname(file)] ?? 'application/octet-stream');
      response.end(readFileSync(file));
    });
    await new Promise<void>(resolve => void server.listen(0, '127.0.0.1', resolve));
    browser = await launchBrowser();
  });
  afterAll(async () => {
    await browser.close();
    server.close();
    rmSync(folder, { recursive: true, force: true });
  });

  function done(command: string, args: readonly string[]): void {
    const ran = spawnSync(command, args, { cwd: folder, encoding: 'utf8' });
    if (ran.status !== 0) throw new Error(`${command} ${args.join(' ')}\n${ran.stdout}${ran.stderr}`);
  }

  it.each([
    ['the client', 'generate'],
    ['bwc/web', 'cached'],
  ])('%s decides as Node does over 30 steps, and makes the same video', async (_, run) => {
    const built = build(fixture, { steps: profile.sampler.steps });
    const model = await open(built);
    const steps = await generate(model, profile, 100);
    await model.close();
    const [first, last] = [defined(steps[0]), defined(steps.at(-1))];
    const start = defined(first.feeds.get('x'));
    const page = await browser.newPage();
    const troubles: string[] = [];
    page.on('pageerror', error => void troubles.push(error.message));
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    await page.waitForFunction('window.cached !== undefined');
    const task = JSON.stringify({
      latent: [...numbersOf(start)],
      dims: start.dims,
      timesteps: steps.map(step => step.timestep),
      sampler: profile.sampler,
      label: Number(defined(first.feeds.get('y')).data[0]),
    });
    const answer = z
      .object({ decisions: z.string(), latent: z.array(z.number()) })
      .parse(await page.evaluate(`window.${run}(${task})`));
    expect(troubles).toEqual([]);
    const decisions = steps.map(step => (step.signals?.computed ? 'C' : '.')).join('');
    expect(steps).toHaveLength(30);
    expect(answer.decisions).toBe(decisions);
    expect(new Set(decisions)).toEqual(new Set(['C', '.']));
    const wanted = numbersOf(last.latent);
    const norm = (values: ArrayLike<number>): number => Math.hypot(...Array.from(values));
    const difference = norm(answer.latent.map((x, i) => x - (wanted[i] ?? 0))) / norm(wanted);
    expect(difference).toBeLessThanOrEqual(TOLERANCE);
    console.log(`difference from Node: ${difference.toExponential(1)} of the latent's norm`);
  });
});
