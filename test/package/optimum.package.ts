import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { defined } from '../blocks/fixtures.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const GUIDE = readFileSync(join(ROOT, 'docs/guides/optimum.md'), 'utf8');
const SCRIPT = readFileSync(join(ROOT, 'docs/guides/optimum/pipeline.py'), 'utf8');
const PYTHON = process.env['BWC_PYTHON'] ?? 'python3';
const hasPackages = spawnSync(PYTHON, ['-c', 'import onnx, onnxruntime, torch']).status === 0;

/** The lines of the fenced blocks of the guide: what to write, and what to run. */
const [written, commands] = [...GUIDE.matchAll(/^```\n([\s\S]*?)\n```$/gm)].map(
  match => match[1]?.split('\n') ?? [],
);

const report = z.object({
  equal: z.boolean(),
  all_computed: z.record(z.string(), z.string()),
  repeats: z.boolean(),
  shared: z.boolean(),
  difference: z.number(),
  decisions: z.record(z.string(), z.string()),
  reused: z.string(),
});

describe.skipIf(!hasPackages)('docs/guides/optimum.md', () => {
  const folder = mkdtempSync(join(tmpdir(), 'bwc-optimum-'));
  const venv = join(folder, 'venv');
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** The versions that Optimum needs, in front of the large packages of Python's own. */
  beforeAll(() => {
    done(PYTHON, ['-m', 'venv', venv]);
    const packages = done(PYTHON, ['-c', 'import site; print(*site.getsitepackages(), sep="\\n")']);
    const [version] = readdirSync(join(venv, 'lib'));
    writeFileSync(join(venv, 'lib', defined(version), 'site-packages/own.pth'), packages);
  });

  /** Runs a program in the new environment; standard output. */
  function done(program: string, args: readonly string[]): string {
    const PATH = [join(venv, 'bin'), process.env['PATH']].join(delimiter);
    const ran = spawnSync(program, args, { cwd: ROOT, encoding: 'utf8', env: { ...process.env, PATH } });
    if (ran.status !== 0) throw new Error(`${args.join(' ')}\n${ran.stdout}${ran.stderr}`);
    return ran.stdout;
  }
  const shell = (line: string): string => done('bash', ['-c', line.replaceAll('out/', `${folder}/`)]);

  it('shows lines of its script', () => {
    const lines = SCRIPT.split('\n').map(line => line.trim());
    expect(written).toHaveLength(3);
    expect(written?.filter(line => !lines.includes(line))).toEqual([]);
  });

  it("runs Optimum's pipeline with a compiled transformer, a state for each of its two calls", () => {
    expect(commands).toHaveLength(5);
    for (const line of defined(commands).slice(0, -1)) shell(line);
    const last = defined(commands?.at(-1));
    const [plain, bound] = [last, `${last} --io-binding`].map(line => report.parse(JSON.parse(shell(line))));
    const found = defined(plain);
    expect(bound).toEqual(found);
    const all = 'C'.repeat(20);
    expect(found).toMatchObject({ equal: true, repeats: true, shared: true });
    expect(found.all_computed).toEqual({ cond: all, uncond: all });
    const decisions = [found.decisions['cond'], found.decisions['uncond']];
    for (const stream of decisions) expect(stream).toMatch(/^C(?=.*\.)[C.]{19}$/);
    const reused = decisions.join('').split('.').length - 1;
    expect(found.reused).toBe(`${reused} of 40`);
    expect(found.difference).toBeGreaterThan(0);
    expect(found.difference).toBeLessThanOrEqual(1);
    console.log(`reused ${found.reused} calls: ${decisions.join(' ')}`);
  }, 600_000);
});
