/** `npm run bench [-- NAME...]`: one table of all benchmarks. See README.md beside this file. */

import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { adjust } from './adjust.js';
import { copying } from './copying.js';
import { graphTools } from './graph-tools.js';
import { growth } from './growth.js';
import { ROOT } from './measure.js';
import { overhead } from './overhead.js';
import { type Row, skipped, tableOf } from './rows.js';
import { steps } from './steps.js';

mkdirSync(join(ROOT, 'out'), { recursive: true });
/** On the same disk as the full-size graphs, and of this run alone. */
const FOLDER = mkdtempSync(join(ROOT, 'out/bench-'));
const BENCHMARKS = [copying, graphTools, growth, steps, overhead, adjust].map(make => make(FOLDER));

const wanted = process.argv.slice(2);
const unknown = wanted.filter(name => !BENCHMARKS.some(each => each.name === name));
if (unknown.length > 0) {
  process.stderr.write(
    `unknown: ${unknown.join(', ')}; there are ${BENCHMARKS.map(b => b.name).join(', ')}\n`,
  );
  process.exit(2);
}

const rows: Row[] = [];
try {
  for (const { name, what, run } of BENCHMARKS) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    const say = (text: string): void => void process.stderr.write(`${name}: ${text} …\n`);
    try {
      rows.push(...(await run(say)));
    } catch (error) {
      rows.push(skipped(what, error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error)));
      process.exitCode = 1;
    }
  }
} finally {
  rmSync(FOLDER, { recursive: true, force: true });
}
process.stdout.write(tableOf(rows));
