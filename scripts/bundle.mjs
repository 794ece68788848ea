// Bundles the built command line into a few files, dist/bin: to find and load three hundred small modules takes Node longer
// than bwc takes to compile a small model. What only some commands need of other packages stays outside.
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const FOLDER = join(ROOT, 'dist/bin');
/** Packages that every command loads, with what they need themselves. */
const INSIDE = ['@commander-js/extra-typings', 'cli-table3', 'commander', 'protobufjs', 'zod'];

const { dependencies, optionalDependencies } = packageOf(ROOT);
const bundle = await rolldown({
  input: { bwc: join(ROOT, 'dist/cli/main.js') },
  platform: 'node',
  external: Object.keys({ ...dependencies, ...optionalDependencies }).filter(name => !INSIDE.includes(name)),
});
rmSync(FOLDER, { recursive: true, force: true });
const { output } = await bundle.write({ dir: FOLDER, chunkFileNames: '[name].js' });
await bundle.close();

const modules = output.flatMap(chunk => (chunk.type === 'chunk' ? chunk.moduleIds : []));
const packages = new Set(modules.flatMap(id => /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(id) ?? []));
writeFileSync(join(FOLDER, 'LICENSES.txt'), [...packages].sort().map(notice).join('\n'));

/** What the licence of a package asks to go with copies of it. */
function notice(folder) {
  const { name, version, license } = packageOf(folder);
  return `${name} ${version} (${license})\n\n${licenceText(folder)}\n`;
}

function licenceText(folder) {
  for (const name of ['LICENSE', 'LICENSE.md', 'LICENCE', 'license']) {
    try {
      return readFileSync(join(folder, name), 'utf8').trim();
    } catch {}
  }
  return '';
}

function packageOf(folder) {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
}
