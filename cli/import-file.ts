import { randomUUID } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

/** Imports a module; one in TypeScript is translated first, into a file beside it that goes again. */
export async function importFile(file: string): Promise<unknown> {
  const path = resolve(file);
  if (!/\.[cm]?ts$/.test(path)) return import(pathToFileURL(path).href);
  const { ts } = await import('ts-morph');
  const { outputText } = ts.transpileModule(readFileSync(path, 'utf8'), {
    compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 },
  });
  const beside = join(dirname(path), `.${basename(path)}.${randomUUID()}.mjs`);
  writeFileSync(beside, outputText);
  try {
    return await import(pathToFileURL(beside).href);
  } finally {
    rmSync(beside, { force: true });
  }
}
