// Takes away what was built, so that a package holds nothing of sources that are gone.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

rmSync(join(fileURLToPath(new URL('..', import.meta.url)), 'dist'), { recursive: true, force: true });
