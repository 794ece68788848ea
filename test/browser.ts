import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Browser, chromium } from 'playwright-core';
import { z } from 'zod';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const SYSTEM = '/usr/bin/chromium';
const PACKAGE = '@sparticuz/chromium';

interface Executable {
  readonly path: string;
  /** Where it finds the libraries and fonts that a bare machine lacks. */
  readonly env: Readonly<Record<string, string>>;
}

/** Chromium: the path in BWC_CHROMIUM, the package's on Linux x64, or Debian's; the first that runs here. */
const executable: Executable | undefined = find();

/** What to put behind the title of tests that are skipped for want of a browser. */
export const NO_BROWSER: string =
  executable === undefined ? ` (no Chromium runs here: give its path in BWC_CHROMIUM)` : '';

export function launchBrowser(): Promise<Browser> {
  if (executable === undefined) throw new Error('there is no browser');
  return chromium.launch({
    executablePath: executable.path,
    args: ['--no-sandbox'],
    env: { ...process.env, ...executable.env },
  });
}

function find(): Executable | undefined {
  const given = process.env['BWC_CHROMIUM'];
  if (given !== undefined) return { path: given, env: {} };
  const packaged = process.platform === 'linux' && process.arch === 'x64' ? unpacked() : undefined;
  return [packaged, { path: SYSTEM, env: {} }].find(e => e !== undefined && runs(e));
}

function runs({ path, env }: Executable): boolean {
  return spawnSync(path, ['--version'], { env: { ...process.env, ...env } }).status === 0;
}

/** The package holds Chromium compressed: 200 MB, unpacked once into a folder of its version. */
function unpacked(): Executable | undefined {
  const manifest = join(createRequire(import.meta.url).resolve(PACKAGE), '../../../package.json');
  const { version } = z.object({ version: z.string() }).parse(JSON.parse(readFileSync(manifest, 'utf8')));
  const all = join(ROOT, 'out/chromium');
  const folder = join(all, version);
  if (!existsSync(folder)) {
    mkdirSync(all, { recursive: true });
    const fresh = mkdtempSync(join(all, 'unpacking-'));
    // The package unpacks its libraries and fonts only where it believes to be in such a runtime.
    const env = { ...process.env, TMPDIR: fresh, AWS_LAMBDA_JS_RUNTIME: 'nodejs20.x' };
    const program = `import chromium from '${PACKAGE}'; await chromium.executablePath();`;
    const ran = spawnSync(process.execPath, ['--input-type=module', '-e', program], { cwd: ROOT, env });
    if (ran.status !== 0) return undefined;
    try {
      renameSync(fresh, folder);
    } catch {
      // Another process was faster.
      rmSync(fresh, { recursive: true, force: true });
    }
  }
  const fonts = join(folder, 'fonts.conf');
  writeFileSync(
    fonts,
    `<fontconfig><include ignore_missing="yes">/etc/fonts/fonts.conf</include><dir>${folder}/fonts</dir></fontconfig>\n`,
  );
  return {
    path: join(folder, 'chromium'),
    env: { LD_LIBRARY_PATH: join(folder, 'al2023/lib'), FONTCONFIG_FILE: fonts },
  };
}
