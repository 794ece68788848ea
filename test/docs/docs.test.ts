import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const OUT = join(ROOT, 'out/docs');

interface Block {
  readonly language: string;
  readonly text: string;
  readonly line: number;
}

/** Fenced blocks that name a language; blocks without one are not code. */
function blocksOf(page: string): Block[] {
  const text = readFileSync(join(ROOT, page), 'utf8');
  return [...text.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].map(match => ({
    language: match[1] ?? '',
    text: match[2] ?? '',
    line: text.slice(0, match.index).split('\n').length,
  }));
}

const python = process.env['BWC_PYTHON'] ?? 'python3';
const hasPython = spawnSync(python, ['-c', 'import numpy, onnxruntime']).status === 0;

const runners: Record<string, (block: Block, name: string) => void> = {
  sh: block => {
    for (const line of block.text.trim().split('\n')) {
      const result = spawnSync('bash', ['-c', line], { cwd: ROOT, encoding: 'utf8' });
      expect(result.status, `${line}\n${result.stderr}`).toBe(0);
    }
  },
  ts: (block, name) => {
    const file = join(OUT, `${name}.ts`);
    writeFileSync(file, block.text);
    const options = [
      '--ignoreConfig',
      '--module',
      'nodenext',
      '--target',
      'es2023',
      '--strict',
      '--skipLibCheck',
      '--types',
      'node',
    ];
    execFileSync(
      join(ROOT, 'node_modules/.bin/tsc'),
      [...options, '--rootDir', ROOT, '--outDir', join(OUT, 'built'), file],
      { cwd: ROOT },
    );
    execFileSync(process.execPath, [join(OUT, 'built/out/docs', `${name}.js`)], { cwd: ROOT });
  },
  py: (block, name) => {
    const file = join(OUT, `${name}.py`);
    writeFileSync(file, block.text);
    execFileSync(python, [file], { cwd: ROOT });
  },
  // For a browser, where test/package runs the same: here it is parsed.
  js: (block, name) => {
    const file = join(OUT, `${name}.mjs`);
    writeFileSync(file, block.text);
    execFileSync(process.execPath, ['--check', file]);
  },
  yaml: block => {
    expect(() => parse(block.text, { strict: true })).not.toThrow();
  },
  json: block => {
    expect(() => JSON.parse(block.text)).not.toThrow();
  },
};

const inDocs = readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' });
const pages = [
  'README.md',
  'ARCHITECTURE.md',
  'CONTRIBUTING.md',
  ...inDocs
    .filter(path => path.endsWith('.md'))
    .sort()
    .map(path => join('docs', path)),
];

describe('code blocks in the documentation', () => {
  mkdirSync(OUT, { recursive: true });
  for (const page of pages) {
    for (const block of blocksOf(page)) {
      const run = runners[block.language];
      const name = `${page.replace(/\W/g, '_')}_${block.line}`;
      it.skipIf(block.language === 'py' && !hasPython)(`${page}:${block.line} (${block.language})`, () => {
        expect(run, `nobody runs ${block.language}`).toBeDefined();
        run?.(block, name);
      });
    }
  }
});

describe('what the documentation counts', () => {
  it('is the number of families that are exported and denoise', () => {
    const folder = join(ROOT, 'fixtures/export/families');
    const own = readdirSync(folder).filter(file => file.endsWith('.py'));
    const denoising = own.filter(file => !readFileSync(join(folder, file), 'utf8').includes('refused='));
    const script = readFileSync(join(ROOT, 'fixtures/export/corpus.py'), 'utf8');
    const committed = /^COMMITTED = \[(.*)\]$/m.exec(script)?.[1]?.split(',') ?? [];
    const said = /exports (\d+) families/.exec(readFileSync(join(ROOT, 'README.md'), 'utf8'))?.[1];
    expect(said).toBe(String(denoising.length + committed.length));
  });
});
