import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { CORPUS, makeMissing } from './python.js';
import { type Row, STEPS } from './row.js';

/**
 * `npm run test:corpus -- [--no-make] [--no-run] [names...]`: a name is a family, family.exporter or
 * family.exporter.form. `--no-make` takes what is there, `--no-run` compiles without running anything.
 */
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { 'no-make': { type: 'boolean', default: false }, 'no-run': { type: 'boolean', default: false } },
});

if (!values['no-make']) makeMissing(positionals);

const all = existsSync(CORPUS)
  ? readdirSync(CORPUS, { withFileTypes: true })
      .filter(entry => entry.isDirectory())
      .flatMap(({ name }) => readdirSync(join(CORPUS, name)).map(file => join(name, file)))
  : [];
const wanted = (suffix: string): { name: string; path: string }[] =>
  all
    .filter(file => file.endsWith(suffix))
    .map(file => ({ name: stemOf(file, suffix), path: join(CORPUS, file) }))
    .filter(
      ({ name }) => positionals.length === 0 || positionals.some(p => name === p || name.startsWith(`${p}.`)),
    )
    .sort((a, b) => (a.name < b.name ? -1 : 1));

const rows: Row[] = [];
console.log(line('fixture and form', 'truth', 'nodes', STEPS, 'ms'));
for (const { name, path } of wanted('.truth.json')) {
  const row = isolated(name, path.replace(/\.truth\.json$/, '.onnx'));
  rows.push(row);
  console.log(line(row.name, row.truth, String(row.nodes), marks(row), row.ms.toFixed(0)));
}

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
console.log(`\n${rows.length} rows: ${right} right, ${wrong.length} wrong; ${missing.length} not made`);
process.exitCode = wrong.length > 0 || rows.length === 0 ? 1 : 0;

/** A row in a process of its own: ONNX Runtime may end it without an exception. */
function isolated(name: string, path: string): Row {
  const script = fileURLToPath(new URL('one.js', import.meta.url));
  const { stdout, signal, status } = spawnSync(
    process.execPath,
    [script, name, path, values['no-run'] ? 'compile' : 'run'],
    { stdio: ['ignore', 'pipe', 'ignore'], encoding: 'utf8' },
  );
  const last = stdout.trim().split('\n').at(-1) ?? '';
  if (status === 0) return JSON.parse(last) as Row;
  const reason = `the process was ended by ${signal ?? `status ${status}`}`;
  return { name, truth: '?', nodes: 0, ms: 1, problems: [{ step: 'bwcache', reason }], notes: [] };
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
