import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { bwc, DIT } from './bwc.js';

const MAIN = join(fileURLToPath(new URL('../..', import.meta.url)), 'dist/cli/main.js');

/** util-linux's, which gives a command a terminal. */
const HAS_SCRIPT = spawnSync('script', ['--version']).stdout?.includes('util-linux') === true;

/** What a command writes to a terminal of so many columns, both streams together. */
function onTerminal(
  columns: number,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): string {
  // Under CI, Node takes no terminal for one with colours.
  const { FORCE_COLOR: _, NO_COLOR: __, CI: ___, ...rest } = process.env;
  const command = `stty cols ${columns} rows 40 && exec '${process.execPath}' '${MAIN}' ${args.join(' ')}`;
  const ran = spawnSync('script', ['-qec', command, '/dev/null'], {
    env: { ...rest, TERM: 'xterm-256color', ...env },
    encoding: 'utf8',
  });
  expect(ran.status, ran.stdout).toBe(0);
  return ran.stdout.replaceAll('\r\n', '\n');
}

const ESCAPE = String.fromCharCode(27);
/** Colours, in the notation of terminals. */
const COLOUR = new RegExp(`${ESCAPE}\\[\\d+m`);
/** A line of progress begins so: it is written over. */
const PROGRESS = `\r${ESCAPE}[K`;

const diff = ['diff', DIT.model.replace('dynamo', 'torchscript'), DIT.model];

describe.skipIf(!HAS_SCRIPT)('on a terminal', () => {
  it('shows progress and colours, which NO_COLOR takes away', () => {
    const out = onTerminal(100, [...diff, '--stat']);
    expect(out).toContain(`${PROGRESS}working …`);
    expect(out).toMatch(COLOUR);
    expect(onTerminal(100, [...diff, '--stat'], { NO_COLOR: '1' })).not.toMatch(COLOUR);
  });

  it.each([
    ['inspect', ['inspect', DIT.model]],
    ['plan', ['plan', DIT.model, '--steps', '30']],
    ['diff', diff],
    ['methods', ['methods']],
    ['one method', ['methods', 'dbcache']],
  ])('%s keeps to 80 columns', (_, args) => {
    const out = onTerminal(80, args, { NO_COLOR: '1' });
    const lines = out.split('\n').map(line => line.split(PROGRESS).at(-1) ?? '');
    const wide = lines.filter(line => line.length > 80);
    expect(wide).toEqual([]);
  });
});

describe('in a pipe', () => {
  it('shows no progress and no colours', async () => {
    const ran = await bwc([...diff, '--stat']);
    expect(ran).toMatchObject({ code: 0, err: '' });
    expect(ran.out).not.toMatch(COLOUR);
  });
});
