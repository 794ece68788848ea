import { CommanderError } from '@commander-js/extra-typings';
import { type Diagnostic, diagnostic, exitCode, Refusal } from '../src/diagnostics/index.js';
import { diagnosticText } from '../src/report/diagnostic.js';
import { coloured, plain } from '../src/report/text.js';
import type { Outcome, Progress } from './outcome.js';
import { createProgram } from './program.js';
import type { Output, Terminal } from './terminal.js';

/**
 * Runs one command line.
 * @returns the exit code: 0 done, 1 refused or a check failed, 2 wrong usage, 70 our mistake
 */
export async function run(args: readonly string[], terminal: Terminal): Promise<number> {
  const json = wantsJson(args);
  let code = 0;
  const program = createProgram(terminal, async work => {
    const progress = progressLine(json ? undefined : terminal.err);
    // Work that blocks says nothing once it has begun.
    progress.show('working …');
    const outcome = await work(progress.show).finally(progress.clear);
    show(outcome, json, terminal);
    code = outcome.ok ? 0 : 1;
  });
  try {
    await program.parseAsync(args, { from: 'user' });
    return code;
  } catch (error) {
    return report(error, args, terminal);
  }
}

/** Renders what was thrown. */
export function report(error: unknown, args: readonly string[], terminal: Terminal): number {
  if (error instanceof CommanderError && error.exitCode === 0) return 0;
  const d = diagnosticOf(error);
  if (wantsJson(args)) terminal.out.write(`${JSON.stringify({ ok: false, diagnostics: [d] }, null, 2)}\n`);
  // Called without a command, commander has shown the help, which says all there is to say.
  if (!(error instanceof CommanderError && error.code === 'commander.help')) complain(d, terminal.err);
  if (terminal.debug && d.kind === 'bug') terminal.err.write(`${stackOf(error)}\n`);
  return exitCode(d);
}

function diagnosticOf(error: unknown): Diagnostic {
  if (error instanceof Refusal) return error.diagnostic;
  if (error instanceof CommanderError) {
    const text = error.code === 'commander.help' ? 'no command given' : error.message.replace(/^error: /, '');
    return diagnostic('BWC304', { text: text.trim().replaceAll(/\s*\n\s*/g, ' ') });
  }
  return diagnostic('BWC902', { reason: error instanceof Error ? error.message : String(error) });
}

function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? '' : `\ncaused by ${stackOf(error.cause)}`;
  return `${error.stack ?? error.message}${cause}`;
}

function show(outcome: Outcome, json: boolean, terminal: Terminal): void {
  const { ok, diagnostics } = outcome;
  if (json) terminal.out.write(`${JSON.stringify({ ok, ...outcome.json, diagnostics }, null, 2)}\n`);
  else {
    const { colour, width } = terminal.out;
    terminal.out.write(outcome.text({ paint: colour ? coloured : plain, width }));
  }
  for (const d of diagnostics) complain(d, terminal.err);
}

function complain(d: Diagnostic, err: Output): void {
  err.write(diagnosticText(d, err.colour ? coloured : plain));
}

/** Usage errors arise before options are known, so the arguments themselves are asked. */
function wantsJson(args: readonly string[]): boolean {
  const end = args.indexOf('--');
  return args.slice(0, end < 0 ? args.length : end).includes('--json');
}

/** A line that is written over, on a terminal; elsewhere nothing. */
function progressLine(err: Output | undefined): { show: Progress; clear: () => void } {
  const write = (text: string): void => {
    if (err !== undefined && Number.isFinite(err.width)) err.write(`\r\x1b[K${text.slice(0, err.width - 1)}`);
  };
  let shown = false;
  return {
    show: text => {
      write(text);
      shown = true;
    },
    clear: () => {
      if (shown) write('');
    },
  };
}
