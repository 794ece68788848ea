import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';

export const ROOT: string = fileURLToPath(new URL('../..', import.meta.url));

/** The command line as it is shipped. */
export const BWC: readonly string[] = [
  process.execPath,
  fileURLToPath(new URL('../bin/bwc.js', import.meta.url)),
];

export const PYTHON: string = process.env['BWC_PYTHON'] ?? 'python3';

/** One run of a whole process. */
export interface Run {
  readonly seconds: number;
  /** Largest resident set, where it can be told; MiB. */
  readonly mib: number | undefined;
  readonly out: string;
}

const TIME = '/usr/bin/time';
const TIMED = existsSync(TIME);

/** Runs a command and waits for it. */
export function runProcess(command: readonly string[], cwd?: string): Run {
  const [file = '', ...args] = TIMED ? [TIME, '-f', 'peak %M', ...command] : command;
  const start = performance.now();
  const done = spawnSync(file, args, { encoding: 'utf8', maxBuffer: 2 ** 28, ...(cwd && { cwd }) });
  const seconds = (performance.now() - start) / 1000;
  if (done.status !== 0)
    throw new Error(`${command.join(' ')}: ${done.error?.message ?? done.stderr.trim()}`);
  const peak = /peak (\d+)\s*$/.exec(done.stderr)?.[1];
  return { seconds, mib: peak === undefined ? undefined : Number(peak) / 1024, out: done.stdout };
}

/** True when Python has the modules. */
export function pythonHas(...modules: readonly string[]): boolean {
  return spawnSync(PYTHON, ['-c', modules.map(name => `import ${name}`).join('\n')]).status === 0;
}

/**
 * Runs each task once a round, in turn, so that all meet the same disturbances; results by task. Each round begins with
 * another task: what one leaves behind, such as memory that was just freed, is not always met by the same one.
 */
export async function interleaved<T>(
  rounds: number,
  tasks: readonly (() => T | Promise<T>)[],
): Promise<T[][]> {
  const results: T[][] = tasks.map(() => []);
  for (let round = 0; round < rounds; round++) {
    for (let turn = 0; turn < tasks.length; turn++) {
      const i = (round + turn) % tasks.length;
      const task = tasks[i];
      if (task !== undefined) results[i]?.push(await task());
    }
  }
  return results;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
}

export function medianOf(runs: readonly Run[]): {
  readonly seconds: number;
  readonly mib: number | undefined;
} {
  const mib = runs.flatMap(run => (run.mib === undefined ? [] : [run.mib]));
  return {
    seconds: median(runs.map(run => run.seconds)),
    mib: mib.length === 0 ? undefined : median(mib),
  };
}
