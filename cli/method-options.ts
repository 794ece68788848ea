import { readFileSync } from 'node:fs';
import { extname } from 'node:path';
import { refuse } from '../src/diagnostics/index.js';
import type { Calibration, Method } from '../src/methods/index.js';
import { importFile } from './import-file.js';

interface Given {
  readonly method?: string | undefined;
  readonly set: ReadonlyMap<string, string>;
  readonly calibration?: string | undefined;
}

interface MethodOptions {
  readonly method: string | Method | undefined;
  readonly set: Readonly<Record<string, string>>;
  readonly calibration: Calibration | undefined;
}

/** What `compile` is told of the method: files that the command line names are read here. */
export async function methodOptions(given: Given): Promise<MethodOptions> {
  const { readCalibration } = await import('../src/calibrate/file.js');
  return {
    method: await methodNamed(given.method),
    set: Object.fromEntries([...given.set].map(([key, value]) => [key, textOf(key, value)])),
    calibration: given.calibration === undefined ? undefined : readCalibration(given.calibration),
  };
}

/** The text of an option, or of the file behind an `@`. */
function textOf(name: string, value: string): string {
  if (!value.startsWith('@')) return value;
  const path = value.slice(1);
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (cause) {
    return refuse('BWC303', { name, value, reason: `${path} cannot be read` }, undefined, cause);
  }
}

/** A built-in method's name, or the method that a file declares: `./mine.ts`, `.js` or `.json`. */
export async function methodNamed(name: string | undefined): Promise<string | Method | undefined> {
  if (name === undefined || !/\.(json|[cm]?[jt]s)$/.test(name)) return name;
  try {
    if (extname(name) === '.json') {
      const { jsonMethod } = await import('../src/methods/json-method.js');
      return jsonMethod(JSON.parse(readFileSync(name, 'utf8')));
    }
    const loaded: unknown = await importFile(name);
    const { isMethod } = await import('../src/methods/index.js');
    const found = exported(loaded).find(isMethod);
    if (found === undefined) throw new Error('it exports nothing that defineMethod made');
    return found;
  } catch (cause) {
    return refuse('BWC309', { path: name, reason: reasonOf(cause) }, undefined, cause);
  }
}

function exported(loaded: unknown): readonly unknown[] {
  return typeof loaded === 'object' && loaded !== null ? Object.values(loaded) : [];
}

/** The first line of what went wrong; of a schema the first complaint. */
function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  if (!('issues' in cause) || !Array.isArray(cause.issues)) return cause.message.split('\n')[0] ?? '';
  const [issue] = cause.issues as readonly { path: readonly PropertyKey[]; message: string }[];
  return issue === undefined
    ? cause.message
    : `${issue.path.map(String).join('.') || 'the whole'}: ${issue.message}`;
}
