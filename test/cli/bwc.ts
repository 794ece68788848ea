import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll } from 'vitest';
import { z } from 'zod';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const MAIN = join(ROOT, 'dist/cli/main.js');

const fixture = (name: string, exporter: string) => ({
  model: join(ROOT, `fixtures/${name}/${name}.${exporter}.onnx`),
  profile: join(ROOT, `fixtures/${name}/${name}.profile.json`),
});

export const TINY = fixture('tiny-video-dit', 'torchscript');
export const TRAINED = fixture('tiny-video-dit', 'dynamo');
export const DIT = fixture('dit', 'dynamo');

export interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs the built command as a process of its own. */
export function bwc(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ran> {
  if (!existsSync(MAIN)) throw new Error('the command is not built: run `npm test` or `npm run build`');
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [MAIN, ...args], { env: { ...process.env, ...env } });
    const text = { out: '', err: '' };
    child.stdout.setEncoding('utf8').on('data', (part: string) => {
      text.out += part;
    });
    child.stderr.setEncoding('utf8').on('data', (part: string) => {
      text.err += part;
    });
    child.on('error', reject).on('close', code => resolve({ code, ...text }));
  });
}

export const diagnostics = z.array(
  z.object({
    code: z.string().regex(/^BWC\d{3}$/),
    severity: z.enum(['error', 'warning', 'note']),
    message: z.string().min(1),
    why: z.string().min(1),
    hint: z.string().min(1),
  }),
);

/** The one JSON object on stdout. */
export function json<S extends z.ZodType>(ran: Ran, schema: S): z.infer<S> {
  return schema.parse(JSON.parse(ran.out));
}

/** A folder that goes when the file's tests are done. */
export function workplace(): string {
  const folder = mkdtempSync(join(tmpdir(), 'bwc-cli-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Every file of a folder with a hash of what it holds. */
export function contents(folder: string): Record<string, string> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter(entry => entry.isFile());
  return Object.fromEntries(
    files.map(entry => {
      const path = join(entry.parentPath, entry.name);
      return [path, createHash('sha256').update(readFileSync(path)).digest('hex')] as const;
    }),
  );
}
