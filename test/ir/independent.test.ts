import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { structurallyEqual } from '../../src/ir/equal.js';
import { parse } from '../../src/ir/parse.js';
import { print } from '../../src/ir/print.js';
import { models } from './arbitrary.js';

/** A Python that has onnx: `BWC_PYTHON` or `python3`. */
const PYTHON = process.env['BWC_PYTHON'] ?? 'python3';
const available = spawnSync(PYTHON, ['-c', 'import onnx.parser']).status === 0;

interface Answer {
  readonly text?: string;
  readonly error?: string;
}

function throughOnnx(texts: readonly string[]): Answer[] {
  const script = new URL('../independent/text_syntax.py', import.meta.url).pathname;
  const run = spawnSync(PYTHON, [script], {
    input: JSON.stringify(texts),
    maxBuffer: 2 ** 28,
    encoding: 'utf8',
  });
  if (run.status !== 0) throw new Error(run.stderr);
  return JSON.parse(run.stdout) as Answer[];
}

describe.skipIf(!available)('onnx itself', () => {
  it('reads what print writes, and parse reads what onnx prints', () => {
    const drawn = fc.sample(models(true), { numRuns: 200, seed: 1 });
    const answers = throughOnnx(drawn.map((model, i) => print(model, { types: i % 2 === 0 })));
    drawn.forEach((model, i) => {
      const { text, error } = answers[i] ?? {};
      expect(error).toBeUndefined();
      expect(structurallyEqual(model, parse(text ?? ''))).toEqual([]);
    });
  });
});
