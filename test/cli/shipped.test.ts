import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { bwc, contents, DIT, workplace } from './bwc.js';

const SHIPPED = fileURLToPath(new URL('../../dist/bin/bwc.js', import.meta.url));
const folder = workplace();

function shipped(
  args: readonly string[],
  options: readonly string[] = [],
): { code: number | null; out: string; err: string } {
  const command = [...options, SHIPPED, ...args];
  const { status, stdout, stderr } = spawnSync(process.execPath, command, { encoding: 'utf8' });
  return { code: status, out: stdout, err: stderr };
}

/** What is installed as `bwc` is bundled from the modules that the other tests run. */
it('compiles in the shipped form to the same bytes', async () => {
  const [whole, parts] = [join(folder, 'whole.onnx'), join(folder, 'parts.onnx')];
  const ran = shipped(['compile', DIT.model, '-o', whole, '--steps', '30']);
  expect(ran).toMatchObject({ code: 0, err: '' });
  expect((await bwc(['compile', DIT.model, '-o', parts, '--steps', '30'])).code).toBe(0);
  const bytes = contents(folder);
  expect(bytes[whole]).toBe(bytes[parts]);
  expect(bytes[`${whole}.json`]).toBe(bytes[`${parts}.json`]);
});

/** Packages that only some commands need (ONNX Runtime, layout, charts, TypeScript) are loaded by these. */
it('loads no package to compile', () => {
  const [log, hooks, register] = ['loaded.txt', 'hooks.mjs', 'register.mjs'].map(name => join(folder, name));
  writeFileSync(
    hooks ?? '',
    `import { appendFileSync } from 'node:fs';
     export async function resolve(specifier, context, next) {
       const found = await next(specifier, context);
       appendFileSync(${JSON.stringify(log)}, found.url + '\\n');
       return found;
     }`,
  );
  writeFileSync(
    register ?? '',
    `import { register } from 'node:module'; register('./hooks.mjs', import.meta.url);`,
  );
  const args = ['compile', DIT.model, '--dry-run', '--json'];
  expect(shipped(args, ['--import', register ?? '']).code).toBe(0);
  const loaded = readFileSync(log ?? '', 'utf8')
    .trim()
    .split('\n');
  expect(loaded.some(url => url.endsWith('/dist/bin/bwc.js'))).toBe(true);
  expect(loaded.filter(url => url.includes('/node_modules/'))).toEqual([]);
});
