import { readFileSync } from 'node:fs';
import { CommanderError } from '@commander-js/extra-typings';
import { describe, expect, it } from 'vitest';
import { report, run } from '../../cli/run.js';
import type { Terminal } from '../../cli/terminal.js';
import { bwc, TINY } from './bwc.js';

/** A terminal that keeps what is written. */
function recorder(
  options: { debug?: boolean; colour?: boolean } = {},
): Terminal & { text: { out: string; err: string } } {
  const text = { out: '', err: '' };
  const output = (name: 'out' | 'err') => ({
    write: (part: string): void => {
      text[name] += part;
    },
    colour: options.colour ?? false,
    width: 80,
  });
  return { text, out: output('out'), err: output('err'), version: '1.2.3', debug: options.debug ?? false };
}

describe('the command line', () => {
  it('prints version and help', async () => {
    const [version, help] = await Promise.all([bwc(['--version']), bwc(['--help'])]);
    const { version: own } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
    expect(version).toEqual({ code: 0, out: `${own}\n`, err: '' });
    expect(help.code).toBe(0);
    for (const name of ['compile', 'inspect', 'verify', 'bench', 'strip', 'methods'])
      expect(help.out).toContain(name);
  });

  it.each([
    ['nothing', []],
    ['an unknown command', ['compille']],
    ['an unknown option', ['inspect', 'a.onnx', '--jsn']],
    ['a missing argument', ['inspect']],
    ['an argument too many', ['inspect', 'a.onnx', 'b.onnx']],
    ['a missing option', ['verify', 'a.onnx', 'b.onnx']],
    ['no output', ['compile', TINY.model]],
    ['seeds that are none', ['bench', 'a', 'b', '--profile', 'c', '--seeds', '1;2']],
  ])('%s is wrong usage', async (_, args) => {
    const terminal = recorder();
    expect(await run(args, terminal)).toBe(2);
    expect(terminal.text.out).toBe('');
    expect(terminal.text.err).toContain(args.length === 0 ? 'Usage: bwc' : 'error BWC304: ');
  });

  it('says wrong usage in JSON when asked for', async () => {
    const terminal = recorder();
    expect(await run(['inspect', '--json'], terminal)).toBe(2);
    expect(JSON.parse(terminal.text.out)).toMatchObject({ ok: false, diagnostics: [{ code: 'BWC304' }] });
  });

  it('takes what follows -- for arguments', async () => {
    const terminal = recorder();
    expect(await run(['inspect', '--', '--json'], terminal)).toBe(1);
    expect(terminal.text).toMatchObject({
      out: '',
      err: expect.stringContaining('BWC101: cannot read --json'),
    });
  });

  it('colours only a terminal', async () => {
    const terminal = recorder({ colour: true });
    await run(['methods', 'nothing'], terminal);
    expect(terminal.text.err).toContain('\x1b[31m');
    for (const env of [{}, { FORCE_COLOR: '1' }, { NO_COLOR: '1' }]) {
      expect((await bwc(['methods', 'nothing'], env)).err).not.toContain('\x1b');
    }
  });

  it('fits tables into the terminal', async () => {
    const terminal = recorder();
    expect(await run(['inspect', TINY.model], terminal)).toBe(0);
    expect(Math.max(...terminal.text.out.split('\n').map(line => line.length))).toBeLessThanOrEqual(84);
  });
});

describe('what was thrown', () => {
  it('is our mistake when nobody foresaw it', () => {
    const terminal = recorder();
    expect(report(new Error('oops'), [], terminal)).toBe(70);
    expect(terminal.text.err).toMatch(/^error BWC902: internal error: oops\n/);
    expect(terminal.text.err).not.toContain('usage.test');
  });

  it('comes with its stack when debugging', () => {
    const terminal = recorder({ debug: true });
    expect(report(new Error('oops', { cause: new Error('deeper') }), ['--json'], terminal)).toBe(70);
    expect(terminal.text.err).toContain('usage.test');
    expect(terminal.text.err).toContain('caused by Error: deeper');
    expect(JSON.parse(terminal.text.out)).toMatchObject({ diagnostics: [{ code: 'BWC902' }] });
  });

  it('is no error when help was asked for', () => {
    expect(report(new CommanderError(0, 'commander.helpDisplayed', ''), [], recorder())).toBe(0);
  });
});
