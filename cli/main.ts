#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import type { WriteStream } from 'node:tty';
import { report, run } from './run.js';
import type { Output, Terminal } from './terminal.js';

function output(stream: WriteStream): Output {
  // A reader that has seen enough, such as `head`, is no error.
  stream.on('error', error => {
    if ('code' in error && error.code === 'EPIPE') process.exit();
    throw error;
  });
  return {
    write: text => void stream.write(text),
    colour: stream.isTTY && stream.hasColors(),
    width: stream.isTTY ? stream.columns : Number.POSITIVE_INFINITY,
  };
}

function version(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  const json: unknown = JSON.parse(text);
  return typeof json === 'object' && json !== null && 'version' in json ? String(json.version) : '0.0.0';
}

const terminal: Terminal = {
  out: output(process.stdout),
  err: output(process.stderr),
  version: version(),
  debug: (process.env['BWC_DEBUG'] ?? '') !== '',
};
const args = process.argv.slice(2);

for (const event of ['uncaughtException', 'unhandledRejection']) {
  process.on(event, (error: unknown) => process.exit(report(error, args, terminal)));
}

process.exitCode = await run(args, terminal);
