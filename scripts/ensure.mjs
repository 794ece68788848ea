// Installs and builds what is missing or out of date. Plain Node: it runs before anything is installed.
// Everything it prints goes to stderr, so that the output of the command it stands before stays clean.
import { spawnSync } from 'node:child_process';
import { readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const SOURCES = ['src', 'cli', 'scripts', 'test', 'bench', 'tsconfig.json', 'package.json'];
const BUILT = 'dist/.built';

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  fail(`bwc needs Node 20.19 or later; this is ${process.version}.`);
}

const installed = changed('node_modules/.package-lock.json');
if (installed === undefined || installed < (changed('package-lock.json') ?? 0)) {
  say('installing dependencies …');
  // Loglevel and omit may come from the npm that runs us.
  run(npm(), ['ci', '--include=dev', '--include=optional', '--no-audit', '--no-fund', '--loglevel=error']);
}

const built = changed(BUILT);
if (built === undefined || built < Math.max(...SOURCES.map(newest))) {
  say('building …');
  const start = new Date();
  run(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc'), '-b']);
  run(process.execPath, [join(ROOT, 'scripts/bundle.mjs')]);
  // What changed while it built must be built again.
  writeFileSync(join(ROOT, BUILT), '');
  utimesSync(join(ROOT, BUILT), start, start);
}

function changed(path) {
  return statSync(join(ROOT, path), { throwIfNoEntry: false })?.mtimeMs;
}

/** The latest change at or below a path. A folder's own time tells of files that were taken away. */
function newest(path) {
  const stats = statSync(join(ROOT, path), { throwIfNoEntry: false });
  if (stats === undefined) return 0;
  if (!stats.isDirectory()) return stats.mtimeMs;
  return Math.max(stats.mtimeMs, ...readdirSync(join(ROOT, path)).map(name => newest(join(path, name))));
}

/** npm by the file that runs us, if any, else by name. */
function npm() {
  const path = process.env.npm_execpath ?? '';
  return path.endsWith('.js') ? path : 'npm';
}

function run(command, args) {
  const isScript = command.endsWith('.js');
  const result = spawnSync(isScript ? process.execPath : command, isScript ? [command, ...args] : args, {
    cwd: ROOT,
    stdio: ['ignore', 2, 2],
    shell: command === 'npm' && process.platform === 'win32',
  });
  if (result.error !== undefined) fail(`${command} could not be started: ${result.error.message}`);
  if (result.status !== 0) fail(`${[command, ...args].join(' ')} failed.`);
}

function say(text) {
  process.stderr.write(`bwc: ${text}\n`);
}

function fail(text) {
  say(text);
  process.exit(1);
}
