import { defineConfig } from 'vitest/config';

/** Packs, installs and uses the package as a stranger would; needs a registry. */
export default defineConfig({
  test: {
    include: ['test/package/**/*.package.ts'],
    pool: 'forks',
    testTimeout: 300_000,
    hookTimeout: 300_000,
  },
});
