import type { Stats } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import { refuse } from '../diagnostics/index.js';

/** What is known of a file, or undefined where there is none. */
export async function statOf(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

export function isSame(a: Stats, b: Stats): boolean {
  return a.dev === b.dev && a.ino === b.ino;
}

/** The file that an output path leads to, which must be a regular file and none of those that are read. */
export async function targetOf(path: string, read: readonly Stats[]): Promise<string> {
  const existing = await statOf(path);
  if (existing === undefined) return path;
  if (read.some(other => isSame(other, existing))) refuse('BWC107', { path });
  if (!existing.isFile()) refuse('BWC106', { path, reason: 'it exists and is not a regular file' });
  return await realpath(path);
}
