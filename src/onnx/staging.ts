import { randomUUID } from 'node:crypto';
import { link, mkdir, open, rename, rm, rmdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { statOf } from './files.js';

interface Staged {
  readonly target: string;
  readonly temporary: string;
  /** The folder that was made for it, outermost. */
  readonly made: string | undefined;
}

interface Placed {
  readonly target: string;
  /** What had the name before, where there was something that can be put back. */
  readonly backup: string | undefined;
  readonly replaced: boolean;
}

/** Files that are made under temporary names beside their targets, and take their names together or not at all. */
export class Staging {
  readonly #staged: Staged[] = [];

  /** Makes one file, and its folder on request. Whatever fails, `discard` takes both away. */
  async stage(target: string, make: (temporary: string) => Promise<void>, folders = false): Promise<void> {
    const made = folders ? await mkdir(dirname(target), { recursive: true }) : undefined;
    const temporary = temporaryName(target);
    this.#staged.push({ target, temporary, made });
    await make(temporary);
  }

  /** Gives the files their names, in the order in which they were made. When one fails, those before it are taken back. */
  async commit(): Promise<void> {
    const placed: Placed[] = [];
    try {
      for (const { target, temporary } of this.#staged) {
        const replaced = (await statOf(target)) !== undefined;
        placed.push({ target, replaced, backup: replaced ? await keep(target) : undefined });
        await rename(temporary, target);
      }
    } catch (error) {
      const failed = placed.pop();
      if (failed?.backup !== undefined) await rm(failed.backup, { force: true });
      for (const { target, backup, replaced } of placed.reverse()) {
        if (backup !== undefined) await rename(backup, target);
        else if (!replaced) await rm(target, { force: true });
      }
      throw error;
    }
    for (const { backup } of placed) if (backup !== undefined) await rm(backup, { force: true });
    for (const folder of new Set(this.#staged.map(({ target }) => dirname(target)))) await syncFolder(folder);
    this.#staged.length = 0;
  }

  /** Takes away what has not got its name. */
  async discard(): Promise<void> {
    for (const { target, temporary, made } of this.#staged.splice(0).reverse()) {
      await rm(temporary, { force: true });
      if (made !== undefined) await removeFolders(dirname(target), made);
    }
  }
}

function temporaryName(target: string): string {
  return join(dirname(target), `.${basename(target).slice(0, 100)}.${randomUUID()}.tmp`);
}

/** A second name for a file that is about to be replaced, where the file system has such a thing. */
async function keep(target: string): Promise<string | undefined> {
  const backup = temporaryName(target);
  try {
    await link(target, backup);
    return backup;
  } catch {
    return undefined;
  }
}

/** Removes a folder and those around it up to `outermost`, as long as nothing else is in them. */
async function removeFolders(folder: string, outermost: string): Promise<void> {
  try {
    for (let at = folder; ; at = dirname(at)) {
      await rmdir(at);
      if (at === outermost || at === dirname(at)) return;
    }
  } catch {
    // Somebody else uses it.
  }
}

/** Makes new names durable, where folders can be synced. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r').catch(() => undefined);
  await folder?.sync().catch(() => undefined);
  await folder?.close();
}
