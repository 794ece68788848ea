import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { CORPUS, makeMissing } from './python.js';
import { type Row, STEPS } from './row.js';

/**
 * `npm run test:corpus -- [--no-make] [--no-run] [--jobs N] [names...]`: a name is a family, family.exporter or
 * family.exporter.form. `--no-make` takes what is there, `--no-run` compiles without running anything; `--jobs` rows
 * are examined at once, as many as there are processors by default.
 */
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    'no-make': { type: 'boolean', default: false },
    'no-run': { type: 'boolean', default: false },
    jobs: { type: 'string', default: String(availableParallelism()) },
  },
});

/** Rows that one process examines, one after another. */
const BATCH = 12;

if (!values['no-make']) makeMissing(positionals);

const all = existsSync(CORPUS)
  ? readdirSync(CORPUS, { withFileTypes: true })
      .filter(entry => entry.isDirectory())
      .flatMap(({ name }) => readdirSync(join(CORPUS, name)).map(file => join(name, file)))
  : [];
const wanted = (suffix: string): Entry[] =>
  all
    .filter(file => file.endsWith(suffix))
    .map(file => ({ name: stemOf(file, suffix), path: join(CORPUS, file) }))
    .filter(
      ({ name }) => positionals.length === 0 || positionals.some(p => name === p || name.startsWith(`${p}.`)),
    )
    .sort((a, b) => (a.name < b.name ? -1 : 1));

interface Entry {
  readonly name: string;
  readonly path: string;
}

const start = performance.now();
const rows: Row[] = [];
console.log(line('fixture and form', 'truth', 'nodes', STEPS, 'ms'));
const report = (row: Row): void => {
  rows.push(row);
  console.log(line(row.name, row.truth, String(row.nodes), marks(row), row.ms.toFixed(0)));
};
const entries = wanted('.truth.json').map(e => ({ ...e, path: e.path.replace(/\.truth\.json$/, '.onnx') }));
await Promise.all(Array.from({ length: Number(values.jobs) }, work));
rows.sort((a, b) => (a.name < b.name ? -1 : 1));

const wrong = rows.filter(row => row.problems.length > 0);
for (const row of wrong) {
  console.log(`\n${row.name} (${row.truth})`);
  for (const { step, reason } of row.problems) console.log(`  ${step}: ${reason}`);
}
const noted = rows.filter(row => row.notes.length > 0);
if (noted.length > 0) console.log('\nnotes');
for (const row of noted) for (const note of row.notes) console.log(`  ${row.name}: ${note}`);
const missing = wanted('.failed.json');
if (missing.length > 0) console.log('\nnot made');
for (const { name, path } of missing) console.log(`  ${name}: ${reasonIn(path)}`);
writeFileSync(join(CORPUS, 'report.json'), `${JSON.stringify(rows, undefined, 1)}\n`);

const right = rows.length - wrong.length;
const minutes = ((performance.now() - start) / 60_000).toFixed(1);
console.log(`\nchecked in ${minutes} minutes`);
console.log(`${rows.length} rows: ${right} right, ${wrong.length} wrong; ${missing.length} not made`);
process.exitCode = wrong.length > 0 || rows.length === 0 ? 1 : 0;

/** Examines what no other worker has taken, until nothing is left. */
async function work(): Promise<void> {
  for (let batch = entries.splice(0, BATCH); batch.length > 0; batch = entries.splice(0, BATCH)) {
    while (batch.length > 0) {
      let done = 0;
      const ending = await isolated(batch, row => {
        done++;
        report(row);
      });
      const [failed] = batch.splice(0, done + 1).slice(done);
      if (failed === undefined) continue;
      const problems = [{ step: 'bwcache' as const, reason: ending }];
      report({ name: failed.name, truth: '?', nodes: 0, ms: 1, problems, notes: [] });
    }
  }
}

/**
 * Examines rows in a process of their own, since ONNX Runtime may end it without an exception.
 * @returns how it ended, where it did not reach the last row
 */
async function isolated(entries: readonly Entry[], report: (row: Row) => void): Promise<string> {
  const script = fileURLToPath(new URL('one.js', import.meta.url));
  const args = entries.flatMap(({ name, path }) => [name, path]);
  const mode = values['no-run'] ? 'compile' : 'run';
  const child = spawn(process.execPath, [script, mode, ...args], { stdio: ['ignore', 'pipe', 'ignore'] });
  const ended = new Promise<string>(done => {
    child.on('close', (status, signal) => done(`the process was ended by ${signal ?? `status ${status}`}`));
  });
  for await (const text of createInterface({ input: child.stdout })) report(JSON.parse(text) as Row);
  return await ended;
}

function stemOf(file: string, suffix: string): string {
  return (file.split('/').at(-1) ?? file).slice(0, -suffix.length);
}

function marks(row: Row): string[] {
  return STEPS.map(step => {
    if (row.problems.some(p => p.step === step)) return 'wrong';
    if (row.truth !== '' && row.ms === 0) return step === 'identified' ? 'refused' : '';
    return 'right';
  });
}

function line(name: string, truth: string, nodes: string, steps: readonly string[], ms: string): string {
  const columns = steps.map(text => text.padEnd(12)).join(' ');
  return `${name.padEnd(44)} ${truth.padEnd(30)} ${nodes.padStart(6)}  ${columns} ${ms.padStart(5)}`;
}

function reasonIn(path: string): string {
  const { reason } = JSON.parse(readFileSync(path, 'utf8')) as { reason: string };
  return reason;
}
