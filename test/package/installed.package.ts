import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { TINY } from '../cli/bwc.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'bwc-package-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function run(command: string, args: readonly string[], cwd = folder): Ran {
  const ran = spawnSync(command, args, { cwd, encoding: 'utf8', maxBuffer: 2 ** 26 });
  return { code: ran.status, out: ran.stdout, err: ran.stderr };
}

function done(command: string, args: readonly string[], cwd = folder): string {
  const { code, out, err } = run(command, args, cwd);
  if (code !== 0) throw new Error(`${command} ${args.join(' ')}\n${out}${err}`);
  return out;
}

const bwc = (...args: readonly string[]): Ran => run('npx', ['--no', '--', 'bwc', ...args]);
const install = (...args: readonly string[]): string =>
  done('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts', ...args]);

const packed = z.array(
  z.object({
    filename: z.string(),
    unpackedSize: z.number(),
    files: z.array(z.object({ path: z.string() })),
  }),
);
let files: string[];
let size: number;

/** Compile-only: nothing optional is installed. */
beforeAll(() => {
  const text = done('npm', ['pack', '--json', '--pack-destination', folder], ROOT);
  const [tarball] = packed.parse(JSON.parse(text.slice(text.indexOf('['))));
  files = tarball?.files.map(file => file.path) ?? [];
  size = tarball?.unpackedSize ?? Number.NaN;
  writeFileSync(
    join(folder, 'package.json'),
    JSON.stringify({ name: 'stranger', type: 'module', private: true }),
  );
  copyFileSync(TINY.model, join(folder, 'dit.onnx'));
  const profile = JSON.parse(readFileSync(TINY.profile, 'utf8')) as { sampler: object };
  const short = { ...profile, sampler: { ...profile.sampler, steps: 4 }, seeds: [100] };
  writeFileSync(join(folder, 'dit.profile.json'), JSON.stringify(short));
  install('--omit=optional', `./${tarball?.filename ?? ''}`);
});

describe('the package', () => {
  it('holds the program, its types, its schemas and its papers, and nothing else', () => {
    const strays = files.filter(
      path => !/^dist\/bin\/[^/]+\.js$|^dist\/src\/.*\.(js|d\.ts)$|^docs\/schemas\/.*\.json$/.test(path),
    );
    const papers = ['CHANGELOG.md', 'LICENSE', 'README.md', 'dist/bin/LICENSES.txt', 'package.json'];
    expect(strays.sort()).toEqual(papers);
    expect(files.filter(path => /fixture|test|bench\/|scripts/.test(path))).toEqual([]);
    expect(size).toBeLessThan(4 * 2 ** 20);
    const declared = new Set(files.filter(path => path.endsWith('.d.ts')).map(path => path.slice(0, -5)));
    const library = files.filter(path => path.startsWith('dist/src/') && path.endsWith('.js'));
    const missing = library.filter(path => !declared.has(path.slice(0, -3)));
    expect(missing).toEqual([]);
  });

  it('compiles in an empty folder, without ONNX Runtime', () => {
    expect(bwc('--version').out.trim()).toBe(version());
    const compiled = bwc(
      'compile',
      'dit.onnx',
      '-o',
      'cached.onnx',
      '--steps',
      '4',
      '--set',
      'threshold=100',
    );
    expect([compiled.code, compiled.err]).toEqual([0, expect.not.stringContaining('error')]);
    for (const args of [
      ['inspect', 'cached.onnx'],
      ['strip', 'cached.onnx', '-o', 'original.onnx'],
      ['client', 'cached.onnx', '--lang', 'ts', '-o', 'client.ts'],
      ['methods'],
    ]) {
      expect(bwc(...args).code, args.join(' ')).toBe(0);
    }
  });

  it.each([
    ['verify', 'dit.onnx', 'cached.onnx', '--profile', 'dit.profile.json'],
    ['bench', 'dit.onnx', 'cached.onnx', '--profile', 'dit.profile.json'],
  ])('%s says that it needs ONNX Runtime, and how to get it', (...args) => {
    const ran = bwc(...args);
    expect(ran.code).toBe(1);
    expect(ran.err).toContain('BWC401');
    expect(ran.err).toContain('npm install onnxruntime-node');
  });

  it.each(['nodenext', 'bundler'])('has types that resolve on their own (%s)', resolution => {
    writeFileSync(
      join(folder, 'use.ts'),
      `import { compile, type Manifest, readModel, WorkerModel, writeModel } from 'bwc';
       const model = readModel('dit.onnx');
       const { manifest }: { manifest: Manifest } = compile(model, { steps: 4 });
       await writeModel(model, 'other.onnx');
       export const worker: Promise<WorkerModel> = WorkerModel.open('other.onnx');
       export const names: string[] = manifest.state.map(pair => pair.input);
       // @ts-expect-error a number is no path
       readModel(1);\n`,
    );
    const module = resolution === 'bundler' ? 'esnext' : 'nodenext';
    const options = ['--strict', '--noEmit', '--target', 'es2023', '--module', module];
    const types = ['--typeRoots', join(ROOT, 'node_modules/@types'), '--types', 'node'];
    const tsc = join(ROOT, 'node_modules/.bin/tsc');
    const ran = run(tsc, [
      '--ignoreConfig',
      ...options,
      ...types,
      '--moduleResolution',
      resolution,
      'use.ts',
    ]);
    expect(ran.out).toBe('');
  });

  it('runs models once ONNX Runtime is installed beside it, in a thread as well', () => {
    install('onnxruntime-node');
    const verified = bwc('verify', 'dit.onnx', 'cached.onnx', '--profile', 'dit.profile.json');
    expect([verified.code, verified.err]).toEqual([0, expect.not.stringContaining('BWC')]);
    writeFileSync(
      join(folder, 'run.js'),
      `import { generate, loadProfile, WorkerModel } from 'bwc';
       const model = await WorkerModel.open('cached.onnx', { threads: 1 });
       const steps = await generate(model, loadProfile('dit.profile.json'), 100);
       console.log(steps.map(step => (step.signals.computed ? 'C' : '.')).join(''));\n`,
    );
    // It ends although nobody closes the model: an idle thread keeps no process alive.
    expect(done(process.execPath, ['run.js']).trim()).toMatch(/^C[C.]{3}$/);
  });
});

function version(): string {
  return z.object({ version: z.string() }).parse(JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')))
    .version;
}
