import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import {
  analyse,
  METHODS,
  type Model,
  readModel,
  strip,
  structurallyEqual,
  writeModel,
} from '../../src/index.js';
import { checkExternalData } from '../../src/onnx/index.js';

const FOLDER = fileURLToPath(new URL('../../out/fullsize', import.meta.url));
const NAMES = ['wan21_t2v_14b', 'wan21_t2v_1_3b', 'hunyuan_video', 'flux1_dev', 'cogvideox_5b', 'sd35_large'];

const factsSchema = z.object({
  parameters: z.number(),
  /** Blocks of each list, as the configuration has them. */
  blocks: z.array(z.number()),
  nodes: z.number(),
  externalBytes: z.number(),
});

const methods = METHODS.map(method => method.name);
/** What a method may lack here: a trained table (BWC303), a calibration (BWC308), a grid of tokens that sizes tell (BWC221). */
const LACKING = /^error (BWC303|BWC308|BWC221)/m;
const work = mkdtempSync(join(tmpdir(), 'bwc-scale-'));
afterAll(() => rmSync(work, { recursive: true }));

/** Made by `fixtures/export/fullsize.py`; weights are holes. */
describe.each(NAMES)('%s', name => {
  const path = join(FOLDER, `${name}.onnx`);
  const present = existsSync(path);
  const facts = present
    ? factsSchema.parse(JSON.parse(readFileSync(path.replace(/onnx$/, 'json'), 'utf8')))
    : undefined;

  it.skipIf(!present)('has the blocks of its configuration', () => {
    const { blocks, groups } = analyse(readModel(path));
    const counts = groups.map(group => group.count);
    process.stdout.write(`${name}: ${counts.join(' + ')} blocks\n`);
    const all = facts?.blocks.reduce((a, b) => a + b, 0);
    expect(blocks.length).toBe(all);
    expect(readModel(path).graph.nodes.length).toBe(facts?.nodes);
  });

  it.skipIf(!present).each(methods)('compiles with %s, and back', async method => {
    // As in a download cache: the weights are a link, and nothing is written beside the original.
    for (const file of [`${name}.onnx`, `${name}.onnx.data`]) {
      rmSync(join(work, file), { force: true });
      symlinkSync(join(FOLDER, file), join(work, file));
    }
    const output = join(work, `${name}.${method}.onnx`);
    const ran = timed([
      'compile',
      join(work, `${name}.onnx`),
      '-o',
      output,
      '-m',
      method,
      '--steps',
      '50',
      '--json',
    ]);
    const lacking = ran.code === 0 ? undefined : LACKING.exec(ran.err)?.[1];
    if (lacking !== undefined) {
      process.stdout.write(`${name}, ${method}: refused with ${lacking}\n`);
      expect(method).not.toMatch(/^bwcache/);
      return;
    }
    expect(ran.code, ran.err).toBe(0);
    // What it costs is shown and not judged: that is the machine's as much as ours.
    process.stdout.write(`${name}, ${method}: ${ran.seconds.toFixed(2)} s, ${ran.peak}\n`);
    const compiled = readModel(output);
    checkExternalData(compiled, output);
    expect(compiled.graph.initializers.size + branchInitializers(compiled)).toBeGreaterThan(100);
    strip(compiled);
    expect(structurallyEqual(compiled, readModel(path))).toEqual([]);
    const back = join(work, `${name}.${method}.stripped.onnx`);
    await writeModel(compiled, back);
    expect(structurallyEqual(readModel(back), readModel(path))).toEqual([]);
  });
});

function branchInitializers(model: Model): number {
  return model.graph.nodes
    .flatMap(node => node.subgraphs)
    .reduce((sum, graph) => sum + graph.initializers.size, 0);
}

const TIME = '/usr/bin/time';

/** Runs the built command, with the time and the peak memory of its process where the system tells. */
function timed(args: readonly string[]): { code: number | null; err: string; seconds: number; peak: string } {
  const main = fileURLToPath(new URL('../../dist/bin/bwc.js', import.meta.url));
  const command = [...(existsSync(TIME) ? [TIME, '-f', 'peak %M'] : []), process.execPath, main, ...args];
  const start = performance.now();
  const { status, stderr } = spawnSync(command[0] ?? '', command.slice(1), {
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
  });
  const kib = /peak (\d+)\s*$/.exec(stderr)?.[1];
  return {
    code: status,
    err: stderr,
    seconds: (performance.now() - start) / 1000,
    peak: kib === undefined ? 'memory unknown' : `${Math.round(Number(kib) / 1024)} MiB`,
  };
}
